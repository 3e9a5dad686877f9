## A work-item writes the coordinates of the non-zero elements of its block, one row per axis, from
## the place that the running total of the blocks before it gives.
__kernel void nonzero(
    __global long* restrict y_g, __global const ${T}* restrict x_g,
    __global const long* restrict total_g,
    const long x_start, const long count, const long each, const long blocks
% for d in range(rank):
    , const long n${d}
% endfor
    , const long found
) {
    const long block = get_global_id(0);
    if (block >= blocks)
        return;
    const long first = block * each;
    const long end = first + each < count ? first + each : count;
    long to = block ? total_g[block - 1] : 0;
    for (long at = first; at < end; ++at) {
        if (x_g[x_start + at] == 0)
            continue;
        long rest = at;
% for d in reversed(range(rank)):
        y_g[${d} * found + to] = rest ${"" if d == 0 else f"% n{d}"};
        rest /= n${d};
% endfor
        ++to;
    }
}
