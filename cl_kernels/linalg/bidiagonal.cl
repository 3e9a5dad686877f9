## A team takes its m x n matrix, m >= n, to upper bidiagonal form: d_g the diagonal, e_g what stands
## to its right. Row k of u_g (m elements) and of v_g (n) get the vectors of the reflections from the
## left and from the right, 0 up to where they begin, with factors in tau_g and rho_g; w_g and z_g are
## scratch of n and m elements. A row is changed by the last reflection while it is read for the next.
<%include file="team.cl"/>
<%include file="reflection.cl"/>
% if team == 1:
<%include file="vectors.cl"/>
% endif
__kernel void bidiagonal(
    __global ${T}* a_g, __global REAL* d_g, __global REAL* e_g, __global ${T}* u_g,
    __global ${T}* v_g, __global ${T}* tau_g, __global ${T}* rho_g, __global ${T}* w_g,
    __global ${T}* z_g, const int m, const int n
) {
    TEAM_SCRATCH
    const long matrix = get_group_id(0);
    __global ${T}* a = a_g + matrix * m * n;
    __global ${T}* left = u_g + matrix * m * n;
    __global ${T}* right = v_g + matrix * n * n;
    __global ${T}* w = w_g + matrix * n;
    __global ${T}* z = z_g + matrix * m;
    d_g += matrix * n;
    e_g += matrix * n;
    tau_g += matrix * n;
    rho_g += matrix * n;
    for (int k = 0; k < n; ++k) {
        /* Column k, as the reflection from the right of the step before leaves it. */
        __global const ${T}* before = right + (long)(k - 1) * n;
        if (k > 0) {
            for (int i = k + LANE; i < m; i += TEAM)
                a[(long)i * n + k] -= MUL(z[i], CONJ(before[k]));
            SYNC
        }
        __global ${T}* u = left + (long)k * m;
        for (int i = LANE; i < k; i += TEAM)
            u[i] = 0;
        REAL beta;
        const ${T} tau = MAKE_REFLECTION(a + (long)k * n + k, n, m - k, u + k, 1, &beta);
        if (LANE == 0) {
            d_g[k] = beta;
            tau_g[k] = tau;
        }
        /* The rest by rows, and u^H times it; row k is then as the reflection leaves it, conjugated. */
        __global ${T}* row = a + (long)k * n;
% if team > 1:
        for (int c = k + 1 + LANE; c < n; c += TEAM) {
            ${T} total = 0;
            for (int i = k; i < m; ++i) {
                ${T} x = a[(long)i * n + c];
                if (k > 0)
                    a[(long)i * n + c] = x -= MUL(z[i], CONJ(before[c]));
                total += MUL(CONJ(u[i]), x);
            }
            w[c] = MUL(CONJ(tau), total);
            row[c] = CONJ(row[c] - w[c]);
        }
        SYNC
% else:
        for (int c = k + 1; c < n; ++c)
            w[c] = 0;
        int i = k;
        for (; i + 4 <= m; i += 4) {
            __global ${T}* r0 = a + (long)i * n;
            __global ${T}* r1 = r0 + n;
            __global ${T}* r2 = r1 + n;
            __global ${T}* r3 = r2 + n;
            const ${T} u0 = CONJ(u[i]), u1 = CONJ(u[i + 1]);
            const ${T} u2 = CONJ(u[i + 2]), u3 = CONJ(u[i + 3]);
            if (k > 0) {
                const ${T} z0 = z[i], z1 = z[i + 1], z2 = z[i + 2], z3 = z[i + 3];
                int c = k + 1;
% if T[-1] != "2":
                for (; c + ${lanes} <= n; c += ${lanes}) {
                    const V b = AT(before + c);
                    const V x0 = AT(r0 + c) - z0 * b, x1 = AT(r1 + c) - z1 * b;
                    const V x2 = AT(r2 + c) - z2 * b, x3 = AT(r3 + c) - z3 * b;
                    AT(r0 + c) = x0;
                    AT(r1 + c) = x1;
                    AT(r2 + c) = x2;
                    AT(r3 + c) = x3;
                    AT(w + c) += u0 * x0 + u1 * x1 + u2 * x2 + u3 * x3;
                }
% endif
                _Pragma("clang loop vectorize(assume_safety)")
                for (; c < n; ++c) {
                    const ${T} b = CONJ(before[c]);
                    const ${T} x0 = r0[c] - MUL(z0, b), x1 = r1[c] - MUL(z1, b);
                    const ${T} x2 = r2[c] - MUL(z2, b), x3 = r3[c] - MUL(z3, b);
                    r0[c] = x0;
                    r1[c] = x1;
                    r2[c] = x2;
                    r3[c] = x3;
                    w[c] += MUL(u0, x0) + MUL(u1, x1) + MUL(u2, x2) + MUL(u3, x3);
                }
            } else {
                _Pragma("clang loop vectorize(assume_safety)")
                for (int c = k + 1; c < n; ++c)
                    w[c] += MUL(u0, r0[c]) + MUL(u1, r1[c]) + MUL(u2, r2[c]) + MUL(u3, r3[c]);
            }
        }
        for (; i < m; ++i) {
            __global ${T}* r = a + (long)i * n;
            const ${T} zi = k > 0 ? z[i] : (${T})0;
            _Pragma("clang loop vectorize(assume_safety)")
            for (int c = k + 1; c < n; ++c) {
                const ${T} x = k > 0 ? r[c] - MUL(zi, CONJ(before[c])) : r[c];
                r[c] = x;
                w[c] += MUL(CONJ(u[i]), x);
            }
        }
        for (int c = k + 1; c < n; ++c) {
            w[c] = MUL(CONJ(tau), w[c]);
            row[c] = CONJ(row[c] - w[c]);
        }
% endif
        __global ${T}* v = right + (long)k * n;
        for (int c = LANE; c <= k; c += TEAM)
            v[c] = 0;
        ${T} rho = 0;
        beta = 0;
        if (k + 1 < n)
            rho = MAKE_REFLECTION(row + k + 1, 1, n - k - 1, v + k + 1, 1, &beta);
        if (LANE == 0) {
            e_g[k] = beta;
            rho_g[k] = rho;
        }
        /* The reflection from the left on the rows below, and those times v. */
        for (int i = k + 1 + LANE; i < m; i += TEAM) {
            __global ${T}* r = a + (long)i * n;
            const ${T} factor = u[i];
            ${T} total = 0;
% if team > 1:
            for (int c = k + 1; c < n; ++c) {
                const ${T} x = r[c] - MUL(factor, w[c]);
                r[c] = x;
                total += MUL(x, v[c]);
            }
% else:
            int c = k + 1;
% if T[-1] != "2":
            V sums = 0, more = 0;
            for (; c + ${2 * lanes} <= n; c += ${2 * lanes}) {
                const V x = AT(r + c) - factor * AT(w + c);
                const V y = AT(r + c + ${lanes}) - factor * AT(w + c + ${lanes});
                AT(r + c) = x;
                AT(r + c + ${lanes}) = y;
                sums += x * AT(v + c);
                more += y * AT(v + c + ${lanes});
            }
            sums += more;
            total = TOTAL(sums);
% endif
            for (; c < n; ++c) {
                const ${T} x = r[c] - MUL(factor, w[c]);
                r[c] = x;
                total += MUL(x, v[c]);
            }
% endif
            z[i] = MUL(rho, total);
        }
        SYNC
    }
}
