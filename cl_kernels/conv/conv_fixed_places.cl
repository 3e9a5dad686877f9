## Where elements (i, j, k), of any number, `rows` and `cols`, lie. A work-item goes along k.
__kernel void conv_fixed_places(
    __global ${index}* restrict y_g, const long lines, const int rows, const int cols, const long start,
    const long plane, const long row, const long col
) {
    for (long line = get_global_id(0); line < lines; line += get_global_size(0)) {
        const long i = line / rows, first = start + i * plane + (line - i * rows) * row;
        for (int k = 0; k < cols; ++k) y_g[line * cols + k] = (${index})(first + k * col);
    }
}
