## Shared pieces of the kernels that evaluate a generated expression (see cltensor/lazy/codegen.py).

<%def name="parameters(code)">
% for s in code.outputs:
    , __global ${s.ctype}* restrict ${s.name}_g
% endfor
% for x in code.operands:
% if x.name in code.replaced:
    , __global ${x.ctype}* ${x.name}_g
% else:
    , __global const ${x.ctype}* restrict ${x.name}_g
% endif
% endfor
% for x, count, _ in code.parts:
% for k in range(count):
    , __global const ${x.ctype}* ${x.name}_g${k}
% endfor
% endfor
</%def>

<%def name="arguments(code)">
% for name in code.arguments:
    , const ${code.index} ${name}
% endfor
% for ctype, name in code.scalars:
    , const ${ctype} ${name}
% endfor
</%def>

## Split the linear index `linear` into coordinates of dimensions `axes`, the last one fastest.
<%def name="coordinates(code, axes, linear)">
% if len(axes) == 1:
        const ${code.index} c${axes[0]} = ${linear};
% elif axes:
        ${code.index} rest_${axes[-1]} = ${linear};
% for d in reversed(axes[1:]):
        const ${code.index} c${d} = rest_${axes[-1]} % n${d};
        rest_${axes[-1]} /= n${d};
% endfor
        const ${code.index} c${axes[0]} = rest_${axes[-1]};
% endif
</%def>

## Where each operand's run along the innermost dimension starts. A pointer, since sums of indices
## might overflow, as far as a compiler knows, which keeps it from reading several elements at once.
<%def name="bases(code)">
% for x in code.operands:
        __global ${'' if x.name in code.replaced else 'const '}${x.ctype}* ${x.name}_p =
            ${x.name}_g + (${x.base(range(code.rank - 1))});
% endfor
</%def>

## The same for what is stored, an element for each of the iteration space.
<%def name="store_bases(code)">
% for s in code.outputs:
        __global ${s.ctype}* ${s.name}_p = ${s.name}_g + ${code.row_start};
% endfor
</%def>

## The value of every entry at innermost coordinate c<rank-1>, given the bases.
<%def name="evaluate(code)">
% for x in code.operands:
            ${x.read(f'{x.name}_p[0{x.inner}]')}
% endfor
% for line in code.lines:
            ${line}
% endfor
</%def>
