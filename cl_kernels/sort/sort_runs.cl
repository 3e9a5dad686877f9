## A work-item sorts a run of ${run} indices of one lane by insertion; equal values keep their
## order.
<%include file="sort_less.cl"/>
__kernel void sort_runs(
    __global int* restrict y_g, __global const ${T}* restrict x_g,
    const long x_start, const int n, const int runs, const long items
) {
    const long gid = get_global_id(0);
    if (gid >= items)
        return;
    const long lane = gid / runs;
    const int first = (int)(gid % runs) * ${run};
    const int end = n - first < ${run} ? n : first + ${run};
    x_g += x_start + lane * n;
    y_g += lane * n;
    for (int k = first; k < end; ++k) {
        int at = k;
        while (at > first && LESS(k, y_g[at - 1])) {
            y_g[at] = y_g[at - 1];
            --at;
        }
        y_g[at] = k;
    }
}
