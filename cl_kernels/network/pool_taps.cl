## Taps of windows on GPUs: which of a window is the largest element. No kernel of its own. Names: ih0,
## iw0 where the window begins, h and w the size of the plane, which begins at `begin` of x_g.
<%namespace name="window" file="pool_window.cl"/>\

## Parameters that divide by sizes, see walks.divisor.
<%def name="numbers(*names)">
% for name in names:
    , const int ${name}_magic, const int ${name}_shift
% endfor
</%def>

## C for a / size: with 32 bits by these numbers.
<%def name="over(index, a, name, size)">\
% if index == 'int':
(int)((uint)(((ulong)(uint)${name}_magic * (uint)${a} >> 32) + ${a}) >> ${name}_shift)\
% else:
${a} / ${size}\
% endif
</%def>

## C for a coordinate inside: the nearest one.
<%def name="nearest(value, size)"><%
    return f'clamp({value}, 0, {size} - 1)'
%></%def>

## Whether taps outside read the nearest element inside; else a loop leaves them out.
<%def name="nearby(KH, KW, DH, DW)"><% return window.repeats('max', DH, DW) and KH * KW <= 64 %></%def>

<%def name="take(TA, mark, first, n=0)">
        {
            const int wins = (${first}) | (v > acc_${n}) | (v != v);
            acc_${n} = wins ? v : acc_${n};
            at_${n} = wins ? ${mark} : at_${n};
        }
</%def>

## Finds the largest elements acc_0, ... of `several` neighbouring windows, and their taps at_0, ..., -1 if
## none is inside.
<%def name="search(T, TA, index, KH, KW, SW, DH, DW, several=1)">
<% offset = 'uint' if index == 'int' else 'long' %>\
<% columns = range((several - 1) * SW + KW) %>\
    ${TA} ${', '.join(f'acc_{n} = 0' for n in range(several))};
    int ${', '.join(f'at_{n} = -1' for n in range(several))};
% if nearby(KH, KW, DH, DW):
    /* What lies outside repeats what is next to it inside, which changes no maximum. */
% for j in columns:
    const int col_${j} = ${nearest(f'iw0 + {j}', 'w')};
% endfor
% for i in range(KH):
    {
        const ${index} row = begin + ${nearest(f'ih0 + {i}', 'h')} * w;
% for j in columns:
        const ${TA} v_${j} = *(__global const ${T}*)((__global const char*)x_g + (${offset})(row + col_${j}) * (${offset})sizeof(${T}));
% endfor
% for n in range(several):
% for j in range(KW):
        { const ${TA} v = v_${n * SW + j}; ${take(TA, i * KW + j, int(i == j == 0), n)} }
% endfor
% endfor
    }
% endfor
% else:
    for (int i = 0; i < ${KH}; ++i) {
        const int ih = ih0 + i * ${DH};
        for (int j = 0; ih >= 0 && ih < h && j < ${KW}; ++j) {
            const int iw = iw0 + j * ${DW};
            if (iw >= 0 && iw < w) {
                const ${TA} v = x_g[begin + ih * w + iw];
                ${take(TA, f'i * {KW} + j', 'at_0 < 0')}
            }
        }
    }
% endif
</%def>

## C for the place in the plane of tap `at`.
<%def name="place(at, KH, KW, DH, DW)"><%
    row, col = f'ih0 + {at} / {KW} * {DH}', f'iw0 + {at} % {KW} * {DW}'
    if nearby(KH, KW, DH, DW):
        row, col = nearest(row, 'h'), nearest(col, 'w')
    return f'({row}) * w + {col}'
%></%def>

## C for the tap inside that reads what tap `at` of a window from column `left` on does, which may be -1.
<%def name="noted(at, left, KH, KW, DH, DW)"><%
    if not nearby(KH, KW, DH, DW):
        return at
    row, col = nearest(f'ih0 + {at} / {KW}', 'h'), nearest(f'{left} + {at} % {KW}', 'w')
    return f'({row} - ih0) * {KW} + {col} - ({left})'
%></%def>
