## Accumulators of a CPU kernel (see cltensor/lazy/reducecode.py) as vectors of partial results. Loops as
## long as a vector vanish, and the arrays that they fill become registers, as long as every other
## index is a constant. No kernel of its own.

<%def name="macros(accumulators)">
% for a in accumulators:
#define MERGE_${a.name}(acc, x) (${a.merge})
#define VALUE_${a.name}(x, at) (${a.value})
% endfor
</%def>

<%def name="take(accumulators, suffix, at)">
% for a in accumulators:
                ${a.name}${suffix} = MERGE_${a.name}(${a.name}${suffix}, VALUE_${a.name}(${a.operand}, ${at}));
% endfor
</%def>

<%def name="scalars(accumulators)">
% for a in accumulators:
            ${a.ctype} ${a.name} = ${a.start};
% endfor
</%def>

<%def name="vectors(accumulators, groups, lanes)">
% for a in accumulators:
% for g in range(groups):
            ${a.ctype} ${a.name}_${g}[${lanes}];
            for (int l = 0; l < ${lanes}; ++l) ${a.name}_${g}[l] = ${a.start};
% endfor
% endfor
</%def>

## Merge the vectors into the scalar accumulators.
<%def name="merge(accumulators, groups, lanes, merge_order)">
% for a in accumulators:
% for into, other in merge_order(groups):
            for (int l = 0; l < ${lanes}; ++l)
                ${a.name}_${into}[l] = MERGE_${a.name}(${a.name}_${into}[l], ${a.name}_${other}[l]);
% endfor
% for into, other in merge_order(lanes):
            ${a.name}_0[${into}] = MERGE_${a.name}(${a.name}_0[${into}], ${a.name}_0[${other}]);
% endfor
            ${a.name} = MERGE_${a.name}(${a.name}, ${a.name}_0[0]);
% endfor
</%def>

## Go over a run with `at` from v to `stop` as far as vectors reach: caller.body(group) evaluates an
## element.
<%def name="run(index, groups, lanes, stop)">
% for g in sorted({groups, 1}, reverse=True):
                for (; v + ${g * lanes} <= ${stop}; v += ${g * lanes}) {
% for k in range(g):
                    for (int l = 0; l < ${lanes}; ++l) {
                        const ${index} at = v + ${f'{k * lanes} + l' if k else 'l'};
${caller.body(f'_{k}[l]')}
                    }
% endfor
                }
% endfor
</%def>

## The elements that are left, which go into the scalars: caller.body('') evaluates one.
<%def name="rest(index, stop)">
                for (; v < ${stop}; ++v) {
                    const ${index} at = v;
${caller.body('')}
                }
</%def>
