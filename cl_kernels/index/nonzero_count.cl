## A work-item counts the non-zero elements of its block of `each` consecutive ones.
__kernel void nonzero_count(
    __global long* restrict y_g, __global const ${T}* restrict x_g,
    const long x_start, const long count, const long each, const long blocks
) {
    const long block = get_global_id(0);
    if (block >= blocks)
        return;
    const long first = block * each;
    const long end = first + each < count ? first + each : count;
    int found = 0;
    for (long at = first; at < end; ++at)
        found += x_g[x_start + at] != 0;
    y_g[block] = found;
}
