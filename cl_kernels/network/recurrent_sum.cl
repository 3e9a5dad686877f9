## A work-item adds up some rows (CPU), or single elements (elsewhere), of a product in parts (r_g, for
## `live` rows; in the others last_g counts), and of g_g, where they are.
<%page args="T, parts"/>\
__kernel void recurrent_sum(
    __global ${T}* restrict y_g, __global const ${T}* restrict g_g, __global const ${T}* restrict r_g,
    __global const ${T}* restrict last_g, const int has_g, const int has_last,
    const long at, const int rows, const int live, const int size, const int each,
    const long r_part
) {
% if device.is_cpu:
    const int first = (int)get_group_id(0) * each * size;
    const int end = first + each * size < rows * size ? first + each * size : rows * size;
    for (int i = first; i < end; ++i) {
% else:
    const int i = get_global_id(0);
    if (i < rows * size) {
% endif
        ${T} sum = has_g ? g_g[at + i] : 0;
        if (i < live * size)
            sum += ${' + '.join(f'r_g[{s} * r_part + i]' for s in range(parts))};
        else if (has_last)
            sum += last_g[i];
        y_g[at + i] = sum;
    }
}
