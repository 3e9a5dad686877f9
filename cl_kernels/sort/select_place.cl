## A work-item finds the place of element number rank[lane] among those with the key chosen[lane].
<%include file="sort_key.cl"/>
__kernel void select_place(
    __global long* restrict place_g, __global const ${U}* restrict x_g,
    __global const ${U}* restrict chosen_g, __global const int* restrict rank_g,
    const long x_start, const long lanes, const int n
) {
    const long lane = get_global_id(0);
    if (lane >= lanes)
        return;
    x_g += x_start + lane * n;
    const ${U} chosen = chosen_g[lane];
    int rest = rank_g[lane], i = 0;
    for (; i + 64 <= n; i += 64) {
        int here = 0;
        for (int k = 0; k < 64; ++k)
            here += sort_key(x_g[i + k]) == chosen;
        if (rest < here)
            break;
        rest -= here;
    }
    for (; i < n; ++i) {
        if (sort_key(x_g[i]) == chosen && rest-- == 0)
            break;
    }
    place_g[lane] = i;
}
