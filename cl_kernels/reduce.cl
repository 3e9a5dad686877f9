## Reduce an expression over some dimensions. By row (the innermost dimension is reduced): a CPU
## work-item takes `per_item` results, elsewhere a work-group takes one. By column (the innermost
## dimension stays): a CPU work-item takes `columns` neighbours, elsewhere a work-item takes one.
## The grid's second dimension splits the reduced range into parts of `part`.
<%namespace name="expression" file="expression.cl"/>
<%
    index, inner, indexed = code.index, code.inner, bool(reduction.better)
    kept, reduced = code.axes(True), code.axes(False)
    outer_kept = kept if by_row else kept[:-1]
    out_type = 'long' if indexed else acc_type
    block = 4096
%>
#define COMBINE(acc, x) (${reduction.combine})
#define BETTER(x, acc) (${reduction.better})
<%def name="store_nodes()">
% for s in code.stores:
            ${s.name}_g[${code.flat}] = ${s.name};
% endfor
</%def>
<%def name="take(acc, where, position)">
% if indexed:
            if (BETTER(${code.result}, ${acc}) || ${where} < 0) { ${acc} = ${code.result}; ${where} = ${position}; }
% else:
            ${acc} = COMBINE(${acc}, ${code.result});
% endif
</%def>
__kernel void reduce(
    __global ${out_type}* restrict out_g
${expression.parameters(code)}
    , const ${index} outer, const ${index} length, const ${index} per_item, const ${index} part
${expression.arguments(code)}
) {
    const ${index} begin = (${index})get_group_id(1) * part;
    const ${index} end = begin + part < length ? begin + part : length;
    out_g += (size_t)get_group_id(1) * outer;
% if by_row and device.is_cpu:
    const ${index} o_begin = (${index})get_group_id(0) * per_item;
    const ${index} o_end = o_begin + per_item < outer ? o_begin + per_item : outer;
    for (${index} o = o_begin; o < o_end; ++o) {
${expression.coordinates(code, kept, 'o')}
        ${acc_type} acc = ${start};
        long where = -1;
        ${index} row = begin / n${inner}, first = begin - row * n${inner};
        for (${index} i = begin; i < end;) {
${expression.coordinates(code, reduced[:-1], 'row')}
${expression.bases(code)}
        ## Short blocks keep the rounding error near that of pairwise summation.
        ${index} stop = n${inner} - first < end - i ? n${inner} : first + (end - i);
        stop = stop - first < ${block} ? stop : first + ${block};
        ${index} c${inner} = first;
% if indexed:
        for (; c${inner} < stop; ++c${inner}) {
${expression.evaluate(code)}
${store_nodes()}
${take('acc', 'where', f'i + (c{inner} - first)')}
        }
% else:
        ${acc_type} sum = ${start};
        if (stop - first >= ${lanes}) {
            ${acc_type} lane[${lanes}];
            for (int l = 0; l < ${lanes}; ++l) lane[l] = ${start};
            for (; first + ${lanes} <= stop; first += ${lanes})
                for (int l = 0; l < ${lanes}; ++l) {
                    const ${index} c${inner} = first + l;
${expression.evaluate(code)}
${store_nodes()}
${take('lane[l]', '', '')}
                }
            for (int l = 0; l < ${lanes}; ++l) sum = COMBINE(sum, lane[l]);
            i += first - c${inner};
            c${inner} = first;
        }
        for (; c${inner} < stop; ++c${inner}) {
${expression.evaluate(code)}
${store_nodes()}
${take('sum', '', '')}
        }
        acc = COMBINE(acc, sum);
% endif
        i += stop - first;
        first = stop;
        if (first == n${inner}) { first = 0; ++row; }
        }
        out_g[o] = ${'where' if indexed else 'acc'};
    }
% elif device.is_cpu:
    const ${index} blocks = (n${inner} + ${columns - 1}) / ${columns};
    const ${index} o = (${index})get_group_id(0) / blocks;
    const ${index} column = ((${index})get_group_id(0) - o * blocks) * ${columns};
    const int width = n${inner} - column < ${columns} ? n${inner} - column : ${columns};
${expression.coordinates(code, outer_kept, 'o')}
    ${acc_type} total[${columns}], acc[${columns}];
    long where[${columns}];
    for (int l = 0; l < ${columns}; ++l) { total[l] = ${start}; where[l] = -1; }
    for (${index} b = begin; b < end; b += 256) {
        const ${index} b_end = b + 256 < end ? b + 256 : end;
        for (int l = 0; l < ${columns}; ++l) acc[l] = ${start};
        for (${index} r = b; r < b_end; ++r) {
${expression.coordinates(code, reduced, 'r')}
${expression.bases(code)}
            for (int l = 0; l < width; ++l) {
                const ${index} c${inner} = column + l;
${expression.evaluate(code)}
${store_nodes()}
${take('total[l]' if indexed else 'acc[l]', 'where[l]', 'r')}
            }
        }
% if not indexed:
        for (int l = 0; l < ${columns}; ++l) total[l] = COMBINE(total[l], acc[l]);
% endif
    }
    for (int l = 0; l < width; ++l)
        out_g[o * n${inner} + column + l] = ${'where[l]' if indexed else 'total[l]'};
% elif by_row:
    const ${index} o = get_group_id(0);
    const int lid = get_local_id(0), group = get_local_size(0);
    __local ${acc_type} values[256];
    __local long places[256];
${expression.coordinates(code, kept, 'o')}
    ${acc_type} acc = ${start};
    long where = -1;
    for (${index} r = begin + lid; r < end; r += group) {
${expression.coordinates(code, reduced, 'r')}
${expression.bases(code)}
${expression.evaluate(code)}
${store_nodes()}
${take('acc', 'where', 'r')}
    }
    values[lid] = acc;
    places[lid] = where;
    for (int half_group = group / 2; half_group > 0; half_group /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (lid < half_group) {
            const ${acc_type} other = values[lid + half_group];
% if indexed:
            const long place = places[lid + half_group];
            const int better = BETTER(other, acc), worse = BETTER(acc, other);
            if (place >= 0 && (where < 0 || better || (!worse && place < where))) {
                acc = other;
                where = place;
            }
            places[lid] = where;
% else:
            acc = COMBINE(acc, other);
% endif
            values[lid] = acc;
        }
    }
    if (lid == 0) out_g[o] = ${'where' if indexed else 'acc'};
% else:
    const ${index} blocks = (n${inner} + get_local_size(0) - 1) / get_local_size(0);
    const ${index} o = (${index})get_group_id(0) / blocks;
    const ${index} c${inner} =
        ((${index})get_group_id(0) - o * blocks) * get_local_size(0) + get_local_id(0);
    if (c${inner} >= n${inner}) return;
${expression.coordinates(code, outer_kept, 'o')}
    ${acc_type} acc = ${start};
    long where = -1;
    for (${index} r = begin; r < end; ++r) {
${expression.coordinates(code, reduced, 'r')}
${expression.bases(code)}
${expression.evaluate(code)}
${store_nodes()}
${take('acc', 'where', 'r')}
    }
    out_g[o * n${inner} + c${inner}] = ${'where' if indexed else 'acc'};
% endif
}
