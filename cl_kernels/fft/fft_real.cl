## A work-item takes `each` pairs of elements across from each other, k and m - k, of real lines of 2 m
## elements, seen as m complex ones. From their transform, m elements, it makes the spectrum of the
## reals, m + 1; backwards (inverse) it makes what a transform turns into pairs of reals. Across from
## the first element of the transform is the last of the spectrum, and both are real.
<%
    C = {'float': 'float2', 'double': 'double2'}[R]
    given, made = ('m + 1', 'm') if inverse else ('m', 'm + 1')
    half = '(%s)%s' % (R, '1' if inverse else '0.5')
%>\
#define SPLIT(p, q, w) \
    const ${C} even = (${C})(p.x + q.x, p.y - q.y), odd = (${C})(p.x - q.x, p.y + q.y); \
% if inverse:
    const ${C} turned = (${C})(w.y * odd.x - w.x * odd.y, w.x * odd.x + w.y * odd.y);
% else:
    const ${C} turned = (${C})(w.x * odd.y + w.y * odd.x, w.y * odd.y - w.x * odd.x);
% endif
__kernel void fft_real(
    __global ${C}* restrict y_g, __global const ${C}* restrict x_g,
    __global const ${C}* restrict w_g,
    const ${index} x_start, const ${index} count, const ${index} each, const ${index} m
) {
    const ${index} pairs = m / 2 + 1, first = (${index})get_global_id(0) * each;
    const ${index} end = first + each < count ? first + each : count;
    ${index} line = first / pairs, k = first - line * pairs;
    for (${index} at = first; at < end; ++line, k = 0) {
        __global const ${C}* restrict x = x_g + x_start + line * (${given});
        __global ${C}* restrict y = y_g + line * (${made});
        const ${index} stop = end - at < pairs - k ? k + end - at : pairs;
        at += stop - k;
        if (k == 0) {
% if inverse:
            const ${C} p = (${C})(x[0].x, 0), q = (${C})(x[m].x, 0);
% else:
            const ${C} p = x[0], q = p;
% endif
            SPLIT(p, q, w_g[0])
            y[0] = (even + turned) * ${half};
% if not inverse:
            y[m] = (${C})(even.x - turned.x, turned.y - even.y) * ${half};
% endif
            k = 1;
        }
        for (; k < stop; ++k) {
            const ${C} p = x[k], q = x[m - k], w = w_g[k];
            SPLIT(p, q, w)
            y[k] = (even + turned) * ${half};
            y[m - k] = (${C})(even.x - turned.x, turned.y - even.y) * ${half};
        }
    }
}
