## Where the innermost dimension is reduced (by_row), ${team} work-items compute one result; else one
## does. Each takes `turns` vectors of neighbours (elements, where the expression reads no vectors) at
## a time, which it reduces pairwise, so that loads do not wait for each other. The grid's second
## dimension splits the reduced range into parts of `part`.
<%namespace name="expression" file="expression.cl"/>
<%namespace name="kinds" file="reduce_kinds.cl"/>
<%namespace name="vectors" file="neighbours.cl"/>
<%
    index, inner, kind, reduced = code.index, code.inner, reduction.kind, code.axes(False)
    width = code.walk.width
    # What is stored on the way needs its place meanwhile.
    most = 1 if code.stores or code.is_long else 4
    step = team if by_row else 1
    results = code.results
%>
## Evaluate `turns` vectors of `width` elements from the r-th on into e<k>_0, e<k>_1, ... of result k.
<%def name="elements(width, turns)">
% for u in range(turns):
${vectors.variables(code, width, u)}
            ${'{' if turns > 1 else ''}
${expression.coordinates(code, reduced, f'(r + {u * step})', width)}
${expression.bases(code, lambda x: x.along(f'(r + {u * step}) * {width}', code.kept))}
${vectors.load(code, width, u)}
            ${'}' if turns > 1 else ''}
% endfor
% if turns == 1 and code.stores:
${expression.store_bases(code)}
            const ${index} first = c${inner};
${vectors.kept(code, width)}
% endif
% for k in range(len(results)):
            ${T} ${', '.join(f'e{k}_{j}' for j in range(turns * width))};
% endfor
% for u in range(turns):
% for l in range(width):
            {
% if turns == 1 and code.stores and inner in reduced:
                const ${index} c${inner} = first + ${l};
% endif
${vectors.evaluate(code, l, width, u)}
% for k, name in enumerate(results):
                e${k}_${u * width + l} = ${name};
% endfor
% if turns == 1:
${vectors.keep(code, l, width)}
% endif
            }
% endfor
% endfor
% if turns == 1:
${vectors.put(code, width)}
% endif
</%def>
<%def name="pairwise(name, count)">
% for into, other in merge_order(count):
            ${name}_${into} = COMBINE(${name}_${into}, ${name}_${other});
% endfor
</%def>
## Take the elements into the totals of a block (fold), or the totals (best).
<%def name="take(width, turns)">
${elements(width, turns)}
% if kind == 'fold':
% for k in range(totals):
${pairwise(f'e{k}', width * turns)}
            b${k} = COMBINE(b${k}, e${k}_0);
% endfor
% else:
% for j in range(width * turns):
<% u, l = divmod(j, width) %>\
            if (BETTER(e0_${j}, t0) || t_where < 0) {
                t0 = e0_${j};
                t_where = ${f'(r + {u * step}) * {width} + {l}' if width > 1 else f'r + {u * step}'};
            }
% endfor
% endif
</%def>
## Take the elements into the totals: their mean first, then the squares of what differs from it.
<%def name="moments(width, turns)">
<% count = width * turns %>\
${elements(width, turns)}
            {
                const ${T} mean = ${kinds.pairs([f'(e0_{j} - shift)' for j in range(count)])} / ${count};
% for j in range(count):
                const ${T} d_${j} = e0_${j} - shift - mean;
% endfor
                const ${T} squares = ${kinds.pairs([f'd_{j} * d_{j}' for j in range(count)])};
                MERGE(t_n, t0, t1, ${count}, mean, squares)
            }
