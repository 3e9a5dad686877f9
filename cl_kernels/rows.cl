## Evaluate an expression with reductions over rows, the innermost dimension: a CPU work-item takes
## `per_item` rows, elsewhere a work-group takes one. Each loop over a row reduces what the next ones
## need; the last stores the nodes that somebody holds.
<%namespace name="expression" file="expression.cl"/>
<% index, inner, lanes, kept = code.index, code.inner, 32, code.axes(True) %>
<%def name="element(walk, at, accumulate)">
                const ${index} at = ${at}, c${inner} = at;
% for line in walk.loads + walk.lines:
                ${line}
% endfor
% for name in walk.keep:
                ${name}_row[at] = ${name};
% endfor
% for s in walk.stores:
                ${s.name}_g[base + at] = ${s.name};
% endfor
% for f in walk.folds:
                ${accumulate(f)} = COMBINE_${f.name}(${accumulate(f)}, ${f.operand});
% endfor
</%def>
% for walk in code.loops:
% for f in walk.folds:
#define COMBINE_${f.name}(acc, x) (${f.combine})
% endfor
% endfor
__kernel void rows(
    const ${index} rows, const ${index} per_item
${expression.parameters(code)}
${expression.arguments(code)}
) {
    const ${index} length = n${inner};
% if device.is_cpu:
% for ctype, name in code.kept_names:
    ${ctype} ${name}_row[${length}];
% endfor
    const ${index} begin = (${index})get_group_id(0) * per_item;
    const ${index} end = begin + per_item < rows ? begin + per_item : rows;
    for (${index} o = begin; o < end; ++o) {
% else:
    __local size_t scratch[256];
    const int lid = get_local_id(0), group = get_local_size(0);
    for (${index} o = get_group_id(0); o < rows; o += get_num_groups(0)) {
% endif
        const ${index} base = o * length;
${expression.coordinates(code, kept, 'o')}
${expression.bases(code)}
% for walk in code.loops:
% for line in walk.before:
        ${line}
% endfor
% if device.is_cpu and walk.folds:
% for f in walk.folds:
        ${f.ctype} ${f.name}_t = ${f.start};
% endfor
        {
            ${index} first = 0;
            if (length >= ${lanes}) {
% for f in walk.folds:
                ${f.ctype} ${f.name}_l[${lanes}];
                for (int l = 0; l < ${lanes}; ++l) ${f.name}_l[l] = ${f.start};
% endfor
                for (; first + ${lanes} <= length; first += ${lanes})
                    for (int l = 0; l < ${lanes}; ++l) {
${element(walk, 'first + l', lambda f: f'{f.name}_l[l]')}
                    }
                for (int l = 0; l < ${lanes}; ++l) {
% for f in walk.folds:
                    ${f.name}_t = COMBINE_${f.name}(${f.name}_t, ${f.name}_l[l]);
% endfor
                }
            }
            for (${index} c = first; c < length; ++c) {
${element(walk, 'c', lambda f: f'{f.name}_t')}
            }
        }
% for f in walk.folds:
        const ${f.ctype} ${f.name} = ${f.name}_t;
% endfor
% elif device.is_cpu:
% if walk.stores or walk.keep:
        for (${index} c = 0; c < length; ++c) {
${element(walk, 'c', None)}
        }
% endif
% else:
% for f in walk.folds:
        ${f.ctype} ${f.name}_t = ${f.start};
% endfor
% if walk.folds or walk.stores:
        for (${index} c = lid; c < length; c += group) {
${element(walk, 'c', lambda f: f'{f.name}_t')}
        }
% endif
% for f in walk.folds:
        {
            __local ${f.ctype}* totals = (__local ${f.ctype}*)scratch;
            totals[lid] = ${f.name}_t;
            for (int half_group = group / 2; half_group > 0; half_group /= 2) {
                barrier(CLK_LOCAL_MEM_FENCE);
                if (lid < half_group)
                    totals[lid] = COMBINE_${f.name}(totals[lid], totals[lid + half_group]);
            }
            barrier(CLK_LOCAL_MEM_FENCE);
            ${f.name}_t = totals[0];
            barrier(CLK_LOCAL_MEM_FENCE);
        }
        const ${f.ctype} ${f.name} = ${f.name}_t;
% endfor
% endif
% endfor
% if code.row_stores:
        ${'' if device.is_cpu else 'if (lid == 0) '}{
% for s in code.row_stores:
            ${s.name}_g[o] = ${s.name};
% endfor
        }
% endif
    }
}
