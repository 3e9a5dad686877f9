## A work-item writes `each` consecutive indices of the merge of two sorted runs of `width`: a
## binary search on the merge path finds where its share starts (Green, McColl, Bader 2012).
<%include file="sort_less.cl"/>
__kernel void sort_merge(
    __global int* restrict y_g, __global const ${T}* restrict x_g,
    __global const int* restrict from_g,
    const long x_start, const int n, const int width, const int each, const int parts,
    const long items
) {
    const long gid = get_global_id(0);
    if (gid >= items)
        return;
    const long lane = gid / parts;
    const long low = (gid % parts) * each;
    const long left = low - low % (2 * (long)width);
    const int a_size = n - left < width ? (int)(n - left) : width;
    const int b_size = n - left - a_size < width ? (int)(n - left - a_size) : width;
    const int skip = (int)(low - left);
    /* Written so that no sum of two passes 2^31, as also below. */
    const int end = each < a_size + b_size - skip ? skip + each : a_size + b_size;
    x_g += x_start + lane * n;
    __global const int* a_g = from_g + lane * n + left;
    __global const int* b_g = a_g + a_size;
    int i = skip > b_size ? skip - b_size : 0;
    int i_high = skip < a_size ? skip : a_size;
    while (i < i_high) {
        const int middle = i + (i_high - i) / 2;
        if (LESS(b_g[skip - 1 - middle], a_g[middle]))
            i_high = middle;
        else
            i = middle + 1;
    }
    int j = skip - i;
    y_g += lane * n + left;
    for (int k = skip; k < end; ++k) {
        if (i < a_size && (j >= b_size || !LESS(b_g[j], a_g[i])))
            y_g[k] = a_g[i++];
        else
            y_g[k] = b_g[j++];
    }
}
