## One work-item of a CPU pools some rows of windows. give: "max" the largest element,
## "index" its place in the plane, "select" the element of v at that place, "avg" the average. Of a
## window without elements these are `least`, -1 and 0.
<%page args="T, TA, TO, give, least, KH, KW, SH, SW, PH=0, PW=0, DH=1, DW=1, whole=True, fixed=0"/>\
<%namespace name="window" file="pool_window.cl"/>\
<% kind = 'avg' if give == 'avg' else 'max' %>
<%def name="put(empty=False)">
% if give == 'max':
    y[ow] = ${f'at < 0 ? ({TA}){least} : acc' if empty else 'acc'};
% elif give == 'index':
    y[ow] = at;
% elif give == 'select':
    y[ow] = ${f'at < 0 ? ({T})0 : v[at]' if empty else 'v[at]'};
% else:
    y[ow] = acc / (${TA})count;
% endif
</%def>\
__kernel void pool(__global ${TO}* restrict y_g, __global const ${T}* restrict x_g,
                   __global const ${T}* restrict v_g, const long x_offset, const long v_offset,
                   const long rows, const int h, const int w, const int out_h, const int out_w,
                   const int each)
{
    const long first = (long)get_global_id(0) * each;
    const long last = first + each < rows ? first + each : rows;
    for (long row = first; row < last; row++) {
        const int ih0 = (int)(row % out_h) * ${SH} - ${PH};
        __global const ${T}* restrict x = x_g + x_offset + row / out_h * h * w;
    % if give == 'select':
        __global const ${T}* restrict v = v_g + v_offset + row / out_h * h * w;
    % endif
        __global ${TO}* restrict y = y_g + row * out_w;
        ${window.inner(kind, KH, KW, SW, PW, DH, DW)}
        for (int ow = lo; ow < hi; ow++) {
            const int iw0 = ow * ${SW} - ${PW};
            ${window.inside(kind, TA, KH, KW, DH, DW)}
            const int count = ${fixed or KH * KW};
            ${put()}
        }
        for (int ow = 0; ow < out_w; ow++) {
            if (ow == lo && hi > lo) { ow = hi - 1; continue; }
            const int iw0 = ow * ${SW} - ${PW};
            ${window.clipped(kind, TA, KH, KW, DH, DW)}
        % if kind == 'avg':
            ${window.divisor(KH, KW, PH, PW, whole, fixed)}
        % endif
            ${put(window.may_be_empty(kind, DH, DW))}
        }
    }
}
