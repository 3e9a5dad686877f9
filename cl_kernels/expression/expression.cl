## Shared pieces of the kernels that evaluate a generated expression (see cltensor/lazy/codegen.py).
<%! from cltensor.lazy.walks import PLAIN %>\

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

## C for linear / size, the size being that of dimension d, by what walks.py gives for it if anything.
<%def name="over(code, d, linear, size)">\
% if code.walk.divides:
(${code.index})((uint)(((ulong)(uint)n${d}_magic * (uint)${linear} >> 32) + ${linear}) >> n${d}_shift)\
% else:
${linear} / ${size}\
% endif
</%def>

## Split the linear index `linear` into coordinates of dimensions `axes`, the last one fastest.
## width: so many neighbours along the innermost dimension count as one.
<%def name="coordinates(code, axes, linear, width=1)">
% if len(axes) == 1 and width > 1 and axes[0] == code.inner:
        const ${code.index} c${axes[0]} = ${linear} * ${width};
% elif len(axes) == 1:
        const ${code.index} c${axes[0]} = ${linear};
% elif code.walk != PLAIN and axes:
        ${code.index} rest_${axes[-1]} = ${linear};
% for d in reversed(axes[1:]):
<% wide = width > 1 and d == code.inner %>\
<% size = f'(n{d} / {width})' if wide else f'n{d}' %>\
        const ${code.index} over_${d} = ${over(code, d, f'rest_{axes[-1]}', size)};
        const ${code.index} c${d} = (rest_${axes[-1]} - over_${d} * ${size})${f' * {width}' if wide else ''};
        rest_${axes[-1]} = over_${d};
% endfor
        const ${code.index} c${axes[0]} = rest_${axes[-1]};
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
## flat: gives the index of the work-item's first element in an operand that is `flat`.
<%def name="bases(code, flat=None)">
% for x in code.operands:
        __global ${'' if x.name in code.replaced else 'const '}${x.ctype}* ${x.name}_p =
            ${x.name}_g + (${flat(x) if flat and x.flat else x.base(range(code.rank - 1))});
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
