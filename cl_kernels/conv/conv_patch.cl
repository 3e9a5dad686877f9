## Shared parts of the convolution kernels for CPU devices: a zero-padded patch of an image in local
## memory, one plane per stride phase, so that every tap reads consecutive elements of one plane.
##
## Rows and columns of a convolution are described alike by four numbers: output i with tap t reads
## input i*step + start + t*tap. Tap t then lies in phase (t*tap) % step at distance (t*tap) / step.

## Arguments of a kernel that describe the correlation.
<%def name="geometry()">
    const int h, const int w, const int out_h, const int out_w,
    const int taps_h, const int taps_w, const int step_h, const int step_w,
    const int start_h, const int start_w, const int tap_h, const int tap_w
</%def>

<%def name="geometry_names()"><% return ("h, w, out_h, out_w, taps_h, taps_w, step_h, step_w, "
    "start_h, start_w, tap_h, tap_w") %></%def>

## Sizes that follow from them: phases and reach of the taps, for blocks of n_rows x n_cols outputs.
<%def name="sizes(n_rows, n_cols)">
    const int span_h = (taps_h - 1) * tap_h, span_w = (taps_w - 1) * tap_w;
    const int phases_h = span_h + 1 < step_h ? span_h + 1 : step_h;
    const int phases_w = span_w + 1 < step_w ? span_w + 1 : step_w;
    const int pitch = ${n_cols} + span_w / step_w;
    const int plane = (${n_rows} + span_h / step_h) * pitch;
    const int patch = plane * phases_h * phases_w;
</%def>

## reach[k]: where tap k = (tap row, channel, tap column) of `channels` lies, from the element of
## the first output. Tap rows come first, so that those that fall on padding are a run to leave out.
<%def name="reach_table(reach, channels)">
    {
        int k = 0;
        for (int th = 0; th < taps_h; th++)
            for (int c = 0; c < ${channels}; c++)
                for (int tw = 0; tw < taps_w; tw++) {
                    const int ah = th * tap_h, aw = tw * tap_w;
                    ${reach}[k++] = c * patch + (ah / step_h) * pitch + aw / step_w
                        + ((ah % step_h) * phases_w + aw % step_w) * plane;
                }
    }
</%def>

## Tap rows [lo, hi) are those that meet the image for some output row from top to bottom.
<%def name="live_taps(lo, hi, top, bottom)">
    int ${lo} = 0, ${hi} = taps_h;
    while (${lo} < ${hi} && (${bottom}) * step_h + start_h + ${lo} * tap_h < 0) ${lo}++;
    while (${hi} > ${lo} && (${top}) * step_h + start_h + (${hi} - 1) * tap_h >= h) ${hi}--;
</%def>

## A function that copies one plane of one phase: what of it lies inside the image. With fill, the
## rest becomes zero; it stays so when the next image goes to the same place.
<%def name="copy_function(TI, TA, VW)">
<% CW = min(VW, 8) %>
/* Rows of images are short: vectors to copy them are no longer than 8. */
typedef ${TA}${CW} copy_vec;
typedef ${TA}${CW} __attribute__((aligned(sizeof(${TA})))) copy_uvec;
static void copy_plane(__local ${TA}* d, __global const ${TI}* x, const int h, const int w,
                       const int ih0, const int iw0, const int step_h, const int step_w,
                       const int rows, const int pitch, const int fill)
{
    /* columns [lo, hi) lie inside the image */
    int lo = iw0 < 0 ? -iw0 : 0, hi = w > iw0 ? w - iw0 : 0;
    if (step_w > 1) {
        lo = (lo + step_w - 1) / step_w;
        hi = (hi + step_w - 1) / step_w;
    }
    if (hi > pitch) hi = pitch;
    if (lo > hi) lo = hi;
    if (fill)
        for (int i = 0; i < rows * pitch; i++) d[i] = 0;
    for (int i = 0; i < rows; i++, d += pitch) {
        const int ih = ih0 + i * step_h;
        if (ih < 0 || ih >= h) continue;
        __global const ${TI}* s = x + (long)ih * w + iw0;
        int j = lo;
    % if TI == TA:
        if (step_w == 1) {
            for (; j + ${CW} <= hi; j += ${CW})
                *(__local copy_uvec*)(d + j) = *(__global const copy_uvec*)(s + j);
            if (j < hi && hi - lo >= ${CW}) {
                *(__local copy_uvec*)(d + hi - ${CW}) = *(__global const copy_uvec*)(s + hi - ${CW});
                j = hi;
            }
        }
    % endif
    % if TI == TA:
        if (step_w == 2) {
            /* Every other element of two vectors, which begin one early where the row does not
               begin, so as not to reach beyond its end. */
            const int odd = 2 * lo + iw0 > 0;
            const int end = odd || 2 * hi + iw0 <= w ? hi : hi - 1;
            while (end - lo >= ${CW} && j < end) {
                if (j + ${CW} > end) j = end - ${CW};
                const copy_vec p = *(__global const copy_uvec*)(s + 2 * j - odd);
                const copy_vec q = *(__global const copy_uvec*)(s + 2 * j - odd + ${CW});
                *(__local copy_uvec*)(d + j)
                    = odd ? (copy_vec)(p.odd, q.odd) : (copy_vec)(p.even, q.even);
                j += ${CW};
            }
        }
    % endif
        for (; j < hi; j++) d[j] = s[(long)j * step_w];
    }
}
</%def>

