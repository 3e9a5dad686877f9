## A work-item solves (L D L^T) x = b, or (`hermitian`) (L D L^H) x = b, for one column of b,
## (matrices, n, columns), by what ldl_factor gave.
<%include file="numbers.cl"/>
<%include file="ldl_element.cl"/>
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
#define B(i) b[(long)(i) * columns]
#define EXCHANGE(i, j) { const ${T} kept = B(i); B(i) = B(j); B(j) = kept; }
    for (int k = 0; k < n;) {
        const int wide = pivot[k] < 0, other = (wide ? -pivot[k] : pivot[k]) - 1;
        EXCHANGE(k + wide, other)
        for (int i = k + 1 + wide; i < n; ++i) {
            B(i) -= MUL(A(i, k), B(k));
            if (wide)
                B(i) -= MUL(A(i, k + 1), B(k + 1));
        }
        if (wide) {
            const ${T} e = A(k + 1, k), f = DIV(A(k, k), TURN(e)), g = DIV(A(k + 1, k + 1), e);
            const ${T} rest = MUL(f, g) - NUM(1), x = DIV(B(k), TURN(e)), y = DIV(B(k + 1), e);
            B(k) = DIV(MUL(g, x) - y, rest);
            B(k + 1) = DIV(MUL(f, y) - x, rest);
        } else {
            B(k) = DIV(B(k), A(k, k));
        }
        k += 1 + wide;
    }
    for (int k = n - 1; k >= 0;) {
        const int wide = pivot[k] < 0, other = (wide ? -pivot[k] : pivot[k]) - 1;
        for (int i = k + 1; i < n; ++i) {
            B(k) -= MUL(TURN(A(i, k)), B(i));
            if (wide)
                B(k - 1) -= MUL(TURN(A(i, k - 1)), B(i));
        }
        EXCHANGE(k, other)
        k -= 1 + wide;
    }
}
