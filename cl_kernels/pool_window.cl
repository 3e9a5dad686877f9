## Shared parts of the pooling kernels: walking over one window. No kernel of its own.
## K* taps, S* strides, P* paddings, D* dilations are numbers known when the kernel is built.
## kind "max" keeps the largest element (the first of equals; NaN wins) and its place in the plane,
## "avg" the sum of the elements and the number to divide it by.

<%def name="start(kind, TA)">
    ${TA} acc = 0;
    int at = -1;
</%def>

## Takes in element x[place]; place is a C expression.
<%def name="take(kind, TA, place, first)">
% if kind == 'avg':
    acc += x[${place}];
% else:
    {
        const ${TA} v = x[${place}];
        const int wins = ${first} || v > acc || v != v;
        acc = wins ? v : acc;
        at = wins ? ${place} : at;
    }
% endif
</%def>

## The whole window at (ih0, iw0), known to lie inside the plane.
<%def name="inside(kind, TA, KH, KW, DH, DW)">
    ${start(kind, TA)}
% for i in range(KH):
% for j in range(KW):
    ${take(kind, TA, '(ih0 + %d) * w + iw0 + %d' % (i * DH, j * DW), int(i == j == 0))}
% endfor
% endfor
</%def>

## The part inside the plane of the window at (ih0, iw0).
<%def name="clipped(kind, TA, KH, KW, DH, DW)">
    ${start(kind, TA)}
    for (int i = 0, ih = ih0; i < ${KH}; i++, ih += ${DH})
        for (int j = 0, iw = iw0; j < ${KW}; j++, iw += ${DW})
            if (ih >= 0 && ih < h && iw >= 0 && iw < w) {
                ${take(kind, TA, 'ih * w + iw', 'at < 0')}
            }
</%def>

## The divisor of the average of the window at (ih0, iw0): a number, or one that counts elements
## inside the plane, with (whole) or without the padding.
<%def name="divisor(KH, KW, PH, PW, whole, fixed)">
% if fixed:
    const int count = ${fixed};
% else:
    int count;
    {
        const int over_h = h + ${PH if whole else 0} - ih0, over_w = w + ${PW if whole else 0} - iw0;
        int rows = over_h < ${KH} ? over_h : ${KH}, cols = over_w < ${KW} ? over_w : ${KW};
    % if not whole:
        if (ih0 < 0) rows += ih0;
        if (iw0 < 0) cols += iw0;
    % endif
        count = rows * cols;
    }
% endif
</%def>
