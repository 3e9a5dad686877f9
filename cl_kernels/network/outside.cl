## A work-item looks at `each` consecutive elements of x and y, both dense. One that is not between 0
## and 1, or is NaN, is noted: 1 for x, 2 for y.
<%include file="fault.cl"/>
__kernel void outside(
    __global const ${T}* restrict x_g, __global const ${U}* restrict y_g,
    const ${index} x_start, const ${index} y_start,
    const ${index} count, const ${index} each, __global long* fault_g, const int site
) {
    const ${index} first = (${index})get_global_id(0) * each;
    const ${index} end = first + each < count ? first + each : count;
    int bad_x = 0, bad_y = 0;
    for (${index} at = first; at < end; ++at) {
        const ${T} x = x_g[x_start + at];
        const ${U} y = y_g[y_start + at];
        bad_x |= !(x >= 0 && x <= 1);
        bad_y |= !(y >= 0 && y <= 1);
    }
    if (bad_x || bad_y)
        note_fault(fault_g, site, bad_x ? 1 : 2, 0);
}
