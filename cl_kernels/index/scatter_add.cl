## A work-item owns some lanes (o, i) and a range of destinations in them, and goes through the
## sources in order: y[o, index[o,j,i], i] += x[o,j,i], or what `combine` is of both, a and b. No
## atomics, so the order is fixed and every type works; ranges of destinations give parallel work when there are few lanes.
<%namespace name="w" file="wrap.cl"/>\
${w.function()}INLINE ${T} combine(const ${T} a, const ${T} b) {
    return ${combine};
}
__kernel void scatter_add(
    __global ${T}* restrict y_g, __global const ${T}* restrict x_g,
    __global const ${I}* restrict index_g,
    const ${index} x_start, const ${index} index_start,
    const ${index} outer, const ${index} n, const ${index} m, const ${index} inner,
    const ${index} index_o, const ${index} index_j, const ${index} index_i,
    const ${index} outer_each, const ${index} n_each, const ${index} inner_each,
    __global long* fault_g, const int site
) {
    const ${index} o_first = (${index})get_global_id(0) * outer_each;
    const ${index} k_first = (${index})get_global_id(1) * n_each;
    const ${index} i_first = (${index})get_global_id(2) * inner_each;
    const ${index} o_end = o_first + outer_each < outer ? o_first + outer_each : outer;
    const ${index} k_end = k_first + n_each < n ? k_first + n_each : n;
    const ${index} i_end = i_first + inner_each < inner ? i_first + inner_each : inner;
    for (${index} o = o_first; o < o_end; ++o) {
        for (${index} j = 0; j < m; ++j) {
            __global const ${I}* at_g = index_g + index_start + o * index_o + j * index_j;
            __global const ${T}* restrict from = x_g + x_start + (o * m + j) * inner;
% if shared:
            const ${index} k = (${index})${w.wrap('at_g[0]', I, 'n')};
            if (k < k_first || k >= k_end)
                continue;
            __global ${T}* restrict to = y_g + (o * n + k) * inner;
            for (${index} i = i_first; i < i_end; ++i)
                to[i] = combine(to[i], from[i]);
% else:
            for (${index} i = i_first; i < i_end; ++i) {
                const ${index} k = (${index})${w.wrap('at_g[i * index_i]', I, 'n')};
                if (k >= k_first && k < k_end)
                    y_g[(o * n + k) * inner + i] = combine(y_g[(o * n + k) * inner + i], from[i]);
            }
% endif
        }
    }
}
