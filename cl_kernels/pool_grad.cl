## The gradient of pooling to its input, from y, that to its output. mode says what a work-item does:
## "tiles" some rows of windows that do not overlap, "planes" whole planes window by window, and
## "gather" one element, looking at every window over it.
<%page args="T, TA, kind, mode, KH, KW, SH, SW, PH=0, PW=0, DH=1, DW=1, whole=True, fixed=0"/>\
<%namespace name="window" file="pool_window.cl"/>\
__kernel void pool_grad(__global ${T}* restrict d_g, __global const ${T}* restrict y_g,
                        __global const ${T}* restrict x_g, const long y_offset, const long x_offset,
                        const long total, const int h, const int w, const int out_h, const int out_w,
                        const int each)
{
    const long first = (long)get_global_id(0) * each;
    const long last = first + each < total ? first + each : total;
% if mode == 'tiles':
    for (long row = first; row < last; row++) {
        const int oh = row % out_h, ih0 = oh * ${SH};
        const long plane = row / out_h;
        __global const ${T}* restrict x = x_g + x_offset + plane * h * w;
        __global const ${T}* restrict y = y_g + y_offset + row * out_w;
        __global ${T}* restrict d = d_g + plane * h * w;
        const int end = oh + 1 < out_h ? ih0 + ${SH} : h;
        /* elements of these rows that no window, or only a clipped one, covers */
        const int whole_h = ih0 + ${KH} <= h;
        int whole_w = whole_h ? (w - ${KW} + ${SW}) / ${SW} : 0;
        if (whole_w > out_w) whole_w = out_w;
    % if KW == SW:
        const int bare = whole_w * ${SW};
    % else:
        const int bare = 0;
    % endif
        for (int ih = ih0; ih < end; ih++)
            for (int iw = ih < ih0 + ${KH} ? bare : 0; iw < w; iw++) d[ih * w + iw] = 0;
        for (int ow = 0; ow < whole_w; ow++) {
            const int iw0 = ow * ${SW};
        % if kind == 'max':
            ${window.inside(kind, TA, KH, KW, DH, DW)}
        % else:
            const ${TA} share = y[ow] / (${TA})${fixed or KH * KW};
        % endif
        % for i in range(KH):
        % for j in range(KW):
            {
                const int place = (ih0 + ${i}) * w + iw0 + ${j};
                d[place] = ${'share' if kind == 'avg' else 'at == place ? y[ow] : (%s)0' % T};
            }
        % endfor
        % endfor
        }
        for (int ow = whole_w; ow < out_w; ow++) {
            const int iw0 = ow * ${SW};
        % if kind == 'max':
            ${window.clipped(kind, TA, KH, KW, DH, DW)}
            d[at] = y[ow];
        % else:
            ${window.divisor(KH, KW, PH, PW, whole, fixed)}
            for (int ih = ih0; ih < ih0 + ${KH} && ih < h; ih++)
                for (int iw = iw0; iw < iw0 + ${KW} && iw < w; iw++)
                    d[ih * w + iw] = y[ow] / (${TA})count;
        % endif
        }
    }
% elif mode == 'planes':
    for (long plane = first; plane < last; plane++) {
        __global const ${T}* restrict x = x_g + x_offset + plane * h * w;
        __global const ${T}* restrict y = y_g + y_offset + plane * out_h * out_w;
        __global ${T}* restrict d = d_g + plane * h * w;
        for (int i = 0; i < h * w; i++) d[i] = 0;
        for (int oh = 0; oh < out_h; oh++)
            for (int ow = 0; ow < out_w; ow++) {
                const int ih0 = oh * ${SH} - ${PH}, iw0 = ow * ${SW} - ${PW};
                const ${T} g = y[oh * out_w + ow];
            % if kind == 'max':
                if (ih0 >= 0 && iw0 >= 0 && ih0 + ${(KH - 1) * DH} < h && iw0 + ${(KW - 1) * DW} < w) {
                    ${window.inside(kind, TA, KH, KW, DH, DW)}
                    d[at] += g;
                } else {
                    ${window.clipped(kind, TA, KH, KW, DH, DW)}
                    d[at] += g;
                }
            % else:
                ${window.divisor(KH, KW, PH, PW, whole, fixed)}
                const ${TA} share = g / (${TA})count;
                for (int ih = ih0 < 0 ? 0 : ih0; ih < ih0 + ${KH} && ih < h; ih++)
                    for (int iw = iw0 < 0 ? 0 : iw0; iw < iw0 + ${KW} && iw < w; iw++)
                        d[ih * w + iw] += share;
            % endif
            }
    }
% else:
    for (long i = first; i < last; i++) {
        const int here = i % ((long)h * w), ih = here / w, iw = here % w;
        const long plane = i / ((long)h * w);
        __global const ${T}* restrict x = x_g + x_offset + plane * h * w;
        __global const ${T}* restrict y = y_g + y_offset + plane * out_h * out_w;
        const int before_h = ih + ${PH - (KH - 1) * DH}, before_w = iw + ${PW - (KW - 1) * DW};
        ${TA} sum = 0;
        for (int oh = before_h > 0 ? (before_h + ${SH - 1}) / ${SH} : 0;
             oh < out_h && oh * ${SH} - ${PH} <= ih; oh++)
            for (int ow = before_w > 0 ? (before_w + ${SW - 1}) / ${SW} : 0;
                 ow < out_w && ow * ${SW} - ${PW} <= iw; ow++) {
                const int ih0 = oh * ${SH} - ${PH}, iw0 = ow * ${SW} - ${PW};
            % if kind == 'max':
                ${window.clipped(kind, TA, KH, KW, DH, DW)}
                if (at == here) sum += y[oh * out_w + ow];
            % else:
                ${window.divisor(KH, KW, PH, PW, whole, fixed)}
                sum += y[oh * out_w + ow] / (${TA})count;
            % endif
            }
        d_g[i] = sum;
    }
% endif
}
