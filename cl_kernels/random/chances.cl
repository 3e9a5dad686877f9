## A work-item looks at a row of chances, and notes one that is negative, infinite or NaN, or a row
## whose sum is 0.
<%include file="fault.cl"/>
__kernel void chances(
    __global const ${T}* restrict x_g, const ${index} x_start,
    const ${index} rows, const ${index} classes, __global long* fault_g, const int site
) {
    const ${index} row = get_global_id(0);
    if (row >= rows) return;
    int bad = 0, any_above = 0;
    for (${index} k = 0; k < classes; ++k) {
        const ${T} x = x_g[x_start + row * classes + k];
        bad |= !(x >= 0 && x < INFINITY);
        any_above |= x > 0;
    }
    if (bad || !any_above) note_fault(fault_g, site, 3, 0);
}
