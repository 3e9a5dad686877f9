## A work-item exchanges rows of a chunk of columns of one matrix, as the pivots from `first` to
## `end` say, in order or backwards: outside the columns from `from` to `to`, which are as they
## should be.
__kernel void lu_exchange(
    __global ${T}* a_g, __global const int* pivot_g,
    const int m, const int n, const int first, const int end, const int steps,
    const int from, const int to, const int backwards, const int each, const long items
) {
    const long gid = get_global_id(0);
    if (gid >= items)
        return;
    const int chunks = (n + each - 1) / each;
    const long matrix = gid / chunks;
    const int low = (int)(gid % chunks) * each;
    const int high = n - low < each ? n : low + each;
    __global ${T}* a = a_g + matrix * m * n;
    __global const int* pivot = pivot_g + matrix * steps;
    for (int k = first; k < end; ++k) {
        const int row = backwards ? end - 1 - (k - first) : k;
        const int other = pivot[row] - 1;
        if (other == row || other < 0 || other >= m)
            continue;
        for (int c = low; c < high; ++c) {
            if (c >= from && c < to)
                continue;
            const ${T} kept = a[(long)row * n + c];
            a[(long)row * n + c] = a[(long)other * n + c];
            a[(long)other * n + c] = kept;
        }
    }
}
