## A work-group computes one tile: of the result of attention, for ${DM * RM} queries (give: out), of the
## gradient of queries (dq), or of those of ${DM * RM} keys and values (dkv). It goes along the other side
## in tiles as large; each of its ${DN} x ${DM} work-items has ${RM} rows of its own side, and of each product
## so many columns as make up all. Operands are in local memory in slices, the next one on its way into
## registers, and so are the weights of a tile; sums are in registers. wide: rows of all operands begin at
## whole vectors; I: the type of operands in memory, where it is not T. Source: as attention_cpu.cl.
<%page args="T, DM, DN, RM, RN, E, V, give, I=None, wide=False, mask=None, by_key=False, causal=False, dropout=False"/>\
<%namespace name="panel" file="attention_panel.cl"/>\
<%namespace name="grid" file="gemm_grid.cl"/>\
<%namespace name="slices" file="attention_slices.cl"/>\
<%
    vector, lane, at = [getattr(grid.module, name) for name in ("vector", "lane", "at")]
    I = I or T
    t = slices.module.Tile(I, T, DM, DN, RM, RN, wide, 1 if device.kind == "cpu" else 16)
    S, pitch, rows = t.side, t.pitch, t.rows
    query, key = ("col", "row") if give == "dkv" else ("row", "col")
    widths = {"out": (V,), "dq": (E,), "dkv": (E, V)}[give]
    runs = [(r, r // rows) for r in range(0, RM, rows)]
    result = "{0}_g + {0}_at + outer * {0}_outer + inner * {0}_inner"
    end = f"(first + {S} < keys ? first + {S} : keys)" if causal else "keys"
%>\
% if dropout:
<%include file="philox.cl"/>
% endif

## Several numbers as a vector.
<%def name="gathered(names)" filter="trim">
${names[0] if len(names) == 1 else f"({vector(T, len(names))})({', '.join(names)})"}
</%def>

## Hides scores: of a mask, of keys beyond the last one, and of those that queries do not see.
<%def name="hide()">
% if mask:
% for r in range(RM):
    {
% for j in range(RN):
<% q, k = (f"col{j}", f"row{r}") if give == "dkv" else (f"row{r}", f"col{j}") %>\
<% m = f"mask_h[(long)({q} < queries ? {q} : queries - 1) * mask_row + (long)({k} < keys ? {k} : keys - 1) * mask_column]" %>\
        const ${'uchar' if mask == 'bool' else T} m${j} = ${m if mask == 'bool' or I == T else f'ct_wide({m})'};
% endfor
% for j in range(RN):
    % if mask == 'bool':
        s${r}${lane(j, RN)} = m${j} ? s${r}${lane(j, RN)} : -INFINITY;
    % else:
        s${r}${lane(j, RN)} += m${j};
    % endif
% endfor
    }
% endfor
% endif
    if (first_key + ${S} > keys ${f'|| first_key + {S} > first' if causal else ''}) {
% for r in range(RM):
% for j in range(RN):
<% q, k = (f"col{j}", f"row{r}") if give == "dkv" else (f"row{r}", f"col{j}") %>\
        if (${k} >= keys ${f'|| {k} > {q}' if causal else ''}) s${r}${lane(j, RN)} = -INFINITY;
% endfor
% endfor
    }
</%def>

## Bit r * RN + j of `left`: whether dropout leaves the weight of row r and column j. Four keys have the
## words of one counter; a work-item has as many side by side, or half of them. A loop, as the code is long
## and, done for several at once, takes many registers.
<%def name="chances()">
<% count = rows if give == "dkv" else RN %>\
    uint left = 0;
#pragma unroll 1
    for (int i = 0; i < ${RM * RN // count}; i++) {
    % if give == "dkv":
        const int from = i / ${RN}, query = col0 + i % ${RN}, key = row0 + from * ${DM * rows};
    % else:
        const int key = col0, query = row0 + i / ${rows} * ${DM * rows} + i % ${rows};
    % endif
        uint w[4], several = 0;
        philox((line * queries + query) * counters + key / 4, 0, random_key, w, w + 1, w + 2, w + 3);
    % for n in range(count):
<% word = f"w[{n}]" if count == 4 else f"(key & 2 ? w[{n + 2}] : w[{n}])" %>\
        several |= (uint)((float)(int)(${word} >> 8) * 0x1.0p-24f < kept) << ${n * RN if give == "dkv" else n};
    % endfor
        left |= several << ${f"(from * {rows * RN} + i % {RN})" if give == "dkv" else f"i * {RN}"};
    }
</%def>
<%def name="is_left(r, j)" filter="trim">left & ${f"0x{1 << (r * RN + j):x}"}u</%def>

## The weights x<r> into local memory, or from there: in the order in which `weigh` meets the columns.
<%def name="weights_to_local(x)">
% for j in range(RN):
% for r, g in runs:
    *(__local ${vector(T, rows)}*)(w_tile + (${j * DN} + x) * ${pitch} + ${t.place(g)}) =
        ${gathered([f'{x}{r + i}{lane(j, RN)}' for i in range(rows)])};
% endfor
% endfor
</%def>
<%def name="weights_from_local(x)">
% for j in range(RN):
% for r, g in runs:
    {
        const ${vector(T, rows)} w = *(__local ${vector(T, rows)}*)(w_tile + (${j * DN} + x) * ${pitch} + ${t.place(g)});
    % for i in range(rows):
        ${x}${r + i}${lane(j, RN)} = w${lane(i, rows)};
    % endfor
    }
% endfor
% endfor
</%def>

## The column that belongs to queries, of lse or delta, as a vector: of rows of run g, or of columns.
<%def name="column(x, g)" filter="trim">
% if give == 'dkv':
*(__local const ${vector(T, RN)}*)(${x}_l + x * ${RN})
% else:
*(__local const ${vector(T, rows)}*)(${x}_l + ${t.place(g)})
% endif
</%def>

## s<r>: the weights, those that dropout takes being negative; then d<r>, the gradients of scores, of
## those of the weights, s<r> becoming the weights after dropout.
<%def name="weights_again()">
% for r in range(RM):
    s${r} *= factor;
% endfor
    ${hide()}
    ${chances() if dropout else ''}
% for r, g in runs:
    {
        const ${vector(T, RN if give == 'dkv' else rows)} lse = ${column('lse', g)};
    % for i in range(rows):
    % for j in range(RN):
<% s = f"s{r + i}{lane(j, RN)}" %>\
        ${s} = exp(${s} - lse${lane(j, RN) if give == 'dkv' else lane(i, rows)});
    % if dropout:
        ${s} = ${is_left(r + i, j)} ? ${s} : -${s};
    % endif
    % endfor
    % endfor
    }
% endfor
</%def>
<%def name="slopes()">
% for r, g in runs:
    {
        const ${vector(T, RN if give == 'dkv' else rows)} down = ${column('delta', g)};
    % for i in range(rows):
    % for j in range(RN):
<% s, d = f"s{r + i}{lane(j, RN)}", f"d{r + i}{lane(j, RN)}" %>\
        {
            const ${T} w = ${s}, of_query = down${lane(j, RN) if give == 'dkv' else lane(i, rows)};
        % if dropout:
            const ${T} keep = w < 0 ? 0 : scale;
            ${d} = (w < 0 ? -w : w) * (${d} * keep - of_query) * factor;
            ${s} = w * keep;
        % else:
            ${d} = w * (${d} - of_query) * factor;
        % endif
        }
    % endfor
    % endfor
    }
% endfor
</%def>

## s<r>: from scores to weights, as far as the largest score of a query is known; o<r>_<run> go along.
<%def name="exponentials()">
    ${chances() if dropout else ''}
% for r in range(RM):
    s${r} *= factor;
% endfor
    ${hide()}
    barrier(CLK_LOCAL_MEM_FENCE);
% for r, g in runs:
    {
    % for i in range(rows):
        ${T} m${i} = s${r + i}${lane(0, RN)};
        % for j in range(1, RN):
        m${i} = s${r + i}${lane(j, RN)} > m${i} ? s${r + i}${lane(j, RN)} : m${i};
        % endfor
    % endfor
        *(__local ${vector(T, rows)}*)(slice + x * ${pitch} + ${t.place(g)}) = ${gathered([f'm{i}' for i in range(rows)])};
    }
% endfor
    barrier(CLK_LOCAL_MEM_FENCE);
% for r, g in runs:
    {
        ${vector(T, rows)} best = most${g};
#pragma unroll ${min(4, t.unroll)}
        for (int i = 0; i < ${DN}; i++) {
            const ${vector(T, rows)} m = *(__local const ${vector(T, rows)}*)(slice + i * ${pitch} + ${t.place(g)});
            best = m > best ? m : best;
        }
    % for i in range(rows):
        {
            const ${T} b = best${lane(i, rows)};
            const ${T} from = b == -INFINITY ? 0 : b, down = exp(most${g}${lane(i, rows)} - from);
            ${T} all = 0;
        % for j in range(RN):
<% s = f"s{r + i}{lane(j, RN)}" %>\
            {
                const ${T} e = exp(${s} - from);
                all += e;
            % if dropout:
                ${s} = ${is_left(r + i, j)} ? e * scale : 0;
            % else:
                ${s} = e;
            % endif
            }
        % endfor
            total${g}${lane(i, rows)} = total${g}${lane(i, rows)} * down + all;
        % for c in range(len(t.columns(V))):
            o${r + i}_${c} *= down;
        % endfor
        }
    % endfor
        most${g} = best;
    }
% endfor
</%def>

## Where operand x begins: its heads count `inner`, its rows from `first` on.
<%def name="begin(x, inner, first=None)">
    __global const ${I}* ${x} = ${x}_g + ${x}_at + outer * ${x}_outer + ${inner} * ${x}_inner ${f'+ (long){first} * {x}_row' if first else ''};
</%def>
<%def name="mask_of(inner)">
% if mask:
    __global const ${'uchar' if mask == 'bool' else I}* mask_h =
        mask_g + mask_at + outer * mask_outer + ${inner} * mask_inner;
% endif
</%def>
<%def name="columns(first)">
% for j in range(RN):
    const int col${j} = ${first} + x * ${RN} + ${j};
% endfor
</%def>

## What backward knows of queries, into local memory.
<%def name="of_queries()">
    if (lid < ${S}) {
        lse_l[lid] = lid < q_count ? lse_g[line * queries + first + lid] : INFINITY;
        delta_l[lid] = lid < q_count ? delta_g[line * queries + first + lid] : 0;
    }
</%def>

__kernel __attribute__((reqd_work_group_size(${DN}, ${DM}, 1)))
void attention_gpu(
% if give == 'out':
    __global ${I}* restrict o_g, __global ${T}* restrict lse_g, ${panel.place('o')}
% elif give == 'dq':
    __global ${I}* restrict dq_g, ${panel.place('dq')}
% else:
    __global ${I}* restrict dk_g, __global ${I}* restrict dv_g, ${panel.place('dk', 'dv')}
% endif
% if give != 'out':
    __global const ${I}* restrict g_g, ${panel.place('g')}
    __global const ${T}* restrict lse_g, __global const ${T}* restrict delta_g,
% endif
    __global const ${I}* restrict q_g, __global const ${I}* restrict k_g,
    __global const ${I}* restrict v_g, ${panel.place('q', 'k', 'v')}
    ${panel.hidden(T, mask, dropout, I)}
    const int heads, const int group, const int queries, const int keys,
    const int tiles, const ${T} factor
) {
    __local ${T} slice[${t.room((E, V), widths, DN * pitch)}] __attribute__((aligned(32)));
    __local ${T} w_tile[${S * pitch}] __attribute__((aligned(32)));
% if give != 'out':
    __local ${T} lse_l[${S}] __attribute__((aligned(32))), delta_l[${S}] __attribute__((aligned(32)));
% endif
    const int x = get_local_id(0), y = get_local_id(1), lid = y * ${DN} + x;
    const long place = get_group_id(0) / tiles, outer = place / heads, inner = place % heads;
    const int tile = get_group_id(0) % tiles;
% if dropout:
    const ulong counters = (keys + 3) / 4, random_key = key_g[key_at];
% endif
% for r in range(RM):
    const int row${r} = tile * ${S} + y * ${rows} + ${at(r, DM, RM)};
% endfor
% if give == 'out':
    const ulong line = place;
    const int first = tile * ${S}, q_count = queries - first;
    ${begin('q', 'inner', 'first')}
    ${begin('k', 'inner / group')}
    ${begin('v', 'inner / group')}
    ${mask_of('inner')}
    ${slices.clear(t, 'o', V)}
% for _, g in runs:
    ${vector(T, rows)} most${g} = -INFINITY, total${g} = 0;
% endfor
    ${slices.lines(t, 'q', E)}
    ${slices.lines(t, 'k', E)}
    ${slices.rows(t, 'v', V)}
    ${slices.place_lines('q')}
    ${slices.place_lines('k')}
    ${slices.place_rows(t, 'v')}
    ${slices.fetch_lines(t, 'q', E, 'q_count', 0)}
    ${slices.fetch_lines(t, 'k', E, 'keys', 0)}
    for (int first_key = 0; first_key < ${end}; first_key += ${S}) {
        const int k_count = keys - first_key;
        ${columns('first_key')}
        ${slices.score(t, 's', 'q', 'q_count', 'k', 'k_count', E)}
        ${slices.fetch_rows(t, 'v', V, 'k_count', 0)}
        ${exponentials()}
        ${weights_to_local('s')}
        ${slices.fetch_lines(t, 'q', E, 'q_count', 0)}
        ${slices.fetch_lines(t, 'k', E, f'k_count - {S}', 0)}
        ${slices.weigh(t, 'o', 'v', 'k_count', V)}
    }
    barrier(CLK_LOCAL_MEM_FENCE);
% for r, g in runs:
    *(__local ${vector(T, rows)}*)(slice + x * ${pitch} + ${t.place(g)}) = total${g};
% endfor
    barrier(CLK_LOCAL_MEM_FENCE);
% for r, g in runs:
    {
        ${vector(T, rows)} all = 0;
        for (int i = 0; i < ${DN}; i++)
            all += *(__local const ${vector(T, rows)}*)(slice + i * ${pitch} + ${t.place(g)});
    % for i in range(rows):
        {
            const ${T} a = all${lane(i, rows)}, most = most${g}${lane(i, rows)};
        % for c in range(len(t.columns(V))):
            o${r + i}_${c} = a == 0 ? 0 : o${r + i}_${c} * (1 / a);
        % endfor
            if (x == 0 && row${r + i} < queries)
                lse_g[line * queries + row${r + i}] = a == 0 ? INFINITY : most + log(a);
        }
    % endfor
    }
% endfor
    ${slices.store(t, result.format('o'), 'o_row', 'o', 'queries', V)}
% elif give == 'dq':
    const ulong line = place;
    const int first = tile * ${S}, q_count = queries - first;
    ${begin('q', 'inner', 'first')}
    ${begin('g', 'inner', 'first')}
    ${begin('k', 'inner / group')}
    ${begin('v', 'inner / group')}
    ${mask_of('inner')}
    ${slices.clear(t, 'dq', E)}
% for x, width in (('q', E), ('k', E), ('g', V), ('v', V)):
    ${slices.lines(t, x, width)}
    ${slices.place_lines(x)}
% endfor
    ${slices.rows(t, 'k', E)}
    ${slices.place_rows(t, 'k')}
    ${of_queries()}
    ${slices.fetch_lines(t, 'q', E, 'q_count', 0)}
    ${slices.fetch_lines(t, 'k', E, 'keys', 0)}
    for (int first_key = 0; first_key < ${end}; first_key += ${S}) {
        const int k_count = keys - first_key;
        ${columns('first_key')}
        ${slices.score(t, 's', 'q', 'q_count', 'k', 'k_count', E)}
        ${slices.fetch_lines(t, 'g', V, 'q_count', 0)}
        ${slices.fetch_lines(t, 'v', V, 'k_count', 0)}
        ${weights_again()}
        ${weights_to_local('s')}
        ${slices.score(t, 'd', 'g', 'q_count', 'v', 'k_count', V)}
        ${slices.fetch_rows(t, 'k', E, 'k_count', 0)}
        ${weights_from_local('s')}
        ${slopes()}
        ${weights_to_local('d')}
        ${slices.fetch_lines(t, 'q', E, 'q_count', 0)}
        ${slices.fetch_lines(t, 'k', E, f'k_count - {S}', 0)}
        ${slices.weigh(t, 'dq', 'k', 'k_count', E)}
    }
    ${slices.store(t, result.format('dq'), 'dq_row', 'dq', 'queries', E)}
% else:
    const int first_key = tile * ${S}, k_count = keys - first_key;
    ${begin('k', 'inner', 'first_key')}
    ${begin('v', 'inner', 'first_key')}
    ${slices.clear(t, 'dk', E)}
    ${slices.clear(t, 'dv', V)}
% for x, width in (('q', E), ('k', E), ('g', V), ('v', V)):
    ${slices.lines(t, x, width)}
% endfor
    ${slices.rows(t, 'g', V)}
    ${slices.rows(t, 'q', E)}
    ${slices.place_lines('v')}
    const int begin = ${'first_key' if causal else '0'};
    for (int head = inner * group; head < (inner + 1) * group; head++) {
        const ulong line = outer * heads * group + head;
        ${begin('q', 'head', 'begin')}
        ${begin('g', 'head', 'begin')}
        ${mask_of('head')}
    % for x in ("q", "g"):
        ${slices.place_lines(x)}
        ${slices.place_rows(t, x)}
    % endfor
        ${slices.place_lines('k')}
        ${slices.fetch_lines(t, 'k', E, 'k_count', 0)}
        ${slices.fetch_lines(t, 'q', E, 'queries - begin', 0)}
        for (int first = begin; first < queries; first += ${S}) {
            const int q_count = queries - first;
            ${columns('first')}
            ${of_queries()}
            ${slices.score(t, 's', 'k', 'k_count', 'q', 'q_count', E)}
            ${slices.fetch_lines(t, 'v', V, 'k_count', 0)}
            ${slices.fetch_lines(t, 'g', V, 'q_count', 0)}
            ${weights_again()}
            ${weights_to_local('s')}
            ${slices.score(t, 'd', 'v', 'k_count', 'g', 'q_count', V)}
            ${slices.fetch_rows(t, 'g', V, 'q_count', 0)}
            ${weights_from_local('s')}
            ${slopes()}
            ${weights_to_local('s') if dropout else ''}
            ${slices.weigh(t, 'dv', 'g', 'q_count', V)}
            ${slices.fetch_rows(t, 'q', E, 'q_count', 0)}
            barrier(CLK_LOCAL_MEM_FENCE);
            ${weights_to_local('d')}
            ${slices.fetch_lines(t, 'k', E, 'k_count', 0)}
            ${slices.fetch_lines(t, 'q', E, f'q_count - {S}', 0)}
            ${slices.weigh(t, 'dk', 'q', 'q_count', E)}
        }
    }
    ${slices.store(t, result.format('dk'), 'dk_row', 'dk', 'keys', E)}
    ${slices.store(t, result.format('dv'), 'dv_row', 'dv', 'keys', V)}
% endif
}
