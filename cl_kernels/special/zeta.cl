## The zeta function of Hurwitz, by Euler's and Maclaurin's formula (DLMF 25.11(iii)), and by the
## symmetry of its terms where the second argument is negative and the first a whole number.
<%namespace name="polynomial" file="polynomial.cl"/>\
<%
    # B_2j / (2j)!
    BERNOULLI = """
        8.3333333333333333e-2 -1.3888888888888889e-3 3.3068783068783069e-5 -8.2671957671957672e-7
        2.0876756987868099e-8 -5.2841901386874932e-10 1.3382536530684679e-11 -3.3896802963225829e-13
        8.5860620562778446e-15 -2.1748686985580619e-16 5.5090028283602295e-18 -1.3954464685812523e-19
    """.split()
%>\
% for T in reals:
<% direct, terms = (6, 4) if T == "float" else (10, 12) %>\
CT_OVERLOAD ${T} ct_zeta_positive(${T} s, ${T} q) {
    ${T} sum = 0, w = q;
    for (int k = 0; k < ${direct}; ++k, w += 1) sum += pow(w, -s);
    const ${T} last = pow(w, -s), v = 1 / w;
    ${T} rest = 0;
    if (last > 0 && s < (${T})1e6) {
        ${T} term = last * s * v;
        rest = term * (${T})${BERNOULLI[0]};
% for j in range(1, terms):
        term *= (s + ${2 * j - 1}) * v * ((s + ${2 * j}) * v);
        rest += term * (${T})${BERNOULLI[j]};
% endfor
    }
    // Large s with w to match: the integral's w may overflow where the product does not.
    const ${T} integral = s == INFINITY ? 0 : last * (w / (s - 1));
    return sum + (integral + ((${T})0.5 * last + rest));
}
CT_OVERLOAD ${T} ct_zeta(${T} s, ${T} q) {
    if (s == 1) return INFINITY;
    if (!(s > 1) || q != q) return NAN;
    if (q > 0) return q == INFINITY ? 0 : ct_zeta_positive(s, q);
    if (q == floor(q)) return INFINITY;
    if (s != floor(s)) return NAN;
    // The terms (q + k)^-s on both sides of 0; those left out lie below q.
    const ${T} f = q - floor(q), odd = s - 2 * floor((${T})0.5 * s);
    const ${T} left = ct_zeta_positive(s, ceil(q) - q) - ct_zeta_positive(s, 1 - q);
    return ct_zeta_positive(s, f) + (odd != 0 ? -left : left);
}
CT_OVERLOAD ${T} ct_polygamma(${T} x, ${T} n, ${T} scale) {
    return scale * ct_zeta(n + 1, x);
}
% endfor
