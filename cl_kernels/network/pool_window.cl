## Shared parts of the pooling kernels: walking over one window. No kernel of its own.
## K* taps, S* strides, P* paddings, D* dilations are numbers known when the kernel is built.
## A window with dilation may hold no element at all (its taps lie around the plane): then its place
## is -1, and nothing may be read from or written to there.
## A sum begins with a 0 that no constant is: such would vanish, with its sign, on Mesa.
## kind "max" keeps the largest element (the first of equals; NaN wins) and its place in the plane,
## "avg" the sum of the elements and the number to divide it by.

<%def name="start(kind, TA)">
    ${TA} acc = ${'0' if kind == 'max' else f'({TA})(h < 0)'};
    int at = -1;
</%def>

## Takes in element x[place] and notes `mark` if it is the largest so far; both are C expressions.
<%def name="take(kind, TA, place, mark, first)">
% if kind == 'avg':
    acc += x[${place}];
% else:
    {
        const ${TA} v = x[${place}];
        const int wins = (${first}) | (v > acc) | (v != v);
        acc = wins ? v : acc;
        at = wins ? ${mark} : at;
    }
% endif
</%def>

## Whether a window that reaches over an edge may read the nearest element inside once more instead
## of what lies outside: that changes no maximum, and saves a branch for each tap.
<%def name="repeats(kind, DH, DW)"><% return kind == 'max' and DH == DW == 1 %></%def>

## Whether a window may hold no element, for which `clipped` gives the place -1.
<%def name="may_be_empty(kind, DH, DW)"><% return kind == 'max' and not DH == DW == 1 %></%def>

## Taps that are written out one by one; of more there would be a lot of code.
<%def name="few(KH, KW)"><% return KH * KW <= 256 %></%def>

## The windows [lo, hi) of a row at ih0 that `inside` takes without edge.
<%def name="inner(kind, KH, KW, SW, PW, DH, DW)">
    int lo = ${-(-PW // SW)}, hi = (w + ${PW} - ${(KW - 1) * DW + 1} + ${SW}) / ${SW};
    if (hi > out_w) hi = out_w;
% if not repeats(kind, DH, DW):
    if (ih0 < 0 || ih0 + ${(KH - 1) * DH} >= h) hi = 0;
% endif
    if (hi < lo) lo = hi = 0;
</%def>

## The window at (ih0, iw0) inside the plane; with edge, columns may lie outside, and rows always
## may where `repeats` says so.
<%def name="inside(kind, TA, KH, KW, DH, DW, edge=False)">
<%
    def within(value, size, clamp):
        nearest = '({0} < 0 ? 0 : {0} < {1} ? {0} : {1} - 1)'
        return nearest.format(value, size) if clamp else value
    rows, cols = repeats(kind, DH, DW), edge
%>
    ${start(kind, TA)}
% if few(KH, KW):
% for i in range(KH):
% for j in range(KW):
    {
        const int place = ${within('(ih0 + %d)' % (i * DH), 'h', rows)} * w
            + ${within('(iw0 + %d)' % (j * DW), 'w', cols)};
        ${take(kind, TA, 'place', i * KW + j, int(i == j == 0))}
    }
% endfor
% endfor
% else:
    for (int i = 0; i < ${KH}; i++)
        for (int j = 0; j < ${KW}; j++) {
            const int place = ${within('(ih0 + i * %d)' % DH, 'h', rows)} * w
                + ${within('(iw0 + j * %d)' % DW, 'w', cols)};
            ${take(kind, TA, 'place', 'i * %d + j' % KW, 'i + j == 0')}
        }
% endif
% if kind == 'max':
    /* Only the number of a tap was noted: a constant, with which the search becomes vector code. */
    at = ${within('(ih0 + at / %d * %d)' % (KW, DH), 'h', rows)} * w
        + ${within('(iw0 + at %% %d * %d)' % (KW, DW), 'w', cols)};
% endif
</%def>

## The part inside the plane of the window at (ih0, iw0).
<%def name="clipped(kind, TA, KH, KW, DH, DW)">
% if repeats(kind, DH, DW):
    ${inside(kind, TA, KH, KW, DH, DW, True)}
% else:
    ${start(kind, TA)}
    for (int i = ih0 < 0 ? (-ih0 + ${DH - 1}) / ${DH} : 0; i < ${KH} && ih0 + i * ${DH} < h; i++)
        for (int j = iw0 < 0 ? (-iw0 + ${DW - 1}) / ${DW} : 0;
             j < ${KW} && iw0 + j * ${DW} < w; j++) {
            const int place = (ih0 + i * ${DH}) * w + iw0 + j * ${DW};
            ${take(kind, TA, 'place', 'place', 'at < 0')}
        }
% endif
</%def>

## The divisor of the average of the window at (ih0, iw0): a number, or one that counts elements
## inside the plane, with (whole) or without the padding.
<%def name="divisor(KH, KW, PH, PW, whole, fixed)">
% if fixed:
    const int count = ${fixed};
% else:
    int count;
    {
        const int over_h = h + ${PH if whole else 0} - ih0;
        const int over_w = w + ${PW if whole else 0} - iw0;
        int rows = over_h < ${KH} ? over_h : ${KH}, cols = over_w < ${KW} ? over_w : ${KW};
    % if not whole:
        if (ih0 < 0) rows += ih0;
        if (iw0 < 0) cols += iw0;
    % endif
        count = rows * cols;
    }
% endif
</%def>
