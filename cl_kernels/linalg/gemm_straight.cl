## Products of operands that every work-item reads for itself, straight into registers, for devices
## whose local memory is a cache like any other, or slower. No kernel of its own.
##
## A work-item has its rows and columns as gemm_grid.cl says. It takes LANES steps of k at a time: of
## an operand whose fast axis is k a vector of steps for each row or column, of another a vector of
## rows or columns for each step. At edges, and what is left of k, it takes one step at a time.
## `operands`: as in gemm_gpu.cl.
<%!
    LANES = 4
    PLACES = {"a": "lm", "b": "ln"}  # of a work-item in its group
%>\
<%namespace name="grid" file="gemm_grid.cl"/>\

## Declares pointers to the first of a work-item's rows and columns: a_p, b_p.
<%def name="pointers(TI, operands, RM, RN)">
% for o, each in zip(operands, (RM, RN)):
    const int ${o.x}_at = ${o.first} + ${PLACES[o.x]} * ${grid.module.run(each)};
    __global const ${TI}* ${o.x}_p = ${o.x}_g + ${o.x}_at * ${o.step} + k_begin * ${o.step_k};
% endfor
</%def>

## Moves them on by some steps.
<%def name="advance(operands, steps)">
% for o in operands:
        ${o.x}_p += ${f'{steps} * ' if steps > 1 else ''}${o.step_k};
% endfor
</%def>

## C for the vector of the elements in rows or columns `i`, in steps `t` from here on.
<%def name="elements(TI, TA, o, items, each, i, t)"><%
    lanes = len(i) * len(t)
    far = [f"{grid.module.at(r, items, each)} * {o.step} + {s} * {o.step_k}" for r in i for s in t]
%>\
% if o.most > 1 and lanes > 1:
*(__global const ${grid.module.vector(TI, lanes)}*)(${o.x}_p + ${far[0]})\
% else:
(${grid.module.vector(TA, lanes)})(${', '.join(f'{o.x}_p[{place}]' for place in far)})\
% endif
</%def>

## Adds the products of LANES steps of a whole tile, of which vectors are aligned, the first one
## `start` after this.
<%def name="multiply(TI, TA, operands, DM, DN, RM, RN, start)">
<%
    vector, lane = grid.module.vector, grid.module.lane
    rows, cols = grid.module.run(RM), grid.module.run(RN)
    a, b = operands
%>\
{
% for o, items, each in ((a, DM, RM), (b, DN, RN)):
<% run = grid.module.run(each) %>\
% if o.along:
    % for i in range(each):
    const ${vector(TA, LANES)} ${o.x}${i} = ${elements(TI, TA, o, items, each, [i], range(start, start + LANES))};
    % endfor
% else:
    % for t in range(LANES):
    % for i in range(0, each, run):
    const ${vector(TA, run)} ${o.x}${t}_${i} = ${elements(TI, TA, o, items, each, range(i, i + run), [start + t])};
    % endfor
    % endfor
% endif
% endfor
% for t in range(LANES):
% for r in range(RM):
% for c in range(0, RN, cols):
<%
    left = f"a{r}.s{t}" if a.along else f"a{t}_{r - r % rows}{lane(r % rows, rows)}"
    right = f"b{t}_{c}"
    if b.along:
        right = f"({vector(TA, cols)})({', '.join(f'b{c + j}.s{t}' for j in range(cols))})"
%>\
    acc${r}_${c // cols} = ${left} * ${right} + acc${r}_${c // cols};
% endfor
% endfor
% endfor
}
</%def>

## Adds those of this step, in the rows and columns that there are.
<%def name="multiply_one(TA, operands, DM, DN, RM, RN)">
<%
    vector, lane, at, cols = grid.module.vector, grid.module.lane, grid.module.at, grid.module.run(RN)
    a, b = operands
%>\
{
% for o, items, each in ((a, DM, RM), (b, DN, RN)):
    % for i in range(each):
<% far = at(i, items, each) %>\
    const ${TA} ${o.x}${i} = ${o.x}_at + ${far} < ${o.limit} ? ${o.x}_p[${far} * ${o.step}] : 0;
    % endfor
% endfor
% for r in range(RM):
% for c in range(0, RN, cols):
    acc${r}_${c // cols} = a${r} * (${vector(TA, cols)})(${', '.join(f'b{c + j}' for j in range(cols))}) + acc${r}_${c // cols};
% endfor
% endfor
}
</%def>
