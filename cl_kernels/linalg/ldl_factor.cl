## A team factors its matrix of order n, symmetric or (`hermitian`) Hermitian, of which the lower
## triangle is read, into L D L^T or L D L^H with blocks of D of order 1 or 2 (Bunch and Kaufman 1977,
## in the order of LAPACK's sytf2 and hetf2): D and L replace the triangle. pivot_g has the exchanged
## row of a block of order 1, counted from 1, and for both rows of one of order 2 its negative; info_g
## the first zero on the diagonal of D.
<%include file="team.cl"/>
<%include file="ldl_element.cl"/>
#define LIMIT (REAL)${(1 + 17 ** 0.5) / 8}
#define EXCHANGE(a, b, how) { const ${T} kept = how(a); (a) = how(b); (b) = kept; }
__kernel void ldl_factor(
    __global ${T}* a_g, __global int* pivot_g, __global int* info_g, const int n
) {
    TEAM_SCRATCH
    const long matrix = get_group_id(0);
    __global ${T}* a = a_g + matrix * n * n;
    __global int* pivot = pivot_g + matrix * n;
    for (int i = LANE; i < n; i += TEAM)
        A(i, i) = OWN(A(i, i));
    SYNC
    for (int k = 0; k < n;) {
        int wide = 0, other = k, at = k;
        const REAL here = SUM_SIZE(A(k, k));
        REAL column = 0, row = 0;
        for (int i = k + 1; i < n; ++i)
            if (SUM_SIZE(A(i, k)) > column) {
                column = SUM_SIZE(A(i, k));
                at = i;
            }
        const int nothing = !(here > 0 || column > 0);
        if (!nothing && here < LIMIT * column) {
            for (int j = k; j < at; ++j)
                row = fmax(row, SUM_SIZE(A(at, j)));
            for (int i = at + 1; i < n; ++i)
                row = fmax(row, SUM_SIZE(A(i, at)));
            if (here < LIMIT * column * (column / row)) {
                other = at;
                wide = SUM_SIZE(A(at, at)) < LIMIT * row;
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
                for (int i = other + 1; i < n; ++i)
                    EXCHANGE(A(i, low), A(i, other), )
                for (int j = low + 1; j < other; ++j)
                    EXCHANGE(A(j, low), A(other, j), TURN)
                A(other, low) = TURN(A(other, low));
                EXCHANGE(A(low, low), A(other, other), )
                if (wide)
                    EXCHANGE(A(k + 1, k), A(other, k), )
            }
        }
        SYNC
        const int next = k + 1 + wide;
        if (!nothing) {
            /* Row i, (x, y) in columns k and k + 1, times the inverse of the block [d, e'; e, f]. */
            const ${T} d = A(k, k), e = wide ? A(k + 1, k) : NUM(1), f = A(next - 1, next - 1);
            const ${T} d11 = DIV(f, e), d22 = DIV(d, TURN(e)), rest = MUL(d11, d22) - NUM(1);
            const ${T} of_x = MUL(TURN(e), rest), of_y = MUL(e, rest);
            for (int i = next + LANE; i < n; i += TEAM) {
                const ${T} x = A(i, k), y = wide ? A(i, k + 1) : NUM(0);
                const ${T} p = wide ? DIV(MUL(d11, x) - y, of_x) : DIV(x, d);
                const ${T} q = wide ? DIV(MUL(d22, y) - x, of_y) : NUM(0);
                for (int j = next; j <= i; ++j) {
                    A(i, j) -= MUL(p, TURN(A(j, k)));
                    if (wide)
                        A(i, j) -= MUL(q, TURN(A(j, k + 1)));
                }
                A(i, i) = OWN(A(i, i));
            }
            SYNC
            for (int i = next + LANE; i < n; i += TEAM) {
                const ${T} x = A(i, k), y = wide ? A(i, k + 1) : NUM(0);
                A(i, k) = wide ? DIV(MUL(d11, x) - y, of_x) : DIV(x, d);
                if (wide)
                    A(i, k + 1) = DIV(MUL(d22, y) - x, of_y);
            }
            SYNC
        }
        k = next;
    }
}
