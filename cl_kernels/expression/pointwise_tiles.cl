## A work-group of a GPU evaluates an expression on tiles of 32 x 32 elements, of dimension
## `code.walk.tile` and the innermost one. Operands that are dense along that one and not along this come
## through local memory: read by rows of theirs, and used by rows of the result.
<%namespace name="expression" file="expression.cl"/>
<%
    index, inner, axis = code.index, code.inner, code.walk.tile
    turned = [x for x in code.operands if x.flags[axis] == 1 and x.flags[-1] == 2]
    turns = range(0, 32, lines)
    names = [f't{d}' for d in range(code.rank)]
%>\
## The coordinates of an element of the tile.
<%def name="place(down, across)">
                const ${index} c${axis} = t${axis} * 32 + ${down}, c${inner} = t${inner} * 32 + ${across};
% for d in range(inner):
% if d != axis:
                const ${index} c${d} = t${d};
% endif
% endfor
</%def>\
__kernel void pointwise_tiles(
    const ${index} tiles
${expression.parameters(code)}
${expression.arguments(code)}
) {
% for x in turned:
    __local ${x.ctype} ${x.name}_t[32 * 33];
% endfor
    const int across = get_local_id(0) % 32, down = get_local_id(0) / 32;
    for (${index} tile = get_group_id(0); tile < tiles; tile += get_num_groups(0)) {
        ${index} rest = tile;
% for d in reversed(range(1, code.rank)):
<% size = f'((n{d} + 31) / 32)' if d in (axis, inner) else f'n{d}' %>\
        const ${index} over_${d} = ${expression.over(code, d, 'rest', size)}, t${d} = rest - over_${d} * ${size};
        rest = over_${d};
% endfor
        const ${index} t0 = rest;
% for k in turns:
        {
${place('across', f'(down + {k})')}
            if (c${axis} < n${axis} && c${inner} < n${inner}) {
% for x in turned:
                ${x.name}_t[(down + ${k}) * 33 + across] = ${x.name}_g[${x.base(range(code.rank))}];
% endfor
            }
        }
% endfor
        barrier(CLK_LOCAL_MEM_FENCE);
% for k in turns:
        {
${place(f'(down + {k})', 'across')}
            if (c${axis} < n${axis} && c${inner} < n${inner}) {
${expression.bases(code)}
% for x in code.operands:
                ${x.read(f'{x.name}_t[across * 33 + down + {k}]' if x in turned else f'{x.name}_p[0{x.inner}]')}
% endfor
% for line in code.lines:
                ${line}
% endfor
                const ${index} flat = ${code.row_start} + c${inner};
% for s in code.stores:
                ${s.write(f'{s.name}_g[flat]' if s.place == s.name else code.place(s))}
% endfor
            }
        }
% endfor
        barrier(CLK_LOCAL_MEM_FENCE);
    }
}
