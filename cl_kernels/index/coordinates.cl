## The coordinates of an element, as two kernels count them in row-major order. No kernel of its own.

## Of the element `rest`, which is used up.
<%def name="of(rank)">
% for d in reversed(range(rank)):
    long c${d} = rest ${"" if d == 0 else f"% n{d}"};
    rest /= n${d};
% endfor
</%def>

## Of the element behind.
<%def name="advance(rank)">
        ++c${rank - 1};
% for d in reversed(range(1, rank)):
        if (c${d} == n${d}) {
            c${d} = 0;
            ++c${d - 1};
        }
% endfor
</%def>
