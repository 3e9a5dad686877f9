## A work-item (of a CPU) finds the k first elements, by key, of each of `each` blocks of lanes, in
## order, and their places; of equals the first. k is at most ${most}, and no block is shorter.
## placed: x is what was found before in several blocks, with the places from_g.
<%include file="sort_key.cl"/>
INLINE void enter(${U}* keys, int* places, const int end, const ${U} key, const int place) {
    int at = end;
    for (; at > 0 && keys[at - 1] > key; --at) {
        keys[at] = keys[at - 1];
        places[at] = places[at - 1];
    }
    keys[at] = key;
    places[at] = place;
}
__kernel void best(
    __global ${U}* restrict y_g, __global long* restrict place_g, __global const ${U}* restrict x_g,
% if placed:
    __global const long* restrict from_g,
% endif
    const long x_start, const long items, const int n, const int blocks, const int block,
    const int k, const long each
) {
    const long end = (get_global_id(0) + 1) * each < items ? (get_global_id(0) + 1) * each : items;
    for (long item = get_global_id(0) * each; item < end; ++item) {
        const int b = (int)(item % blocks);
        const int low = b * block;
        const int high = b == blocks - 1 ? n : low + block;
        const long start = item / blocks * n;
        __global const ${U}* restrict x = x_g + x_start + start;
        ${U} keys[${most}];
        int places[${most}];
        int i = low;
        for (; i < low + k; ++i)
            enter(keys, places, i - low, sort_key(x[i]), i);
        for (; i + 16 <= high; i += 16) {
            const ${U} worst = keys[k - 1];
            int some = 0;
            for (int j = 0; j < 16; ++j)
                some |= sort_key(x[i + j]) < worst;
            for (int j = 0; some && j < 16; ++j) {
                const ${U} key = sort_key(x[i + j]);
                if (key < keys[k - 1])
                    enter(keys, places, k - 1, key, i + j);
            }
        }
        for (; i < high; ++i) {
            const ${U} key = sort_key(x[i]);
            if (key < keys[k - 1])
                enter(keys, places, k - 1, key, i);
        }
        for (int j = 0; j < k; ++j) {
            y_g[item * k + j] = x[places[j]];
            place_g[item * k + j] = ${'from_g[start + places[j]]' if placed else 'places[j]'};
        }
    }
}
