## A work-item computes `each` consecutive elements of y[o,i] = x[o, label[o,i], i], 0 where the label
## is `ignored`; x and y are dense. A label outside 0..classes-1 is noted.
<%include file="fault.cl"/>
__kernel void label_pick(
    __global ${T}* restrict y_g, __global const ${T}* restrict x_g,
    __global const ${L}* restrict label_g,
    const ${index} x_start, const ${index} label_start,
    const ${index} count, const ${index} classes, const ${index} inner, const ${index} each,
    const long ignored, __global long* fault_g, const int site
) {
    const ${index} first = (${index})get_global_id(0) * each;
    const ${index} end = first + each < count ? first + each : count;
    for (${index} at = first; at < end; ++at) {
        const long label = (long)label_g[label_start + at];
        ${T} picked = 0;
        if (label < 0 || label >= classes) {
            if (label != ignored)  // a label does not count from the end
                note_fault(fault_g, site, label, classes);
        } else if (label != ignored) {
            picked = x_g[x_start + (at / inner * classes + (${index})label) * inner + at % inner];
        }
        y_g[at] = picked;
    }
}
