## A work-group moves a tile of ${each} elements for each work-item to where its digit of 4 bits from
## `shift` on says. It orders the tile in local memory, so that neighbours are
## written to neighbouring places. total[lane][digit][tile] sums up what comes up to there.
<%include file="sort_key.cl"/>
<% tile = group * each %>
__kernel void radix_move_gpu(
% if values:
    __global ${U}* restrict y_g,
% endif
% if order:
    __global ${O}* restrict order_g,
% endif
    __global const ${U}* restrict x_g,
% if order and not first:
    __global const int* restrict place_g,
% endif
    __global const int* restrict total_g,
    const long x_start, const int n, const int blocks, const int block, const int shift
) {
    __local ${U} keep[${tile}];
    __local int before[${16 * group}], sums[${group}], starts[16];
    __local ushort from[${tile}];
    const int item = get_local_id(0);
    const int b = (int)(get_group_id(0) % blocks);
    const long lane = get_group_id(0) / blocks;
    const int low = b * block;
    const int count = n - low < block ? n - low : block;
    total_g += lane * 16 * blocks;
    x_g += x_start + lane * n + low;
    for (int j = item; j < count; j += ${group})
        keep[j] = x_g[j];
    for (int d = 0; d < 16; ++d)
        before[d * ${group} + item] = 0;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int j = item * ${each}; j < (item + 1) * ${each} && j < count; ++j)
        ++before[(int)((sort_key(keep[j]) >> shift) & 15) * ${group} + item];
    barrier(CLK_LOCAL_MEM_FENCE);
    /* Each sums up 16 neighbours, one all of these. */
    int sum = 0;
    for (int k = 0; k < 16; ++k)
        sum += before[item * 16 + k];
    sums[item] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (item == 0) {
        int all = 0;
        for (int k = 0; k < ${group}; ++k) {
            const int s = sums[k];
            sums[k] = all;
            all += s;
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    sum = sums[item];
    for (int k = 0; k < 16; ++k) {
        const int s = before[item * 16 + k];
        before[item * 16 + k] = sum;
        sum += s;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int d = item; d < 16; d += ${group})
        starts[d] = before[d * ${group}];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int j = item * ${each}; j < (item + 1) * ${each} && j < count; ++j)
        from[before[(int)((sort_key(keep[j]) >> shift) & 15) * ${group} + item]++] = j;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int r = item; r < count; r += ${group}) {
        const int j = from[r];
        const ${U} v = keep[j];
        const int d = (int)((sort_key(v) >> shift) & 15);
        const int cell = d * blocks + b;
        const long to = lane * n + (cell ? total_g[cell - 1] : 0) + r - starts[d];
% if values:
        y_g[to] = v;
% endif
% if order:
        order_g[to] = ${'low + j' if first else 'place_g[lane * n + low + j]'};
% endif
    }
}
