## A work-item solves (L D L^T) x = b for one column of b, (matrices, n, columns), by what ldl_factor
## gave.
__kernel void ldl_solve(
    __global ${T}* b_g, __global const ${T}* a_g, __global const int* pivot_g,
    const int n, const int columns, const long items
) {
    const long gid = get_global_id(0);
    if (gid >= items)
        return;
    const long matrix = gid / columns;
    __global ${T}* b = b_g + matrix * n * columns + gid % columns;
    __global const ${T}* a = a_g + matrix * n * n;
    __global const int* pivot = pivot_g + matrix * n;
#define A(i, j) a[(long)(i) * n + (j)]
#define B(i) b[(long)(i) * columns]
#define EXCHANGE(i, j) { const ${T} kept = B(i); B(i) = B(j); B(j) = kept; }
    for (int k = 0; k < n;) {
        const int wide = pivot[k] < 0, other = (wide ? -pivot[k] : pivot[k]) - 1;
        EXCHANGE(k + wide, other)
        for (int i = k + 1 + wide; i < n; ++i)
            B(i) -= A(i, k) * B(k) + (wide ? A(i, k + 1) * B(k + 1) : 0);
        if (wide) {
            const ${T} e = A(k + 1, k), f = A(k, k) / e, g = A(k + 1, k + 1) / e;
            const ${T} scale = f * g - 1, x = B(k) / e, y = B(k + 1) / e;
            B(k) = (g * x - y) / scale;
            B(k + 1) = (f * y - x) / scale;
        } else {
            B(k) /= A(k, k);
        }
        k += 1 + wide;
    }
    for (int k = n - 1; k >= 0;) {
        const int wide = pivot[k] < 0, other = (wide ? -pivot[k] : pivot[k]) - 1;
        for (int i = k + 1; i < n; ++i) {
            B(k) -= A(i, k) * B(i);
            if (wide)
                B(k - 1) -= A(i, k - 1) * B(i);
        }
        EXCHANGE(k, other)
        k -= 1 + wide;
    }
}
