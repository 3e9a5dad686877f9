## A work-item gives `each` elements in a row of what windows add up to: y[o, i, k] is the sum of
## x[o, q, t, k] over the taps t with q * step + t * dilation == i.
__kernel void overlap_add(
    __global ${T}* restrict y_g, __global const ${T}* restrict x_g, const ${index} x_start,
    const ${index} total, const ${index} n, const ${index} windows, const ${index} taps,
    const ${index} step, const ${index} dilation, const ${index} inner, const ${index} each
) {
    const ${index} first = (${index})get_global_id(0) * each;
    const ${index} end = first + each < total ? first + each : total;
    for (${index} at = first; at < end; ++at) {
        const ${index} k = at % inner, i = at / inner % n, o = at / inner / n;
        ${TA} sum = (${TA})(total < 0);  // a constant 0 would vanish, with its sign, on Mesa
        for (${index} t = 0; t < taps && t * dilation <= i; ++t) {
            const ${index} start = i - t * dilation;
            if (start % step == 0 && start / step < windows)
                sum += x_g[x_start + ((o * windows + start / step) * taps + t) * inner + k];
        }
        y_g[at] = (${T})sum;
    }
}
