## A work-item computes `each` consecutive rows y[o,:,i]: g[o,i] at label[o,i] and 0 elsewhere, all 0
## where the label is `ignored`; y is dense. A bad label was noted by label_pick and counts as 0.
__kernel void label_spread(
    __global ${T}* restrict y_g, __global const ${T}* restrict g_g,
    __global const ${L}* restrict label_g,
    const ${index} g_start, const ${index} label_start,
    const ${index} count, const ${index} classes, const ${index} inner, const ${index} each,
    const long ignored
) {
    const ${index} first = (${index})get_global_id(0) * each;
    const ${index} end = first + each < count ? first + each : count;
    for (${index} at = first; at < end; ++at) {
        const long label = (long)label_g[label_start + at];
        __global ${T}* restrict row_g = y_g + at / inner * classes * inner + at % inner;
        for (${index} k = 0; k < classes; ++k)
            row_g[k * inner] = 0;
        if (label != ignored) {
            const ${index} k = label < 0 || label >= classes ? 0 : (${index})label;
            row_g[k * inner] = g_g[g_start + at];
        }
    }
}
