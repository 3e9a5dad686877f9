## The store side of a kernel: the pointwise expression with which it goes on from what it computed,
## a `side` (codegen.Code) whose `given` is that value, or None. No kernel of its own.
##
## A kernel that has one ends its parameters with parameters(side), declares no name of the form
## <letter><number> of those that expressions use (c, k, n, v, x) where it calls run or runs, and
## leaves to its own code what becomes of the given value itself.
<%namespace name="expression" file="expression.cl"/>

<%def name="parameters(side)">
% if side:
${expression.parameters(side)}
${expression.arguments(side)}
% endif
</%def>

## Goes on from `count` results in a row, `value` being C for the one at l and `place` where the
## kernel keeps it. flat: the first one's index in the whole result, row-major; they may not reach
## beyond a row of the iteration space. lanes: how many the compiler shall take at a time.
<%def name="run(side, flat, count, value, place=None, lanes=1)">
<% index, inner = side.index, side.inner %>
{
    const ${index} flat = ${flat};
% if side.rank == 1:
    const ${index} start = flat;
% else:
    const ${index} line = ${expression.over(side, inner, 'flat', f'n{inner}')}, start = flat - line * n${inner};
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
        ${s.write(f'{s.name}_g[flat + l]' if s.place == s.name else place)}
% endfor
    }
}
</%def>

## Stores a single result in `place`, of type TO, if it is to be kept, and goes on from it.
<%def name="one(side, keep, TO, place, flat, value)">
% if keep:
${place} = (${TO})(${value});
% endif
% if side:
${run(side, flat, '1', value)}
% endif
</%def>

## Goes on from `count` finished results that lie one after the other in `place`, the first with
## index `flat` in the whole result.
<%def name="runs(side, flat, count, place, lanes)">
for (int done = 0; done < ${count};) {
    const ${side.index} whole = n${side.inner} - (${flat} + done) % n${side.inner};
    const int length = whole < ${count} - done ? whole : ${count} - done;
    ${run(side, f'{flat} + done', 'length', f'{place}[done + l]', f'{place}[done + l]', lanes)}
    done += length;
}
</%def>
