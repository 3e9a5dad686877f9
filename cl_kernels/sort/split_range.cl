## The smallest and the largest key of a block of a lane: range[lane][block][2]. A work-item (of a CPU)
## has a block.
<%include file="sort_key.cl"/>
__kernel void split_range(
    __global ${U}* restrict range_g, __global const ${U}* restrict x_g,
    const long x_start, const int n, const int blocks, const int block
) {
    const long b = get_global_id(0);
    const int low = (int)(b % blocks) * block;
    const int high = n - low < block ? n : low + block;
    x_g += x_start + b / blocks * n;
    ${U} least = (${U})~(${U})0, most = 0;
    for (int i = low; i < high; ++i) {
        const ${U} key = sort_key(x_g[i]);
        least = key < least ? key : least;
        most = key > most ? key : most;
    }
    range_g[2 * b] = least;
    range_g[2 * b + 1] = most;
}
