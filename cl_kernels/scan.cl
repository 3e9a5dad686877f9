## A work-item sums up a block of `block` consecutive elements along the axis of one lane, from the
## far end when reverse; with totals it also notes each block's sum, for the carry kernel.
__kernel void scan(
    __global ${T}* restrict y_g,
% if totals:
    __global ${T}* restrict total_g,
% endif
    __global const ${T}* restrict x_g, const ${index} x_start,
    const ${index} lanes, const ${index} n, const ${index} inner,
    const ${index} blocks, const ${index} block, const ${index} each
) {
    const ${index} first = (${index})get_global_id(0) * each;
    const ${index} end = first + each < lanes * blocks ? first + each : lanes * blocks;
    for (${index} item = first; item < end; ++item) {
        const ${index} i = item % inner;
        const ${index} b = item / inner % blocks;
        const ${index} o = item / inner / blocks;
        const ${index} low = b * block;
        const ${index} high = low + block < n ? low + block : n;
        ${T} acc = 0;
        for (${index} k = low; k < high; ++k) {
            const ${index} at = (o * n + ${"n - 1 - k" if reverse else "k"}) * inner + i;
            acc += x_g[x_start + at];
            y_g[at] = acc;
        }
% if totals:
        total_g[(o * blocks + b) * inner + i] = acc;
% endif
    }
}
