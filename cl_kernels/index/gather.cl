## A work-item computes `each` consecutive elements of y[o,j,i] = x[o, index[o,j,i], i], all dense.
## T is an unsigned type of the element size; last: inner is 1. It goes by rows, along j if `last` and
## along i else, in whose loop nothing but the index changes.
<%namespace name="w" file="wrap.cl"/>\
<% row = 'm' if last else 'inner' %>\
${w.function()}__kernel void gather(
    __global ${T}* restrict y_g, __global const ${T}* restrict x_g,
    __global const ${I}* restrict index_g,
    const ${index} x_start, const ${index} index_start,
    const ${index} count, const ${index} n, const ${index} m, const ${index} inner,
    const ${index} each, __global long* fault_g, const int site
) {
    const ${index} first = (${index})get_global_id(0) * each;
    const ${index} end = first + each < count ? first + each : count;
    ${index} i = first % ${row}, part = x_start + first / (inner * m) * n * inner;
% if not last:
    ${index} j = first / inner % m;
% endif
    for (${index} at = first; at < end; i = 0) {
        const ${index} stop = end - at < ${row} - i ? end : at + ${row} - i;
% if last:
        __global const ${T}* x = x_g + part;
        for (; at < stop; ++at)
            y_g[at] = x[${w.wrap('index_g[index_start + at]', I, 'n')}];
        part += n;
% else:
        for (; at < stop; ++at, ++i) {
            const ${index} k = (${index})${w.wrap('index_g[index_start + at]', I, 'n')};
            y_g[at] = x_g[part + k * inner + i];
        }
        if (++j == m) {
            j = 0;
            part += n * inner;
        }
% endif
    }
}
