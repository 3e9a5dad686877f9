## A work-item finds for a lane the digit of 8 bits of the element that is number rank[lane] of those
## that were counted, and puts it behind the digits chosen before; `rank` is then that among the
## elements with these.
__kernel void select_digit(
    __global ${U}* restrict chosen_g, __global int* restrict rank_g,
    __global const int* restrict count_g, const long lanes, const int blocks, const int first
) {
    const long lane = get_global_id(0);
    if (lane >= lanes)
        return;
    count_g += lane * 256 * blocks;
    int rest = rank_g[lane];
    for (int d = 0; d < 256; ++d) {
        int here = 0;
        for (int b = 0; b < blocks; ++b)
            here += count_g[d * blocks + b];
        if (rest < here) {
            chosen_g[lane] = first ? d : (${U})((ulong)chosen_g[lane] << 8 | d);
            break;
        }
        rest -= here;
    }
    rank_g[lane] = rest;
}
