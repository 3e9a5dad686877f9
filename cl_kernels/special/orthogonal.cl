## Orthogonal polynomials and their slopes, by recurrence (DLMF 18.9), those of Chebyshev and of high
## degree by their trigonometric forms (DLMF 18.5).
<%namespace name="polynomial" file="polynomial.cl"/>\
<%
    # By name: the polynomial of degree 1 and its slope; what multiplies that of degree k in the next
    # one, and its slope; what multiplies the one before; and what all is divided by.
    FAMILIES = {
        "chebyshev_t": ("x", "1", "2 * x", "2", "1", ""),
        "chebyshev_u": ("2 * x", "2", "2 * x", "2", "1", ""),
        "chebyshev_v": ("2 * x - 1", "2", "2 * x", "2", "1", ""),
        "chebyshev_w": ("2 * x + 1", "2", "2 * x", "2", "1", ""),
        "hermite_h": ("2 * x", "2", "2 * x", "2", "2 * k", ""),
        "hermite_he": ("x", "1", "x", "1", "k", ""),
        "laguerre_l": ("1 - x", "-1", "(2 * k + 1 - x)", "-1", "k", " / (k + 1)"),
        "legendre_p": ("x", "1", "(2 * k + 1) * x", "(2 * k + 1)", "k", " / (k + 1)"),
    }
    WAVES = {
        "chebyshev_t": "cos(n * angle)",
        "chebyshev_u": "sin((n + 1) * angle) / sin(angle)",
        "chebyshev_v": "cos((n + half_one) * angle) / cos(half_one * angle)",
        "chebyshev_w": "sin((n + half_one) * angle) / sin(half_one * angle)",
    }
%>\
% for T in reals:
% for name, (first, first_slope, times, times_slope, before, over) in FAMILIES.items():
CT_OVERLOAD ${T} ct_${name}(${T} x, ${T} degree) {
    const ${T} n = trunc(degree);
    if (n != n) return NAN;
    if (n <= 0) return n < 0 ? 0 : 1;
% if name in WAVES:
    if (n > 32 && fabs(x) < 1) {
        const ${T} angle = acos(x), half_one = (${T})0.5;
        return ${WAVES[name]};
    }
% endif
    ${T} p = 1, q = ${first};
    for (${T} k = 1; k < n && q == q; k += 1) {
        const ${T} r = (${times} * q - ${before} * p)${over};
        p = q;
        q = r;
    }
    return q;
}
CT_OVERLOAD ${T} ct_${name}_slope(${T} x, ${T} degree) {
    const ${T} n = trunc(degree);
    if (n != n) return NAN;
    if (n <= 0) return 0;
    ${T} p = 1, q = ${first}, dp = 0, dq = ${first_slope};
    for (${T} k = 1; k < n && dq == dq; k += 1) {
        const ${T} r = (${times} * q - ${before} * p)${over};
        const ${T} dr = (${times_slope} * q + ${times} * dq - ${before} * dp)${over};
        p = q;
        q = r;
        dp = dq;
        dq = dr;
    }
    return dq;
}
% endfor
% endfor
