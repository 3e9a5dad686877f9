## A team makes products I - tau v v^H of the columns from `first` on, `width` of them, of its m x n
## matrix, the adjoint of each of which takes a column to a multiple of a unit vector. The columns
## become R above the diagonal and v below it, v_g gets v whole, tau_g tau, and t_g the triangle t of
## their product I - V t V^H (Schreiber, Van Loan 1989).
<%include file="team.cl"/>
<%include file="reflection.cl"/>
__kernel void qr_panel(
    __global ${T}* a_g, __global ${T}* tau_g, __global ${T}* v_g, __global ${T}* t_g,
    const int m, const int n, const int first, const int width, const int steps
) {
    TEAM_SCRATCH
    __local ${T} w[${block}];
    const long matrix = get_group_id(0);
    const int rows = m - first;
    __global ${T}* a = a_g + matrix * m * n + (long)first * n + first;
    __global ${T}* v = v_g + matrix * rows * width;
    __global ${T}* t = t_g + matrix * width * width;
    for (int j = 0; j < width; ++j) {
        REAL beta;
        const ${T} tau = MAKE_REFLECTION(
            a + (long)j * n + j, n, rows - j, v + (long)j * width + j, width, &beta
        );
        const ${T} tau_h = CONJ(tau);
        for (int i = LANE; i < j; i += TEAM)
            v[(long)i * width + j] = 0;
        for (int i = j + LANE; i < rows; i += TEAM)
            a[(long)i * n + j] = i == j ? NUM(beta) : v[(long)i * width + j];
        if (LANE == 0)
            tau_g[matrix * steps + first + j] = tau;
        SYNC
        /* v^H times the columns: those to the left are the v of before. */
        for (int c = LANE; c < width; c += TEAM) {
            ${T} total = a[(long)j * n + c];
            for (int i = j + 1; i < rows; ++i)
                total += MUL(CONJ(v[(long)i * width + j]), a[(long)i * n + c]);
            w[c] = total;
            if (c > j)
                a[(long)j * n + c] -= MUL(tau_h, total);
        }
        SYNC
        if (LANE == 0)
            for (int c = 0; c < width; ++c) {
                ${T} total = 0;
                for (int q = c; q < j; ++q)
                    total += MUL(t[c * width + q], CONJ(w[q]));
                t[c * width + j] = c < j ? -MUL(tau, total) : c == j ? tau : (${T})0;
            }
        for (int i = j + 1 + LANE; i < rows; i += TEAM) {
            const ${T} factor = MUL(tau_h, v[(long)i * width + j]);
            for (int c = j + 1; c < width; ++c)
                a[(long)i * n + c] -= MUL(factor, w[c]);
        }
        SYNC
    }
}
