## A work-group computes one tile: of the result of attention, for ${D * R} queries (give: out), of the
## gradient of queries (dq), or of those of ${D * R} keys and values (dkv). It goes along the other side in
## tiles as large; ${D}x${D} work-items have ${R}x${R} elements of a product each. Weights of a tile are in local
## memory, operands in slices ${D} elements deep, sums in registers. Source: as attention_cpu.cl.
<%page args="T, D, R, E, V, give, mask=None, by_key=False, causal=False, dropout=False"/>\
<%namespace name="panel" file="attention_panel.cl"/>\
<%
    S = D * R
    items = D * D
    pitch, wide = S + 1, D + 1
    e_parts, v_parts = -(-E // S), -(-V // S)
%>\
% if dropout:
<%include file="philox.cl"/>
% endif

## Both of a slice's operands into local memory: rows [0, S) and elements from `at` on, 0 outside.
<%def name="stage(to, from_, step, count, width)">
        for (int i = id; i < ${S * D}; i += ${items}) {
            const int r = i / ${D}, e = at + i % ${D};
            ${to}[r * ${wide} + i % ${D}] = r < ${count} && e < ${width} ? ${from_}[r * ${step} + e] : 0;
        }
</%def>

## s = rows of a times rows of b, of `width` elements, for this work-item's places.
<%def name="score(s, a, a_step, a_count, b, b_step, b_count, width)">
    ${T} ${s}[${R}][${R}];
    for (int i = 0; i < ${R}; i++) for (int j = 0; j < ${R}; j++) ${s}[i][j] = 0;
    for (int at = 0; at < ${width}; at += ${D}) {
        barrier(CLK_LOCAL_MEM_FENCE);
        ${stage('a_slice', a, a_step, a_count, width)}
        ${stage('b_slice', b, b_step, b_count, width)}
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int k = 0; k < ${D}; k++)
            for (int i = 0; i < ${R}; i++)
                for (int j = 0; j < ${R}; j++)
                    ${s}[i][j] += a_slice[(y + i * ${D}) * ${wide} + k] * b_slice[(x + j * ${D}) * ${wide} + k];
    }
</%def>

