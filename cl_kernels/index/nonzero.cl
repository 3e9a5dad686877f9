## A work-item writes the coordinates of the non-zero elements of its block, one row per axis, from
## the place that the running total of the blocks before it gives. Each element is written where the
## next one belongs, and stays there if it is not zero: no jump depends on what the elements are.
<%namespace name="coordinates" file="coordinates.cl"/>\
__kernel void nonzero(
    __global long* restrict y_g, __global const ${T}* restrict x_g,
    __global const long* restrict total_g,
    const long x_start, const long each, const long blocks
% for d in range(rank):
    , const long n${d}
% endfor
    , const long found
) {
    const long block = get_global_id(0);
    if (block >= blocks)
        return;
    long to = block ? total_g[block - 1] : 0;
    const long stop = total_g[block];
    long at = block * each, rest = at;
${coordinates.of(rank)}
    for (; to < stop; ++at) {
% for d in range(rank):
        y_g[${d} * found + to] = c${d};
% endfor
        to += x_g[x_start + at] != 0;
${coordinates.advance(rank)}
    }
}