## A function that copies a plane with its elements step_h and step_w apart, and zeros between.
<%def name="spread_function(TI, TA)">
static void spread_plane(__local ${TA}* d, __global const ${TI}* x, const int h, const int w,
                         const int ih0, const int iw0, const int step_h, const int step_w,
                         const int rows, const int pitch, const int fill)
{
    if (fill)
        for (int i = 0; i < rows * pitch; i++) d[i] = 0;
    const int top = ih0 > 0 ? (ih0 + step_h - 1) / step_h : 0;
    const int left = iw0 > 0 ? (iw0 + step_w - 1) / step_w : 0;
    const int right = iw0 + pitch > 0 ? (iw0 + pitch + step_w - 1) / step_w : 0;
    const int stop = right < w ? right : w;
    for (int i = top; i < h && i * step_h - ih0 < rows; i++) {
        __local ${TA}* e = d + (i * step_h - ih0) * pitch - iw0;
        for (int j = left; j < stop; j++) e[j * step_w] = x[(long)i * w + j];
    }
}
</%def>

## Copies all phases of `channels` planes starting at x into `patch_l`.
<%def name="copy_patch(patch_l, x, channels, row0, col0, n_rows, fill)">
    for (int c = 0; c < ${channels}; c++)
        for (int fh = 0; fh < phases_h; fh++)
            for (int fw = 0; fw < phases_w; fw++)
                copy_plane(${patch_l} + c * patch + (fh * phases_w + fw) * plane,
                           ${x} + (long)c * h * w, h, w,
                           (${row0}) * step_h + start_h + fh, (${col0}) * step_w + start_w + fw,
                           step_h, step_w, ${n_rows} + span_h / step_h, pitch, ${fill});
</%def>

## Replaces every other one of 2*VW elements from p on by those of c, the first one or the second
## one as y_phase says; adds to what is there unless `first`.
<%def name="replace_half(p, c, VW)">
<%
    digits = '0123456789abcdef'
    def blend(new, old, start, phase):
        return ', '.join(f'{new}.s{digits[start + l // 2]}' if l % 2 == phase else f'{old}.s{digits[l]}'
                         for l in range(VW))
%>
{
    __global uvec* lo = (__global uvec*)(${p});
    __global uvec* hi = (__global uvec*)(${p} + ${VW});
    const vec a = *lo, b = *hi;
    if (y_phase) {
        const vec s = first ? ${c} : ${c} + (vec)(a.odd, b.odd);
        *lo = (vec)(${blend('s', 'a', 0, 1)});
        *hi = (vec)(${blend('s', 'b', VW // 2, 1)});
    } else {
        const vec s = first ? ${c} : ${c} + (vec)(a.even, b.even);
        *lo = (vec)(${blend('s', 'a', 0, 0)});
        *hi = (vec)(${blend('s', 'b', VW // 2, 0)});
    }
}
</%def>
