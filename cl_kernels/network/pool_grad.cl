## The gradient of pooling to its input, from y, that to its output. mode says what a work-item
## of a CPU does: "tiles" some rows of windows that do not overlap, "planes" whole planes window by window.
<%page args="T, TA, kind, mode, KH, KW, SH, SW, PH=0, PW=0, DH=1, DW=1, whole=True, fixed=0"/>\
<%namespace name="window" file="pool_window.cl"/>\
## The windows [lo, hi) of the row oh, none of which is over an edge.
<%def name="inner_windows()">
        % if kind == 'max':
            for (int start = lo; start < hi; start += 64) {
                /* Two loops: the search becomes vector code, the scattered sum cannot. */
                int places[64];
                const int count = hi - start < 64 ? hi - start : 64;
                for (int n = 0; n < count; n++) {
                    const int iw0 = (start + n) * ${SW} - ${PW};
                    ${window.inside(kind, TA, KH, KW, DH, DW)}
                    places[n] = at;
                }
                for (int n = 0; n < count; n++) d[places[n]] += y[start + n];
            }
        % else:
        % if window.few(KH, KW):
        % for i in range(KH):
            for (int ow = lo; ow < hi; ow++) {
                const ${TA} share = y[ow] / (${TA})${fixed or KH * KW};
            % for j in range(KW):
                d[(ih0 + ${i}) * w + ow * ${SW} - ${PW} + ${j}] += share;
            % endfor
            }
        % endfor
        % else:
            for (int i = 0; i < ${KH}; i++)
                for (int ow = lo; ow < hi; ow++) {
                    const ${TA} share = y[ow] / (${TA})${fixed or KH * KW};
                    for (int j = 0; j < ${KW}; j++)
                        d[(ih0 + i) * w + ow * ${SW} - ${PW} + j] += share;
                }
        % endif
        % endif
</%def>\
__kernel void pool_grad(__global ${T}* restrict d_g, __global const ${T}* restrict y_g,
                        __global const ${T}* restrict x_g, const long y_offset, const long x_offset,
                        const long total, const int h, const int w, const int out_h,
                        const int out_w, const int each)
{
    const long first = (long)get_global_id(0) * each;
    const long last = first + each < total ? first + each : total;
% if mode == 'tiles':
    for (long row = first; row < last; row++) {
        const long plane = row / out_h;
        const int oh0 = row % out_h, oh1 = oh0 + 1;
        /* the rows of the image up to those of the next windows */
        const int from = oh0 * ${SH}, until = oh1 < out_h ? oh1 * ${SH} : h;
% else:
    for (long plane = first; plane < last; plane++) {
        const int oh0 = 0, oh1 = out_h, from = 0, until = h;
% endif
        __global const ${T}* restrict x = x_g + x_offset + plane * h * w;
        __global ${T}* restrict d = d_g + plane * h * w;
        for (int i = from * w; i < until * w; i++) d[i] = (${T})(total < 0);  // see pool_window.cl
        for (int oh = oh0; oh < oh1; oh++) {
            const int ih0 = oh * ${SH} - ${PH};
            __global const ${T}* restrict y = y_g + y_offset + (plane * out_h + oh) * out_w;
            ${window.inner(kind, KH, KW, SW, PW, DH, DW)}
            for (int ow = 0; ow < out_w; ow++) {
                if (ow == lo && hi > lo) { /* in the order of the windows, as pool_grad_gpu adds */
${inner_windows()}
                    ow = hi - 1;
                    continue;
                }
                const int iw0 = ow * ${SW} - ${PW};
            % if kind == 'max':
                ${window.clipped(kind, TA, KH, KW, DH, DW)}
                ${'if (at >= 0) ' if window.may_be_empty(kind, DH, DW) else ''}d[at] += y[ow];
            % else:
                ${window.divisor(KH, KW, PH, PW, whole, fixed)}
                const ${TA} share = y[ow] / (${TA})count;
                for (int ih = ih0 < 0 ? 0 : ih0; ih < ih0 + ${KH} && ih < h; ih++)
                    for (int iw = iw0 < 0 ? 0 : iw0; iw < iw0 + ${KW} && iw < w; iw++)
                        d[ih * w + iw] += share;
            % endif
            }
        }
    }
}
