## A work-item goes along some lanes, from the far end when reverse: each y is b + a times the y
## before it.
<% times = "cx_mul({}, {})" if T[-1] == "2" else "{} * {}" %>
__kernel void recurrence(
    __global ${T}* restrict y_g, __global const ${T}* restrict a_g,
    __global const ${T}* restrict b_g,
    const long a_start, const long b_start, const long lanes, const long n, const long inner,
    const long each
) {
    const long first = (long)get_global_id(0) * each;
    const long end = first + each < lanes ? first + each : lanes;
    for (long lane = first; lane < end; ++lane) {
        const long start = lane / inner * n * inner + lane % inner;
        ${A} y = 0;
        for (long k = 0; k < n; ++k) {
            const long at = start + ${'(n - 1 - k)' if reverse else 'k'} * inner;
            y = k ? b_g[b_start + at] + ${times.format('a_g[a_start + at]', 'y')} : (${A})b_g[b_start + at];
            y_g[at] = y;
        }
    }
}