## sum[part] += w (or its transpose) times rows of b, of `width` elements.
<%def name="weigh(sum, w, turned, b, b_step, b_count, width)">
    for (int part = 0; part < ${-(-width // S)}; part++)
        for (int first_row = 0; first_row < ${S}; first_row += ${D}) {
            barrier(CLK_LOCAL_MEM_FENCE);
            for (int i = id; i < ${S * D}; i += ${items}) {
                const int r = first_row + i / ${S}, e = part * ${S} + i % ${S};
                a_slice[i] = r < ${b_count} && e < ${width} ? ${b}[r * ${b_step} + e] : 0;
            }
            barrier(CLK_LOCAL_MEM_FENCE);
            for (int k = 0; k < ${D}; k++)
                for (int i = 0; i < ${R}; i++)
                    for (int j = 0; j < ${R}; j++)
                        ${sum}[part][i][j] += ${w}[
                        % if turned:
                            (first_row + k) * ${pitch} + y + i * ${D}
                        % else:
                            (y + i * ${D}) * ${pitch} + first_row + k
                        % endif
                        ] * a_slice[k * ${S} + x + j * ${D}];
        }
</%def>

## What hides score `value` of a query and a key, both counted in the whole.
<%def name="hide(value)">
% if mask:
    {
        __global const ${'uchar' if mask == 'bool' else T}* m =
            mask_h + (long)query * mask_row + (long)key * mask_column;
        if (query < queries && key < keys)
        % if mask == 'bool':
            ${value} = *m ? ${value} : -INFINITY;
        % else:
            ${value} += *m;
        % endif
    }
% endif
    if (key >= keys ${'|| key > query' if causal else ''}) ${value} = -INFINITY;
</%def>

## What dropout multiplies that weight with.
<%def name="chance()">
    ${T} keep = 1;
% if dropout:
    {
        uint w0, w1, w2, w3;
        philox((line * queries + query) * counters + key / 4, 0, random_key, &w0, &w1, &w2, &w3);
        const uint w = key % 4 == 0 ? w0 : key % 4 == 1 ? w1 : key % 4 == 2 ? w2 : w3;
        keep = (float)(int)(w >> 8) * 0x1.0p-24f < kept ? scale : 0;
    }
% endif
</%def>

## Writes sums as rows of a result.
<%def name="store(to, step, sum, count, width)">
    for (int part = 0; part < ${-(-width // S)}; part++)
        for (int i = 0; i < ${R}; i++)
            for (int j = 0; j < ${R}; j++) {
                const int r = y + i * ${D}, e = part * ${S} + x + j * ${D};
                if (r < ${count} && e < ${width}) ${to}[r * ${step} + e] = ${sum}[part][i][j];
            }
</%def>

<%def name="clear(sum, parts)">
    ${T} ${sum}[${parts}][${R}][${R}];
    for (int part = 0; part < ${parts}; part++)
        for (int i = 0; i < ${R}; i++) for (int j = 0; j < ${R}; j++) ${sum}[part][i][j] = 0;
</%def>

__kernel __attribute__((reqd_work_group_size(${D}, ${D}, 1)))
void attention_gpu(
% if give == 'out':
    __global ${T}* restrict o_g, __global ${T}* restrict lse_g, ${panel.place('o')}
% elif give == 'dq':
    __global ${T}* restrict dq_g, ${panel.place('dq')}
% else:
    __global ${T}* restrict dk_g, __global ${T}* restrict dv_g, ${panel.place('dk', 'dv')}
% endif
% if give != 'out':
    __global const ${T}* restrict g_g, ${panel.place('g')}
    __global const ${T}* restrict lse_g, __global const ${T}* restrict delta_g,
% endif
    __global const ${T}* restrict q_g, __global const ${T}* restrict k_g,
    __global const ${T}* restrict v_g, ${panel.place('q', 'k', 'v')}
    ${panel.hidden(T, mask, dropout)}
    const int heads, const int group, const int queries, const int keys,
    const int tiles, const ${T} factor
) {
    __local ${T} a_slice[${S * wide}], b_slice[${S * wide}], w_tile[${S * pitch}];
    __local ${T} some[${items}], most[${S}], sum[${S}], down[${S}];
    const int x = get_local_id(0), y = get_local_id(1), id = y * ${D} + x;
    const long place = get_group_id(0) / tiles, outer = place / heads, inner = place % heads;
    const int tile = get_group_id(0) % tiles;
% if dropout:
    const ulong counters = (keys + 3) / 4, random_key = key_g[key_at];
% endif
% if give == 'dkv':
    const int first_key = tile * ${S};
    const int key_count = keys - first_key;
    __global const ${T}* k = k_g + k_at + outer * k_outer + inner * k_inner + (long)first_key * k_row;
    __global const ${T}* v = v_g + v_at + outer * v_outer + inner * v_inner + (long)first_key * v_row;
    ${clear('dk', e_parts)}
    ${clear('dv', v_parts)}
    for (int head = inner * group; head < (inner + 1) * group; head++) {
        const ulong line = outer * heads * group + head;
    % if mask:
        __global const ${'uchar' if mask == 'bool' else T}* mask_h =
            mask_g + mask_at + outer * mask_outer + head * mask_inner;
    % endif
    for (int first = ${'first_key' if causal else '0'}; first < queries; first += ${S}) {
        const int count = queries - first;
        __global const ${T}* q = q_g + q_at + outer * q_outer + head * q_inner + (long)first * q_row;
        __global const ${T}* g = g_g + g_at + outer * g_outer + head * g_inner + (long)first * g_row;
% else:
    const ulong line = place;
    const int first = tile * ${S}, count = queries - first;
    __global const ${T}* q = q_g + q_at + outer * q_outer + inner * q_inner + (long)first * q_row;
    % if mask:
    __global const ${'uchar' if mask == 'bool' else T}* mask_h =
        mask_g + mask_at + outer * mask_outer + inner * mask_inner;
    % endif
    % if give == 'dq':
    __global const ${T}* g = g_g + g_at + outer * g_outer + inner * g_inner + (long)first * g_row;
    ${clear('dq', e_parts)}
    % else:
    ${clear('o', v_parts)}
    if (id < ${S}) {
        most[id] = -INFINITY;
        sum[id] = 0;
    }
    % endif
    const int end = ${f'first + {S} < keys ? first + {S} : keys' if causal else 'keys'};
    for (int first_key = 0; first_key < end; first_key += ${S}) {
        const int key_count = keys - first_key;
        __global const ${T}* k = k_g + k_at + outer * k_outer + inner / group * k_inner + (long)first_key * k_row;
        __global const ${T}* v = v_g + v_at + outer * v_outer + inner / group * v_inner + (long)first_key * v_row;
% endif
        ${score('s', 'q', 'q_row', 'count', 'k', 'k_row', 'key_count', E)}
% if give != 'out':
        ${score('d', 'g', 'g_row', 'count', 'v', 'v_row', 'key_count', V)}
% endif
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int i = 0; i < ${R}; i++)
            for (int j = 0; j < ${R}; j++) {
                const int query = first + y + i * ${D}, key = first_key + x + j * ${D};
                ${T} value = s[i][j] * factor;
                ${hide('value')}
            % if give != 'out':
                const int inside = query < queries && key < keys;
                const ${T} w = inside ? exp(value - lse_g[line * queries + query]) : 0;
                ${chance()}
                s[i][j] = w * keep;
                d[i][j] = inside
                    ? w * (d[i][j] * keep - delta_g[line * queries + query]) * factor : 0;
                value = ${'d' if give == 'dq' else 's'}[i][j];
            % endif
                w_tile[(y + i * ${D}) * ${pitch} + x + j * ${D}] = value;
            }
        barrier(CLK_LOCAL_MEM_FENCE);
% if give == 'out':
        /* ${items // S} work-items look at a query's scores. */
        {
            const int row = id / ${items // S}, from = id % ${items // S};
            __local ${T}* w = w_tile + row * ${pitch};
            ${T} best = most[row];
            for (int j = from; j < ${S}; j += ${items // S}) best = w[j] > best ? w[j] : best;
            some[id] = best;
            barrier(CLK_LOCAL_MEM_FENCE);
            for (int j = 0; j < ${items // S}; j++) {
                const ${T} other = some[row * ${items // S} + j];
                best = other > best ? other : best;
            }
            barrier(CLK_LOCAL_MEM_FENCE);
            const ${T} from_ = best == -INFINITY ? 0 : best;
            ${T} total = 0;
            for (int j = from; j < ${S}; j += ${items // S}) {
                const ${T} e = exp(w[j] - from_);
                total += e;
            % if dropout:
                const int query = first + row, key = first_key + j;
                ${chance()}
                w[j] = e * keep;
            % else:
                w[j] = e;
            % endif
            }
            some[id] = total;
            barrier(CLK_LOCAL_MEM_FENCE);
            if (from == 0) {
                const ${T} scaled = exp(most[row] - from_);
                total = sum[row] * scaled;
                for (int j = 0; j < ${items // S}; j++) total += some[row * ${items // S} + j];
                down[row] = scaled;
                most[row] = best;
                sum[row] = total;
            }
            barrier(CLK_LOCAL_MEM_FENCE);
        }
        for (int part = 0; part < ${v_parts}; part++)
            for (int i = 0; i < ${R}; i++)
                for (int j = 0; j < ${R}; j++) o[part][i][j] *= down[y + i * ${D}];
        ${weigh('o', 'w_tile', False, 'v', 'v_row', 'key_count', V)}
    }
    for (int i = 0; i < ${R}; i++) {
        const ${T} total = sum[y + i * ${D}];
        for (int part = 0; part < ${v_parts}; part++)
            for (int j = 0; j < ${R}; j++) o[part][i][j] = total == 0 ? 0 : o[part][i][j] / total;
    }
    __global ${T}* to = o_g + o_at + outer * o_outer + inner * o_inner + (long)first * o_row;
    ${store('to', 'o_row', 'o', 'count', V)}
    if (id < ${S} && id < count)
        lse_g[line * queries + first + id] = sum[id] == 0 ? INFINITY : most[id] + log(sum[id]);
% elif give == 'dq':
        ${weigh('dq', 'w_tile', False, 'k', 'k_row', 'key_count', E)}
    }
    __global ${T}* to = dq_g + dq_at + outer * dq_outer + inner * dq_inner + (long)first * dq_row;
    ${store('to', 'dq_row', 'dq', 'count', E)}
% else:
        ${weigh('dv', 'w_tile', True, 'g', 'g_row', 'count', V)}
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int i = 0; i < ${R}; i++)
            for (int j = 0; j < ${R}; j++)
                w_tile[(y + i * ${D}) * ${pitch} + x + j * ${D}] = d[i][j];
        ${weigh('dk', 'w_tile', True, 'q', 'q_row', 'count', E)}
    }
    }
    __global ${T}* to = dk_g + dk_at + outer * dk_outer + inner * dk_inner + (long)first_key * dk_row;
    ${store('to', 'dk_row', 'dk', 'key_count', E)}
    to = dv_g + dv_at + outer * dv_outer + inner * dv_inner + (long)first_key * dv_row;
    ${store('to', 'dv_row', 'dv', 'key_count', V)}
% endif
}
