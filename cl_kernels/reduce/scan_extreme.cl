## A work-item goes along a block of some lanes and notes the largest (or smallest) element so far and
## its index: of equals the last, and from a NaN on the last NaN. Mode "totals" notes only the index that
## a block ends with, "carried" starts from the best of those of the blocks before.
<% worse = '<' if better[0] == '>' else '>' %>\
__kernel void scan_extreme(
% if mode != "totals":
    __global ${T}* restrict y_g,
% endif
    __global long* restrict place_g, __global const ${T}* restrict x_g,
% if mode == "carried":
    __global const long* restrict total_g,
% endif
    const ${index} x_start, const ${index} items, const ${index} n, const ${index} inner,
    const ${index} blocks, const ${index} block, const ${index} each
) {
    const ${index} first = (${index})get_global_id(0) * each;
    const ${index} end = first + each < items ? first + each : items;
    for (${index} item = first; item < end; ++item) {
        const ${index} lane = item / blocks, b = item % blocks;
        const ${index} start = lane / inner * n * inner + lane % inner;
        const ${index} low = b * block;
        const ${index} high = low + block < n ? low + block : n;
        __global const ${T}* restrict x = x_g + x_start + start;
        long place = low;
        ${T} best = x[low * inner];
#define TAKE(v, at) if (v != v || (best == best && v ${better} best)) { best = v; place = at; }
% if mode == "carried":
        for (${index} k = 0; k < b; ++k) {
            const long at = total_g[lane * blocks + k];
            const ${T} v = x[at * inner];
            if (k == 0) {
                best = v;
                place = at;
            }
            TAKE(v, at)
        }
% endif
        ${index} k = low;
        while (k < high) {
            /* Most runs of 16 have no better element, which vectors tell; others wait for each. */
            const ${index} stop = high - k < 16 ? high : k + 16;
            int some = stop - k < 16;
            if (!some)
                for (int q = 0; q < 16; ++q)
                    some |= !(x[(k + q) * inner] ${worse} best);
            for (; k < stop; ++k) {
                if (some) {
                    const ${T} v = x[k * inner];
                    TAKE(v, k)
                }
% if mode != "totals":
                y_g[start + k * inner] = best;
                place_g[start + k * inner] = place;
% endif
            }
        }
% if mode == "totals":
        place_g[item] = place;
% endif
    }
}
