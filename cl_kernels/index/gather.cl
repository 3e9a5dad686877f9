## A work-item computes `each` consecutive elements of y[o,j,i] = x[o, index[o,j,i], i], all dense.
## T is an unsigned type of the element size.
<%namespace name="w" file="wrap.cl"/>\
${w.function()}__kernel void gather(
    __global ${T}* restrict y_g, __global const ${T}* restrict x_g,
    __global const ${I}* restrict index_g,
    const ${index} x_start, const ${index} index_start,
    const ${index} count, const ${index} n, const ${index} m, const ${index} inner,
    const ${index} each, __global long* fault_g, const int site
) {
    const ${index} first = (${index})get_global_id(0) * each;
    const ${index} end = first + each < count ? first + each : count;
    ${index} i = first % inner, j = first / inner % m;
    ${index} part = x_start + first / (inner * m) * n * inner;
    for (${index} at = first; at < end; ++at) {
        const ${index} k = (${index})${w.wrap('index_g[index_start + at]', I, 'n')};
        y_g[at] = x_g[part + k * inner + i];
        if (++i == inner) {
            i = 0;
            if (++j == m) {
                j = 0;
                part += n * inner;
            }
        }
    }
}
