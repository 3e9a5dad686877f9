## The gradient of pooling to its input, from y, that to its output: a work-item sums up for one element
## what the windows over it give it, in the order of the windows. kind: "max", by the tap that is noted
## of each window, of the unsigned type N (its largest: none), or "avg".
<%page args="T, TA, N, kind, index, KH, KW, SH, SW, PH, PW, DH, DW, whole, fixed"/>\
<%namespace name="window" file="pool_window.cl"/>\
<%namespace name="taps" file="pool_taps.cl"/>\
<%
    over_h, over_w = [((K - 1) * D + S) // S for K, D, S in ((KH, DH, SH), (KW, DW, SW))]
    few = over_h * over_w <= 16
%>\
## Take in what the window (oh, ow) gives.
<%def name="give()">
                const int down = ih + ${PH} - oh * ${SH}, right = iw + ${PW} - ow * ${SW};
% if kind == 'max':
                const ${index} at = begin + oh * out_w + ow;
                if (${f'down % {DH} == 0 && ' if DH > 1 else ''}${f'right % {DW} == 0 && ' if DW > 1 else ''}tap_g[at] == ${f'down / {DH}' if DH > 1 else 'down'} * ${KW} + ${f'right / {DW}' if DW > 1 else 'right'})
                    sum += y_g[at];
% else:
                const int ih0 = oh * ${SH} - ${PH}, iw0 = ow * ${SW} - ${PW};
                ${window.divisor(KH, KW, PH, PW, whole, fixed)}
                sum += y_g[begin + oh * out_w + ow] / (${TA})count;
% endif
</%def>\
__kernel void pool_grad_gpu(
    __global ${T}* restrict d_g, __global const ${T}* restrict y_g,
% if kind == 'max':
    __global const ${N}* restrict tap_g,
% endif
    const long y_offset, const ${index} total, const int h, const int w, const int out_h,
    const int out_w${taps.numbers('row', 'image')}
) {
    const ${index} i = get_global_id(0);
    if (i >= total) return;
    const ${index} line = ${taps.over(index, 'i', 'row', 'w')};
    const ${index} plane = ${taps.over(index, 'line', 'image', 'h')};
    const int iw = (int)(i - line * w), ih = (int)(line - plane * h);
    const ${index} begin = plane * out_h * out_w;
    y_g += y_offset;
    ${TA} sum = (${TA})(h < 0);  // see pool_window.cl
    /* The last windows over it, which may lie beyond the last ones that there are. */
    const int last_h = (ih + ${PH}) / ${SH}, last_w = (iw + ${PW}) / ${SW};
% if few:
% for a in reversed(range(over_h)):
% for b in reversed(range(over_w)):
    {
        const int oh = last_h - ${a}, ow = last_w - ${b};
        if (oh >= 0 && oh < out_h && ow >= 0 && ow < out_w
            && oh * ${SH} + ${(KH - 1) * DH - PH} >= ih && ow * ${SW} + ${(KW - 1) * DW - PW} >= iw) {
${give()}
        }
    }
% endfor
% endfor
% else:
    for (int oh = max(last_h - ${over_h - 1}, 0); oh <= last_h && oh < out_h; ++oh)
        for (int ow = max(last_w - ${over_w - 1}, 0); ow <= last_w && ow < out_w; ++ow)
            if (oh * ${SH} + ${(KH - 1) * DH - PH} >= ih && ow * ${SW} + ${(KW - 1) * DW - PW} >= iw) {
${give()}
            }
% endif
    d_g[i] = sum;
}
