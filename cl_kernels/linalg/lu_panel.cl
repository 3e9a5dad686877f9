## A team factors the columns from `first` on, `width` of them, of its m x n matrix into L and U, with
## the largest element of each column as its pivot (or, not `pivots`, the one on the diagonal); rows are
## exchanged within these columns. pivot_g has the rows, counted from 1; info_g the first zero pivot,
## counted from 1.
<%include file="team.cl"/>
__kernel void lu_panel(
    __global ${T}* a_g, __global int* pivot_g, __global int* info_g,
    const int m, const int n, const int first, const int width, const int steps
) {
    TEAM_SCRATCH
% if team > 1:
    __local ${T} u[${block}];
% else:
    ${T} u[${block}];
% endif
    const long matrix = get_group_id(0);
    __global ${T}* a = a_g + matrix * m * n + first;
    __global int* pivot = pivot_g + matrix * steps + first;
    REAL best = -1;
    int at = first;
% if pivots:
    for (int i = first + LANE; i < m; i += TEAM) {
        const REAL size = SIZE(a[(long)i * n]);
        if (size > best) {
            best = size;
            at = i;
        }
    }
% endif
    for (int j = 0; j < width; ++j) {
        const int row = first + j;
% if team > 1 and pivots:
        at = TEAM_PLACE(best, at);
        SYNC
% endif
        __global ${T}* top = a + (long)row * n;
        if (at != row)
            for (int c = LANE; c < width; c += TEAM) {
                const ${T} kept = top[c];
                top[c] = a[(long)at * n + c];
                a[(long)at * n + c] = kept;
            }
        SYNC
        const ${T} divisor = top[j];
        if (LANE == 0) {
            pivot[j] = at + 1;
            if (IS_ZERO(divisor) && info_g[matrix] == 0)
                info_g[matrix] = row + 1;
        }
        best = -1;
        at = row + 1;
        for (int c = LANE; c < ${block}; c += TEAM)
            u[c] = c > j && c < width ? top[c] : (${T})0;
        SYNC
        const int from = (j + 1) & ~7;
        for (int i = row + 1 + LANE; i < m; i += TEAM) {
            __global ${T}* x = a + (long)i * n;
            const ${T} factor = IS_ZERO(divisor) ? x[j] : DIV(x[j], divisor);
            if (!IS_ZERO(divisor)) {
                int c = from;
                for (; c + 8 <= width; c += 8)
                    for (int q = 0; q < 8; ++q)
                        x[c + q] -= MUL(factor, u[c + q]);
                for (; c < width; ++c)
                    x[c] -= MUL(factor, u[c]);
            }
            x[j] = factor;
% if pivots:
            if (j + 1 < width) {
                const REAL size = SIZE(x[j + 1]);
                if (size > best) {
                    best = size;
                    at = i;
                }
            }
% endif
        }
        SYNC
    }
}
