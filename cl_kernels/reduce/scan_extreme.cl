## A work-item goes along some lanes and notes the index of the largest (or smallest) element so far:
## of equals the last, and from a NaN on that NaN.
__kernel void scan_extreme(
    __global long* restrict y_g, __global const ${T}* restrict x_g, const ${index} x_start,
    const ${index} lanes, const ${index} n, const ${index} inner, const ${index} each
) {
    const ${index} first = (${index})get_global_id(0) * each;
    const ${index} end = first + each < lanes ? first + each : lanes;
    for (${index} lane = first; lane < end; ++lane) {
        const ${index} start = lane / inner * n * inner + lane % inner;
        ${T} best = x_g[x_start + start];
        long place = 0;
        y_g[start] = 0;
        for (${index} k = 1; k < n; ++k) {
            const ${T} x = x_g[x_start + start + k * inner];
            if (x != x || (best == best && x ${better} best)) {
                best = x;
                place = k;
            }
            y_g[start + k * inner] = place;
        }
    }
}