</%def>
## Take blocks of up to 128 elements, relative to the mean so far, into the totals.
<%def name="blocks(width, turns)">
<% count = width * turns %>\
        while (r + ${(turns - 1) * step} < end) {
            const ${T} centre = shift + t0;
            ${T} sum = 0, squares = 0;
            int some = 0;
            for (int k = 0; k < ${128 // count} && r + ${(turns - 1) * step} < end; ++k, r += ${turns * step}) {
${elements(width, turns)}
% for j in range(count):
                const ${T} d_${j} = e0_${j} - centre;
% endfor
                sum += ${kinds.pairs([f'd_{j}' for j in range(count)])};
                squares += ${kinds.pairs([f'd_{j} * d_{j}' for j in range(count)])};
                some += ${count};
            }
            /* Of squares that are infinite nothing is taken off, nor of others more than they are. */
            const ${T} mean = sum / (${T})some;
            ${T} apart = squares < INFINITY ? squares - sum * mean : squares;
            apart = apart < 0 ? 0 : apart;
            MERGE(t_n, t0, t1, some, (centre - shift) + mean, apart)
        }
</%def>
## Every `step`-th vector from r to `end`, in short blocks for the rounding error.
<%def name="walk(width, turns)">
% if kind == 'moments':
% if turns > 1:
    if (r + ${(turns - 1) * step} < end) {
${moments(width, turns)}
        r += ${turns * step};
    }
${blocks(width, turns)}
% endif
    for (; r < end; r += ${step}) {
${moments(width, 1)}
    }
% elif kind == 'best':
    for (; r + ${(turns - 1) * step} < end; r += ${turns * step}) {
${take(width, turns)}
    }
% if turns > 1:
    for (; r < end; r += ${step}) {
${take(width, 1)}
    }
% endif
% else:
    while (r < end) {
        const ${index} stop = end - r < ${128 // width * step} ? end : r + ${128 // width * step};
        ${T} ${', '.join(f'b{k} = START' for k in range(totals))};
        for (; r + ${(turns - 1) * step} < stop; r += ${turns * step}) {
${take(width, turns)}
        }
% if turns > 1:
        for (; r < stop; r += ${step}) {
${take(width, 1)}
        }
% endif
% for k in range(totals):
        t${k} = COMBINE(t${k}, b${k});
% endfor
    }
% endif
</%def>
## Merge `count` totals, the k-th at <name>_all[from + k * apart], pairwise into t0, ...
<%def name="merged(count, start, apart)">
% if kind == 'best':
% for k in range(count):
            ${'PREFER' if k else 'SET'}(t0_all[${start} + ${k * apart}], t_where_all[${start} + ${k * apart}])
% endfor
% else:
% for ctype, name in shared:
% for k in range(count):
            ${ctype} ${name}_${k} = ${name}_all[${start} + ${k * apart}];
% endfor
% endfor
% for into, other in merge_order(count):
% if kind == 'fold':
% for _, name in shared:
            ${name}_${into} = COMBINE(${name}_${into}, ${name}_${other});
% endfor
% else:
            if (t_n_${other} > 0)
                MERGE(t_n_${into}, t0_${into}, t1_${into}, t_n_${other}, t0_${other}, t1_${other})
% endif
% endfor
% for _, name in shared:
            ${name} = ${name}_0;
% endfor
% endif
</%def>
<%
    shared = [(T, f't{k}') for k in range(totals)]
    shared += {'best': [(index, 't_where')], 'moments': [(index, 't_n')]}.get(kind, [])
    parts = max(1, team // 16)
%>
${kinds.macros(reduction, T, start)}
% if kind == 'best':
#define SET(other, place) { t0 = other; t_where = place; }
% endif
__kernel void reduce_gpu(
${kinds.signature(code, reduction, out_type, T, partial)}
) {
${kinds.part(code, reduction, planes, partial)}
% if by_row:
    const int lid = get_local_id(0), item = lid % ${team}, first_item = lid - item;
    const ${index} row = ((${index})get_group_id(0) * get_local_size(0) + lid) / ${team};
    const ${index} o = row < outer ? row : outer - 1, stop_at = row < outer ? part_end : part_begin;
${expression.coordinates(code, code.axes(True), 'o')}
% else:
    const ${index} blocks = (n${inner} + get_local_size(0) - 1) / get_local_size(0);
    const ${index} o = (${index})get_group_id(0) / blocks, stop_at = part_end;
    const ${index} c${inner} =
        ((${index})get_group_id(0) - o * blocks) * get_local_size(0) + get_local_id(0);
    if (c${inner} >= n${inner}) return;
${expression.coordinates(code, code.axes(True)[:-1], 'o')}
% endif
${kinds.totals(reduction, T, index, totals)}
% if kind == 'moments':
    ${T} shift = 0;
${kinds.first_value(code, 'shift')}
% endif
    {
        ${index} r = part_begin / ${width} + ${'item' if by_row else '0'};
        const ${index} end = stop_at / ${width};
${walk(width, most)}
    }
% if width > 1 and len(reduced) == 1:
    /* What a row has beside whole vectors. */
    {
        ${index} r = stop_at / ${width} * ${width} + item;
        const ${index} end = stop_at;
${walk(1, 1)}
    }
% endif
% if not by_row:
${kinds.give(reduction, totals, f'o * n{inner} + c{inner}', partial)}
% else:
% if team > 1:
% for ctype, name in shared:
    __local ${ctype} ${name}_all[256];
    ${name}_all[lid] = ${name};
% endfor
    barrier(CLK_LOCAL_MEM_FENCE);
    if (item < ${parts}) {
${merged(team // parts, 'lid', parts)}
    }
% if parts > 1:
    /* Nobody reads the first of all any more but who wrote it. */
    if (item < ${parts}) {
% for ctype, name in shared:
        ${name}_all[lid] = ${name};
% endfor
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (item == 0) {
${merged(parts, 'lid', 1)}
    }
% endif
% endif
    if (item == 0 && row < outer) {
${kinds.give(reduction, totals, 'o', partial)}
    }
% endif
}
