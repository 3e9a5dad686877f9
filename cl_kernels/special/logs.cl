## Functions of logarithms that need care at the ends of their domain.
<%namespace name="polynomial" file="polynomial.cl"/>\
<%
    ATANH = {
        "float": "1.0 3.3333287e-01 2.000288e-01 1.4218172e-01 1.185213e-01 5.050981e-02 1.7767143e-01",
        "double": """
            1.0 0.33333333333334253 0.1999999999976213 0.14285714309936393 0.11111109827808782
            0.0909094967767514 0.07691479619739994 0.06678071960165906 0.057736807394426284
            0.059849948126744074 0.014509315392605584 0.1449797049645602 -0.15287151789790238
            0.22471180117043177
        """,
    }
%>\
% for T in reals:
/* log(x / (1 - x)); around 1/2 as 2 atanh(2x - 1). */
CT_OVERLOAD ${T} ct_logit(${T} x) {
    const ${T} d = 2 * x - 1, z = d * d;
    const ${T} near = 2 * d * ${polynomial.horner(T, "z", ATANH)};
    return fabs(d) < (${T})0.5 ? near : log(x) - ct_log1m(x);
}
CT_OVERLOAD ${T} ct_entr(${T} x) { return x > 0 ? -x * log(x) : x == 0 ? 0 : x < 0 ? -INFINITY : x; }
CT_OVERLOAD ${T} ct_xlogy(${T} x, ${T} y) { return (x == 0 && y == y) ? 0 : x * log(y); }
CT_OVERLOAD ${T} ct_xlog1py(${T} x, ${T} y) { return (x == 0 && y == y) ? 0 : x * ct_log1m(-y); }
CT_OVERLOAD ${T} ct_logaddexp(${T} a, ${T} b) {
    const ${T} most = a > b ? a : b;
    return a == b ? a + (${T})0.6931471805599453 : most + ct_log1m(-exp(-fabs(a - b)));
}
CT_OVERLOAD ${T} ct_logaddexp2(${T} a, ${T} b) {
    const ${T} most = a > b ? a : b;
    const ${T} e = exp((${T})-0.6931471805599453 * fabs(a - b));
    return a == b ? a + 1 : most + ct_log1m(-e) * (${T})1.4426950408889634;
}
/* The n-th derivative of sin(pi x) / (pi x): its power series, or by the recurrence that n-fold
   differentiation of x sinc(x) = sin(pi x) / pi gives. */
CT_OVERLOAD ${T} ct_sinc_slope(${T} x, ${T} order) {
    const int n = (int)order;
    if (fabs(x) < 1 + (${T})0.25 * n) {
        ${T} term = 1, sum = 0;  // of pi^2k x^(2k-n) (2k)! / (2k-n)! / (2k+1)!, k from n/2 on
        for (int k = 1; k <= n; ++k) term *= (${T})3.141592653589793;
        const int odd = n & 1;
        term *= ((n + 1) / 2 & 1 ? -1 : 1) * (odd ? x * (${T})3.141592653589793 : 1);
        term /= odd ? n + 2 : n + 1;
        for (int m = n + odd; m < n + 40; m += 2) {
            sum += term;
            const ${T} z = x * (${T})3.141592653589793;
            term *= -z * z * (m + 1) / ((${T})(m + 3) * (m + 2 - n) * (m + 1 - n));
        }
        return sum;
    }
    const ${T} v = 1 / x, z = x - 2 * rint((${T})0.5 * x);
    const ${T} s = ct_sinpi(z), c = ct_sinpi(z + (${T})0.5);
    ${T} f = s * v * (${T})0.3183098861837907, power = 1;
    for (int k = 1; k <= n; ++k, power *= (${T})3.141592653589793)
        f = (power * (k & 1 ? (k & 2 ? -c : c) : (k & 2 ? -s : s)) - k * f) * v;
    return f;
}
% endfor
