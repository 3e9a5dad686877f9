## A team factors its symmetric matrix of order n, of which the lower triangle is read, into L D L^T
## with blocks of D of order 1 or 2 (Bunch and Kaufman 1977, in the order of LAPACK's sytf2): D and L
## replace the triangle. pivot_g has the exchanged row of a block of order 1, counted from 1, and for
## both rows of one of order 2 its negative; info_g the first zero on the diagonal of D.
<%include file="team.cl"/>
__kernel void ldl_factor(
    __global ${T}* a_g, __global int* pivot_g, __global int* info_g, const int n
) {
    TEAM_SCRATCH
    const long matrix = get_group_id(0);
    __global ${T}* a = a_g + matrix * n * n;
    __global int* pivot = pivot_g + matrix * n;
#define A(i, j) a[(long)(i) * n + (j)]
    for (int k = 0; k < n;) {
        int wide = 0, other = k, at = k;
        const ${T} here = fabs(A(k, k));
        ${T} column = 0, row = 0;
        for (int i = k + 1; i < n; ++i)
            if (fabs(A(i, k)) > column) {
                column = fabs(A(i, k));
                at = i;
            }
        const int nothing = !(here > 0 || column > 0);
        if (!nothing && here < ${(1 + 17 ** 0.5) / 8} * column) {
            for (int j = k; j < at; ++j)
                row = fabs(A(at, j)) > row ? fabs(A(at, j)) : row;
            for (int i = at + 1; i < n; ++i)
                row = fabs(A(i, at)) > row ? fabs(A(i, at)) : row;
            if (here < ${(1 + 17 ** 0.5) / 8} * column * (column / row)) {
                other = at;
                wide = fabs(A(at, at)) < ${(1 + 17 ** 0.5) / 8} * row;
            }
        }
        SYNC
        if (LANE == 0) {
            const int low = k + wide;
            if (nothing && info_g[matrix] == 0)
                info_g[matrix] = k + 1;
            pivot[k] = wide ? -(other + 1) : other + 1;
            if (wide)
                pivot[k + 1] = -(other + 1);
            if (other != low) {
                ${T} kept;
                for (int i = other + 1; i < n; ++i) {
                    kept = A(i, low);
                    A(i, low) = A(i, other);
                    A(i, other) = kept;
                }
                for (int j = low + 1; j < other; ++j) {
                    kept = A(j, low);
                    A(j, low) = A(other, j);
                    A(other, j) = kept;
                }
                kept = A(low, low);
                A(low, low) = A(other, other);
                A(other, other) = kept;
                if (wide) {
                    kept = A(k + 1, k);
                    A(k + 1, k) = A(other, k);
                    A(other, k) = kept;
                }
            }
        }
        SYNC
        const int next = k + 1 + wide;
        if (!nothing) {
            /* Row i: its multipliers f of columns k and, in a wide block, k + 1. */
            const ${T} d = A(k, k), e = wide ? A(k + 1, k) : 1, f = wide ? A(k + 1, k + 1) : 1;
            const ${T} d11 = f / e, d22 = d / e, scale = wide ? 1 / (d11 * d22 - 1) / e : 1;
            for (int i = next + LANE; i < n; i += TEAM) {
                const ${T} x = A(i, k), y = wide ? A(i, k + 1) : 0;
                for (int j = next; j <= i; ++j) {
                    const ${T} p = A(j, k), q = wide ? A(j, k + 1) : 0;
                    if (wide)
                        A(i, j) -= x * (scale * (d11 * p - q)) + y * (scale * (d22 * q - p));
                    else
                        A(i, j) -= x * p / d;
                }
            }
            SYNC
            for (int i = next + LANE; i < n; i += TEAM) {
                const ${T} x = A(i, k), y = wide ? A(i, k + 1) : 0;
                A(i, k) = wide ? scale * (d11 * x - y) : x / d;
                if (wide)
                    A(i, k + 1) = scale * (d22 * y - x);
            }
            SYNC
        }
        k = next;
    }
}
