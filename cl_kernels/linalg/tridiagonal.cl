## A team takes its Hermitian n x n matrix to tridiagonal form: d_g the diagonal, e_g what stands beside
## it. Row k of v_g gets the vector of reflection k (0 up to place k), tau_g its factor. w_g and p_g
## are n elements of scratch each. A row of the matrix is changed by one reflection while it is read
## for the next.
<%include file="team.cl"/>
<%include file="reflection.cl"/>
% if team == 1:
<%include file="vectors.cl"/>
% endif
__kernel void tridiagonal(
    __global ${T}* a_g, __global REAL* d_g, __global REAL* e_g, __global ${T}* v_g,
    __global ${T}* tau_g, __global ${T}* w_g, __global ${T}* p_g, const int n
) {
    TEAM_SCRATCH
    const long matrix = get_group_id(0);
    __global ${T}* a = a_g + matrix * n * n;
    __global ${T}* vectors = v_g + matrix * n * n;
    __global ${T}* w = w_g + matrix * n;
    __global ${T}* p = p_g + matrix * n;
    d_g += matrix * n;
    e_g += matrix * n;
    tau_g += matrix * n;
    for (int k = 0; k < n; ++k) {
        __global ${T}* row = a + (long)k * n;
        __global const ${T}* before = vectors + (long)(k - 1) * n;
        /* Row k as it is now, conjugated: which is column k. */
        const ${T} vk = k > 0 ? before[k] : (${T})0, wk = k > 0 ? w[k] : (${T})0;
        for (int c = k + LANE; c < n; c += TEAM) {
            ${T} x = row[c];
            if (k > 0)
                x -= MUL(vk, CONJ(w[c])) + MUL(wk, CONJ(before[c]));
            row[c] = CONJ(x);
        }
        SYNC
        __global ${T}* v = vectors + (long)k * n;
        for (int c = LANE; c <= k; c += TEAM)
            v[c] = 0;
        REAL beta = 0;
        ${T} tau = 0;
        if (k + 1 < n)
            tau = MAKE_REFLECTION(row + k + 1, 1, n - k - 1, v + k + 1, 1, &beta);
        if (LANE == 0) {
            d_g[k] = RE(row[k]);
            e_g[k] = beta;
            tau_g[k] = tau;
        }
% if team > 1:
        for (int c = k + 1 + LANE; c < n; c += TEAM) {
            ${T} total = 0;
            for (int i = k + 1; i < n; ++i) {
                ${T} x = a[(long)i * n + c];
                if (k > 0)
                    a[(long)i * n + c] = x -=
                        MUL(before[i], CONJ(w[c])) + MUL(w[i], CONJ(before[c]));
                total += MUL(v[i], CONJ(x));
            }
            p[c] = total;
        }
        SYNC
% else:
        for (int c = k + 1; c < n; ++c)
            p[c] = 0;
        int i = k + 1;
        for (; i + 4 <= n; i += 4) {
            __global ${T}* r0 = a + (long)i * n;
            __global ${T}* r1 = r0 + n;
            __global ${T}* r2 = r1 + n;
            __global ${T}* r3 = r2 + n;
            const ${T} v0 = v[i], v1 = v[i + 1], v2 = v[i + 2], v3 = v[i + 3];
            if (k > 0) {
                const ${T} b0 = before[i], b1 = before[i + 1], b2 = before[i + 2],
                           b3 = before[i + 3];
                const ${T} w0 = w[i], w1 = w[i + 1], w2 = w[i + 2], w3 = w[i + 3];
                int c = k + 1;
% if T[-1] != "2":
                for (; c + ${lanes} <= n; c += ${lanes}) {
                    const V b = AT(before + c), y = AT(w + c);
                    const V x0 = AT(r0 + c) - (b0 * y + w0 * b);
                    const V x1 = AT(r1 + c) - (b1 * y + w1 * b);
                    const V x2 = AT(r2 + c) - (b2 * y + w2 * b);
                    const V x3 = AT(r3 + c) - (b3 * y + w3 * b);
                    AT(r0 + c) = x0;
                    AT(r1 + c) = x1;
                    AT(r2 + c) = x2;
                    AT(r3 + c) = x3;
                    AT(p + c) += v0 * x0 + v1 * x1 + v2 * x2 + v3 * x3;
                }
% endif
                _Pragma("clang loop vectorize(assume_safety)")
                for (; c < n; ++c) {
                    const ${T} b = CONJ(before[c]), y = CONJ(w[c]);
                    const ${T} x0 = r0[c] - (MUL(b0, y) + MUL(w0, b));
                    const ${T} x1 = r1[c] - (MUL(b1, y) + MUL(w1, b));
                    const ${T} x2 = r2[c] - (MUL(b2, y) + MUL(w2, b));
                    const ${T} x3 = r3[c] - (MUL(b3, y) + MUL(w3, b));
                    r0[c] = x0;
                    r1[c] = x1;
                    r2[c] = x2;
                    r3[c] = x3;
                    p[c] += MUL(v0, CONJ(x0)) + MUL(v1, CONJ(x1)) + MUL(v2, CONJ(x2))
                            + MUL(v3, CONJ(x3));
                }
            } else {
                _Pragma("clang loop vectorize(assume_safety)")
                for (int c = k + 1; c < n; ++c)
                    p[c] += MUL(v0, CONJ(r0[c])) + MUL(v1, CONJ(r1[c])) + MUL(v2, CONJ(r2[c]))
                            + MUL(v3, CONJ(r3[c]));
            }
        }
        for (; i < n; ++i) {
            __global ${T}* r = a + (long)i * n;
            const ${T} bi = k > 0 ? before[i] : (${T})0, wi = k > 0 ? w[i] : (${T})0;
            _Pragma("clang loop vectorize(assume_safety)")
            for (int c = k + 1; c < n; ++c) {
                const ${T} x = k > 0
                    ? r[c] - (MUL(bi, CONJ(w[c])) + MUL(wi, CONJ(before[c]))) : r[c];
                r[c] = x;
                p[c] += MUL(v[i], CONJ(x));
            }
        }
% endif
        ${T} product = 0;
        for (int c = k + 1 + LANE; c < n; c += TEAM)
            product += MUL(p[c], CONJ(v[c]));
        const REAL factor = RE(TEAM_SUM(product)) * SQUARE(tau) / 2;
        for (int c = k + 1 + LANE; c < n; c += TEAM)
            w[c] = MUL(tau, p[c]) - factor * v[c];
        SYNC
    }
}
