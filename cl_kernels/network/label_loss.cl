## y[o] = total[o] - x[o, label[o]] and total[o] = log(sum(exp(x[o]))), for rows of a dense x; y[o] is 0
## where the label is `ignored`. A label outside 0..classes-1 is noted, and picks 0. With alone, a
## work-item takes each row of `each`, else a work-group takes one. The total is relative to the
## largest element: where that is infinite, it is NaN.
<%include file="fault.cl"/>
% if not alone:
/* Each pair of totals becomes one, until there is one, which every work-item gets. */
#define MERGE(total, merged) { \
    barrier(CLK_LOCAL_MEM_FENCE); \
    totals[lid] = total; \
    for (int half_group = group / 2; half_group > 0; half_group /= 2) { \
        barrier(CLK_LOCAL_MEM_FENCE); \
        if (lid < half_group) { \
            const ${T} a = totals[lid], b = totals[lid + half_group]; \
            totals[lid] = merged; \
        } \
    } \
    barrier(CLK_LOCAL_MEM_FENCE); \
    total = totals[0]; \
}
% endif
__kernel void label_loss(
    __global ${T}* restrict y_g, __global ${T}* restrict total_g, __global const ${T}* restrict x_g,
    __global const ${L}* restrict label_g,
    const ${index} x_start, const ${index} label_start,
    const ${index} rows, const ${index} classes, const ${index} each,
    const long ignored, __global long* fault_g, const int site
) {
% if alone:
    const int lid = 0, group = 1;
    const ${index} first = (${index})get_global_id(0) * each;
% else:
    __local ${T} totals[256];
    const int lid = get_local_id(0), group = get_local_size(0);
    const ${index} first = get_group_id(0);
% endif
    const ${index} end = first + each < rows ? first + each : rows;
    for (${index} o = first; o < end; ++o) {
        __global const ${T}* x = x_g + x_start + o * classes;
        ${T} top = -INFINITY, sum = 0;
        for (${index} c = lid; c < classes; c += group) {
            const ${T} here = x[c];
            top = here > top || here != here ? here : top;
        }
        ${'' if alone else 'MERGE(top, b > a || b != b ? b : a)'}
        for (${index} c = lid; c < classes; c += group) sum += exp(x[c] - top);
        ${'' if alone else 'MERGE(sum, a + b)'}
        if (lid == 0) {
            const long label = (long)label_g[label_start + o];
            const ${T} total = log(sum) + top;
            const int is_class = label >= 0 && label < classes;
            if (!is_class && label != ignored)  // a label does not count from the end
                note_fault(fault_g, site, label, classes);
            total_g[o] = total;
            y_g[o] = label == ignored ? 0 : is_class ? total - x[label] : total;
        }
    }
}
