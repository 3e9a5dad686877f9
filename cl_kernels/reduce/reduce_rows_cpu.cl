## A work-item reduces the innermost dimension, and others, for `per_item` results. The grid's second
## dimension splits the reduced range into parts of `part`.
<%namespace name="expression" file="expression.cl"/>
<%namespace name="kinds" file="reduce_kinds.cl"/>
<%namespace name="lanes" file="lanes.cl"/>
## Short blocks keep the rounding error near that of pairwise summation, and stay in cache.
<% index, inner, block = code.index, code.inner, 1024 if reduction.kind == 'best' else 4096 %>
<%def name="element(turn, suffix)">
                        const ${index} c${inner} = at;
${expression.evaluate(code)}
${kinds.stores(code) if turn == 0 else ''}
${lanes.take(passes[turn].accumulators, suffix, f'i + (c{inner} - first)')}
</%def>
<%def name="walk(turn)">
            ${index} row = begin / n${inner}, first = begin - row * n${inner};
            for (${index} i = begin; i < end; ++row) {
${expression.coordinates(code, code.axes(False)[:-1], 'row')}
${expression.bases(code)}
${expression.store_bases(code) if turn == 0 else ''}
                const ${index} stop = n${inner} - first < end - i ? n${inner} : first + (end - i);
                ${index} v = first;
                <%lanes:run index="${index}" groups="${groups}" lanes="${code.lanes}" stop="stop"
                            args="suffix">
${element(turn, suffix)}
                </%lanes:run>
                <%lanes:rest index="${index}" stop="stop" args="suffix">
${element(turn, suffix)}
                </%lanes:rest>
                i += stop - first;
                first = 0;
            }
</%def>
${kinds.macros(reduction, T, start)}
% for p in passes:
${lanes.macros(p.accumulators)}
% endfor
__kernel void reduce_rows_cpu(
${kinds.signature(code, reduction, out_type, T, partial)}
) {
${kinds.part(code, reduction, planes, partial)}
    const ${index} o_begin = (${index})get_group_id(0) * per_item;
    const ${index} o_end = o_begin + per_item < outer ? o_begin + per_item : outer;
    for (${index} o = o_begin; o < o_end; ++o) {
${expression.coordinates(code, code.axes(True), 'o')}
${kinds.totals(reduction, T, index, totals)}
% if reduction.kind == 'moments':
        ${T} shift = 0;
${kinds.first_value(code, 'shift')}
% endif
        for (${index} begin = part_begin; begin < part_end; begin += ${block}) {
            const ${index} end = part_end - begin < ${block} ? part_end : begin + ${block};
            const ${index} count = end - begin;
% for turn, p in enumerate(passes):
            ${p.before}
            ${f'if ({p.condition}) {{' if p.condition else ''}
${lanes.scalars(p.accumulators)}
${lanes.vectors(p.accumulators, groups, code.lanes)}
            {
${walk(turn)}
            }
${lanes.merge(p.accumulators, groups, code.lanes, merge_order)}
            ${p.after}
            ${'}' if p.condition else ''}
% endfor
        }
${kinds.give(reduction, totals, 'o', partial)}
    }
}
