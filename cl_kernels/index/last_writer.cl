## For each position, the last of the positions with the same place: a binary search in `order_g`,
## which lists the positions sorted by place, equal places in order.
__kernel void last_writer(
    __global int* restrict y_g, __global const int* restrict order_g,
    __global const ${T}* restrict place_g, const int count
) {
    const int gid = (int)get_global_id(0);
    if (gid >= count)
        return;
    const ${T} place = place_g[gid];
    int low = 0, high = count;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (place_g[order_g[middle]] > place)
            high = middle;
        else
            low = middle + 1;
    }
    y_g[gid] = order_g[low - 1];
}
