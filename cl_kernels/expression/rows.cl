## Evaluate an expression with reductions over rows, the innermost dimension: a CPU work-item takes
## `per_item` rows, elsewhere ${team} work-items take one. Each loop over a row reduces what the next
## ones need; the last stores the nodes that somebody holds.
<%namespace name="expression" file="expression.cl"/>
<%namespace name="lanes" file="lanes.cl"/>
<%namespace name="teams" file="row_team.cl"/>
<% index, inner, kept = code.index, code.inner, code.axes(True) %>
<%def name="element(walk, suffix='')">
                const ${index} c${inner} = at;
% for line in walk.loads + walk.lines:
                ${line}
% endfor
% for name in walk.keep:
                ${name}_row[at] = ${name};
% endfor
% for s in walk.stores:
                ${s.write(f'{s.name}_p[at]')}
% endfor
${lanes.take(walk.folds, suffix, 'at')}
</%def>
% for walk in code.loops:
${lanes.macros(walk.folds)}
% endfor
__kernel void rows(
    const ${index} rows, const ${index} per_item
${expression.parameters(code)}
${expression.arguments(code)}
) {
    const ${index} length = n${inner};
% if not device.is_cpu:
${teams.rows(code, team, merge_order)}
% else:
% for k in code.saved:
    ${'' if k.place else f'{k.ctype} {k.name}_row[{length}];'}
% endfor
    const ${index} begin = (${index})get_group_id(0) * per_item;
    const ${index} end = begin + per_item < rows ? begin + per_item : rows;
    for (${index} o = begin; o < end; ++o) {
${expression.coordinates(code, kept, 'o')}
${expression.bases(code)}
% for s in code.loops[-1].stores:
        __global ${s.ctype}* ${s.name}_p = ${s.name}_g + o * length;
% endfor
% for k in code.saved:
        ${f'__global {k.ctype}* {k.name}_row = {k.place}_p;' if k.place else ''}
% endfor
% for walk in code.loops:
% for line in walk.before:
        ${line}
% endfor
% if walk.folds:
${lanes.scalars(walk.folds)}
        {
            ${index} v = 0;
            if (length >= ${code.lanes}) {
${lanes.vectors(walk.folds, walk.groups, code.lanes)}
                <%lanes:run index="${index}" groups="${walk.groups}" lanes="${code.lanes}"
                            stop="length" args="suffix">
${element(walk, suffix)}
                </%lanes:run>
${lanes.merge(walk.folds, walk.groups, code.lanes, merge_order)}
            }
            <%lanes:rest index="${index}" stop="length" args="suffix">
${element(walk, suffix)}
            </%lanes:rest>
        }
% else:
% if walk.stores or walk.keep:
        for (${index} at = 0; at < length; at += 1) {
${element(walk)}
        }
% endif
% endif
% endfor
% if code.row_stores:
        {
% for s in code.row_stores:
            ${s.write(f'{s.name}_g[o]')}
% endfor
        }
% endif
    }
% endif
}
