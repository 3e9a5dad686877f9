## y[o] = total[o] - x[o, label[o]] and total[o] = log(sum(exp(x[o]))), for rows of a dense x; y[o] is 0
## where the label is `ignored`. A label outside 0..classes-1 is noted, and picks 0. With alone, a
## work-item takes each row of `each`, else a work-group takes one. The total is relative to the
## largest element: where that is infinite, it is NaN. With mean, one group takes all rows, and y has
## but the mean over those that are not ignored, whose count goes to used[0].
<%include file="fault.cl"/>
<% shared = not device.is_cpu if mean else not alone %>
<% own, step = ("0", "1") if alone else ("lid", "group") %>
% if shared:
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
    __global ${T}* restrict y_g, __global ${T}* restrict total_g,
% if mean:
    __global ${T}* restrict used_g,
% endif
    __global const ${T}* restrict x_g,
    __global const ${L}* restrict label_g,
    const ${index} x_start, const ${index} label_start,
    const ${index} rows, const ${index} classes, const ${index} each,
    const long ignored, __global long* fault_g, const int site
) {
% if shared:
    __local ${T} totals[256];
    const int lid = get_local_id(0), group = get_local_size(0);
% else:
    const int lid = 0, group = 1;
% endif
% if mean:
    ${T} losses = 0, used = 0;
    for (${index} o = lid; o < rows; o += group) {
% else:
    const ${index} first = ${f"({index})get_global_id(0) * each" if alone else "get_group_id(0)"};
    const ${index} end = first + each < rows ? first + each : rows;
    for (${index} o = first; o < end; ++o) {
% endif
        __global const ${T}* x = x_g + x_start + o * classes;
        ${T} top = -INFINITY, sum = 0;
        for (${index} c = ${own}; c < classes; c += ${step}) {
            const ${T} here = x[c];
            top = here > top || here != here ? here : top;
        }
        ${'' if alone else 'MERGE(top, b > a || b != b ? b : a)'}
        for (${index} c = ${own}; c < classes; c += ${step}) sum += exp(x[c] - top);
        ${'' if alone else 'MERGE(sum, a + b)'}
        ${'' if alone else 'if (lid == 0)'} {
            const long label = (long)label_g[label_start + o];
            const ${T} total = log(sum) + top;
            const int is_class = label >= 0 && label < classes;
            if (!is_class && label != ignored)  // a label does not count from the end
                note_fault(fault_g, site, label, classes);
            total_g[o] = total;
            const ${T} loss = label == ignored ? 0 : is_class ? total - x[label] : total;
% if mean:
            losses += loss;
            used += label != ignored;
% else:
            y_g[o] = loss;
% endif
        }
    }
% if mean:
% if shared:
    MERGE(losses, a + b)
    MERGE(used, a + b)
% endif
    if (lid == 0) {
        y_g[0] = losses / used;
        used_g[0] = used;
    }
% endif
}
