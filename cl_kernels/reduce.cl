## Reduce expressions over some dimensions. By row (the innermost dimension is reduced): a CPU
## work-item takes `per_item` results, elsewhere a work-group takes one. By column (the innermost
## dimension stays): a CPU work-item takes `columns` neighbours, elsewhere a work-item takes one.
## The grid's second dimension splits the reduced range into parts of `part`.
<%namespace name="expression" file="expression.cl"/>
<%namespace name="kinds" file="reduce_kinds.cl"/>
<%
    index, inner, kind = code.index, code.inner, reduction.kind
    kept, reduced = code.axes(True), code.axes(False)
    outer_kept = kept if by_row else kept[:-1]
    block, results = 4096, len(code.results)
    passes = (1, 2) if kind == 'moments' else (1,)
    shift, centre = ('shift', 'centre') if by_row else ('shift_l[l]', 'a0_l[l]')
    if not device.is_cpu:
        passes, shift = (0 if kind == 'moments' else 1,), 'shift'
    planes = results if kind != 'moments' else 3 if partial else 2
%>
<%def name="take(turn, at, position)">
% if turn != 2:
% for s in code.stores:
                ${s.name}_g[${code.flat}] = ${s.name};
% endfor
% endif
                ${kinds.take(kind, code.results, acc_type, turn, at, position, shift, centre)}
</%def>
## What moments are taken relative to: the first value of the reduced range.
<%def name="first_value(name)">
    if (length > 0) {
${expression.coordinates(code, reduced, '0')}
${expression.bases(code)}
${expression.evaluate(code)}
        ${name} = ${code.results[0]};
    }
