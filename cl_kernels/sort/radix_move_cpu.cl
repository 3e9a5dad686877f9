## A work-item moves a block of a lane to where its digit of 8 bits from `shift` on says: behind all
## smaller digits, and behind its own in the blocks before. count[lane][digit][block] says how many
## there are. first: the places of elements are where they are; O is the type of those written.
<%include file="sort_key.cl"/>
__kernel void radix_move_cpu(
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
    __global const int* restrict count_g,
    const long x_start, const int n, const int blocks, const int block, const int shift
) {
    const int b = (int)(get_global_id(0) % blocks);
    const long lane = get_global_id(0) / blocks;
    const int low = b * block;
    const int high = n - low < block ? n : low + block;
    count_g += lane * 256 * blocks;
    int at[256];
    int total = 0;
    for (int d = 0; d < 256; ++d) {
        for (int k = 0; k < blocks; ++k) {
            at[d] = k == b ? total : at[d];
            total += count_g[d * blocks + k];
        }
    }
    x_g += x_start + lane * n;
% if values:
    y_g += lane * n;
% endif
% if order:
    order_g += lane * n;
% if not first:
    place_g += lane * n;
% endif
% endif
    for (int i = low; i < high; ++i) {
        const ${U} v = x_g[i];
        const int to = at[(sort_key(v) >> shift) & 255]++;
% if values:
        y_g[to] = v;
% endif
% if order:
        order_g[to] = ${'i' if first else 'place_g[i]'};
% endif
    }
}
