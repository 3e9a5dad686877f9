## A work-group of a GPU sorts the indices of a row of up to ${most} elements, which come through local
## memory: runs of ${run} by insertion, then merges of pairs of runs, of which a work-item writes ${run}
## indices at a time from where a binary search on the merge path finds that they start. Equal values
## keep their order.
<%include file="sort_less.cl"/>
__kernel void sort_rows_gpu(
    __global int* restrict y_g, __global const ${T}* restrict x_g, const long x_start, const int n
) {
    __local ${T} keep[${most}];
    __local ushort one[${most}], two[${most}];
    const int item = get_local_id(0);
    const long lane = get_group_id(0);
    x_g += x_start + lane * n;
    y_g += lane * n;
    for (int k = item; k < n; k += ${group})
        keep[k] = x_g[k];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int first = item * ${run}; first < n; first += ${group * run}) {
        const int end = n - first < ${run} ? n : first + ${run};
        for (int k = first; k < end; ++k) {
            const ${T} v = keep[k];
            int at = k;
            while (at > first && less_value(v, keep[one[at - 1]])) {
                one[at] = one[at - 1];
                --at;
            }
            one[at] = k;
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    __local ushort* from = one;
    __local ushort* to = two;
    for (int width = ${run}; width < n; width *= 2) {
        for (int low = item * ${run}; low < n; low += ${group * run}) {
            const int left = low - low % (2 * width), skip = low - left;
            const int a_size = n - left < width ? n - left : width;
            const int b_size = n - left - a_size < width ? n - left - a_size : width;
            const int end = skip + ${run} < a_size + b_size ? skip + ${run} : a_size + b_size;
            __local const ushort* a = from + left;
            __local const ushort* b = a + a_size;
            int i = skip > b_size ? skip - b_size : 0;
            int i_high = skip < a_size ? skip : a_size;
            while (i < i_high) {
                const int middle = (i + i_high) / 2;
                if (less_value(keep[b[skip - 1 - middle]], keep[a[middle]]))
                    i_high = middle;
                else
                    i = middle + 1;
            }
            int j = skip - i;
            for (int k = skip; k < end; ++k) {
                if (i < a_size && (j >= b_size || !less_value(keep[b[j]], keep[a[i]])))
                    to[left + k] = a[i++];
                else
                    to[left + k] = b[j++];
            }
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        __local ushort* other = from;
        from = to;
        to = other;
    }
    for (int k = item; k < n; k += ${group})
        y_g[k] = from[k];
}