</%def>
## A work-item of a GPU takes every `step`-th element, in short blocks for the rounding error.
<%def name="walk(first, step)">
% if kind == 'best':
    for (${index} r = begin + ${first}; r < end; r += ${step}) {
% else:
    for (${index} b = begin + ${first}; b < end; b += ${step} * 128) {
        ${kinds.declare(kind, results, acc_type, index, start, '_b')}
        const ${index} b_end = end - b < ${step} * 128 ? end : b + ${step} * 128;
    for (${index} r = b; r < b_end; r += ${step}) {
% endif
${expression.coordinates(code, reduced, 'r')}
${expression.bases(code)}
${expression.evaluate(code)}
${take(passes[0], '' if kind == 'best' else '_b', 'r')}
    }
% if kind != 'best':
        ${kinds.merge_block(kind, results, acc_type)}
    }
% endif
</%def>
${kinds.macros(reduction)}
__kernel void reduce(
    __global ${out_type}* restrict out_g
% if partial and kind == 'best':
    , __global ${acc_type}* restrict value_g
% endif
${expression.parameters(code)}
    , const ${index} outer, const ${index} length, const ${index} per_item, const ${index} part
${expression.arguments(code)}
) {
    const ${index} begin = (${index})get_group_id(1) * part;
    const ${index} end = begin + part < length ? begin + part : length;
    out_g += (size_t)get_group_id(1) * outer * ${planes};
% if partial and kind == 'best':
    value_g += (size_t)get_group_id(1) * outer;
% endif
% if by_row and device.is_cpu:
    const ${index} o_begin = (${index})get_group_id(0) * per_item;
    const ${index} o_end = o_begin + per_item < outer ? o_begin + per_item : outer;
    for (${index} o = o_begin; o < o_end; ++o) {
${expression.coordinates(code, kept, 'o')}
        ${kinds.declare(kind, results, acc_type, index, start, '')}
% if kind == 'moments':
        ${acc_type} shift = 0;
        ${first_value('shift')}
% endif
        ## Short blocks keep the rounding error near that of pairwise summation, and in cache.
        for (${index} b = begin; b < end; b += ${block}) {
            const ${index} b_end = b + ${block} < end ? b + ${block} : end;
            ${kinds.declare(kind, results, acc_type, index, start, '_l', lanes)}
% for turn in passes:
% if turn == 2:
            ${kinds.centre(acc_type, lanes, '(b_end - b)')}
% endif
            ${index} row_${turn} = b / n${inner}, first_${turn} = b - row_${turn} * n${inner};
            for (${index} i = b; i < b_end; ++row_${turn}) {
${expression.coordinates(code, reduced[:-1], f'row_{turn}')}
${expression.bases(code)}
                const ${index} first = first_${turn};
                const ${index} stop = n${inner} - first < b_end - i ? n${inner} : first + (b_end - i);
                ${index} c = first;
                if (c + ${lanes} <= stop) {
                    ${kinds.copy(kind, results, acc_type, index, '_r', '_l', lanes, True)}
                    for (; c + ${lanes} <= stop; c += ${lanes})
                        for (int l = 0; l < ${lanes}; ++l) {
                            const ${index} c${inner} = c + l;
${expression.evaluate(code)}
${take(turn, '_r[l]', f'i + (c{inner} - first)')}
                        }
                    ${kinds.copy(kind, results, acc_type, index, '_l', '_r', lanes, False)}
                }
                const int rest = stop - c;
                for (int l = 0; l < rest; ++l) {
                    const ${index} c${inner} = c + l;
${expression.evaluate(code)}
${take(turn, '_l[l]', f'i + (c{inner} - first)')}
                }
                i += stop - first;
                first_${turn} = 0;
            }
% endfor
            ${kinds.merge_lanes(kind, results, acc_type, lanes, '(b_end - b)')}
        }
        ${kinds.give(kind, results, '', 'o', partial)}
    }
% elif device.is_cpu:
    const ${index} blocks = (n${inner} + ${columns - 1}) / ${columns};
    const ${index} o = (${index})get_group_id(0) / blocks;
    const ${index} column = ((${index})get_group_id(0) - o * blocks) * ${columns};
    const int width = n${inner} - column < ${columns} ? n${inner} - column : ${columns};
${expression.coordinates(code, outer_kept, 'o')}
    ${kinds.declare(kind, results, acc_type, index, start, '_t', columns, 'width')}
    ${kinds.declare(kind, results, acc_type, index, start, '_l', columns, 'width')}
% if kind == 'moments':
    ${acc_type} shift_l[${columns}];
    for (int l = 0; l < width; ++l) {
        const ${index} c${inner} = column + l;
        shift_l[l] = 0;
        ${first_value('shift_l[l]')}
    }
% endif
    ## Blocks of rows: for the rounding error, or, gone over twice, to stay in cache.
    const int rows = ${f'width > {columns // 4} ? {64 * columns} / width : 256' if kind == 'moments' else 256};
    for (${index} b = begin; b < end; b += rows) {
        const ${index} b_end = b + rows < end ? b + rows : end;
% for turn in passes:
% if turn == 2:
        ${kinds.centre_each('width', acc_type, '(b_end - b)')}
% endif
        for (${index} r = b; r < b_end; ++r) {
${expression.coordinates(code, reduced, 'r')}
${expression.bases(code)}
            for (int l = 0; l < width; ++l) {
                const ${index} c${inner} = column + l;
${expression.evaluate(code)}
${take(turn, '_t[l]' if kind == 'best' else '_l[l]', 'r')}
            }
        }
% endfor
        ${kinds.merge_columns(kind, results, acc_type, start, '(b_end - b)')}
    }
    for (int l = 0; l < width; ++l) {
        ${kinds.give(kind, results, '_t[l]', f'o * n{inner} + column + l', partial, shift)}
    }
% elif by_row:
    const ${index} o = get_group_id(0);
    const int lid = get_local_id(0), group = get_local_size(0);
${expression.coordinates(code, kept, 'o')}
    ${kinds.declare(kind, results, acc_type, index, start, '')}
% if kind == 'moments':
    ${acc_type} shift = 0;
    ${first_value('shift')}
% endif
${walk('lid', 'group')}
    ${kinds.tree(kind, results, acc_type, index)}
    if (lid == 0) {
        ${kinds.give(kind, results, '', 'o', partial)}
    }
% else:
    const ${index} blocks = (n${inner} + get_local_size(0) - 1) / get_local_size(0);
    const ${index} o = (${index})get_group_id(0) / blocks;
    const ${index} c${inner} =
        ((${index})get_group_id(0) - o * blocks) * get_local_size(0) + get_local_id(0);
    if (c${inner} >= n${inner}) return;
${expression.coordinates(code, outer_kept, 'o')}
    ${kinds.declare(kind, results, acc_type, index, start, '')}
% if kind == 'moments':
    ${acc_type} shift = 0;
    ${first_value('shift')}
% endif
${walk('0', '1')}
    ${kinds.give(kind, results, '', f'o * n{inner} + c{inner}', partial)}
% endif
}
