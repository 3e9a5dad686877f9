## A work-item adds to `each` consecutive elements of a blockwise scan the sum of the blocks before.
__kernel void scan_carry(
    __global ${T}* restrict y_g, __global const ${T}* restrict total_g,
    const ${index} count, const ${index} n, const ${index} inner,
    const ${index} blocks, const ${index} block, const ${index} each
) {
    const ${index} first = (${index})get_global_id(0) * each;
    const ${index} end = first + each < count ? first + each : count;
    for (${index} at = first; at < end; ++at) {
        const ${index} i = at % inner;
        const ${index} k = at / inner % n;
        const ${index} o = at / inner / n;
        const ${index} b = ${"(n - 1 - k)" if reverse else "k"} / block;
        if (b > 0)
            y_g[at] += total_g[(o * blocks + b - 1) * inner + i];
    }
}
