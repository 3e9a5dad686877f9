## The store side of a kernel: the pointwise expression with which it goes on from what it computed,
## a `side` (codegen.Code) whose `given` is that value, or None. No kernel of its own.
##
## A kernel that has one ends its parameters with parameters(side), declares no name of the form
## <letter><number> of those that expressions use (c, k, n, v, x) where it calls run, and leaves to
## its own code what becomes of the given value itself.
<%namespace name="expression" file="expression.cl"/>

<%def name="parameters(side)">
% if side:
${expression.parameters(side)}
${expression.arguments(side)}
% endif
</%def>

## Goes on from `count` results in a row, `value` being C for the one at l. flat: their first index
## in the whole result, row-major; they may not reach beyond a row of it. lanes: how many the
## compiler shall take at a time.
<%def name="run(side, flat, count, value, lanes=1)">
<% index, inner = side.index, side.inner %>
{
    const ${index} flat = ${flat};
% if side.rank == 1:
    const ${index} start = flat;
% else:
    const ${index} line = flat / n${inner}, start = flat - line * n${inner};
${expression.coordinates(side, range(inner), 'line')}
% endif
${expression.bases(side)}
% if lanes > 1:
#pragma clang loop vectorize_width(${lanes}) interleave_count(1)
% endif
    for (int l = 0; l < ${count}; ++l) {
        const ${index} c${inner} = start + l;
        const ${side.given[0]} ${side.given[1]} = ${value};
${expression.evaluate(side)}
% for s in side.stores:
        ${s.name}_g[flat + l] = ${s.name};
% endfor
    }
}
</%def>
