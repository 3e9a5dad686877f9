## A work-item writes one element of y[r, c] = (x[r] == c); the first of a row checks the label.
__kernel void one_hot(
    __global ${T}* restrict y_g, __global const ${I}* restrict x_g,
    const long x_start, const long count, const long classes, __global int* fault_g
) {
    const long gid = get_global_id(0);
    if (gid >= count)
        return;
    const long label = (long)x_g[x_start + gid / classes];
    if (label < 0 || label >= classes) {
        fault_g[0] = 1;
        fault_g[1] = (int)label;
        fault_g[2] = (int)classes;
        fault_g[3] = 1;  // a label does not count from the end
    }
    y_g[gid] = label == gid % classes;
}
