## A work-item writes one element of y[r, c] = (x[r] == c); the first of a row checks the label.
<%include file="fault.cl"/>
__kernel void one_hot(
    __global ${T}* restrict y_g, __global const ${I}* restrict x_g,
    const long x_start, const long count, const long classes, __global long* fault_g, const int site
) {
    const long gid = get_global_id(0);
    if (gid >= count)
        return;
    const long label = (long)x_g[x_start + gid / classes];
    if (label < 0 || label >= classes)  // a label does not count from the end
        note_fault(fault_g, site, label, classes);
    y_g[gid] = label == gid % classes;
}
