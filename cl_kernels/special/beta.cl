## The beta function, its logarithm, and the regularized incomplete one.
##
## From 3 on gamma functions are Stirling's formula, whose large parts are cancelled by hand. The
## incomplete function is its power series (DLMF 8.17.7) where b x <= 1, else the even part of the
## continued fraction (8.17.22) by Lentz' algorithm, of the side of a / (a + b) that x is on. How far
## it is on that side is not lost to rounding (Didonato and Morris 1992).
% for T in reals:
/* log B(a, b) for a, b >= 0. */
CT_OVERLOAD ${T} ct_log_beta_positive(${T} a, ${T} b) {
    const ${T} p = a < b ? a : b, q = a < b ? b : a;
    if (p == 0) return INFINITY;
    if (q == INFINITY) return -INFINITY;
    if (q < 3) return ct_lgamma_positive(p) + (ct_lgamma_positive(q) - ct_lgamma_positive(p + q));
    const ${T} h = p / q, rest = ct_stirling(q) - ct_stirling(p + q);
    if (p < 3)
        return ct_lgamma_positive(p) + (p - (q - (${T})0.5) * log1p(h) + rest) - p * log(p + q);
    const ${T} lower = (p - (${T})0.5) * log(h / (1 + h)) - q * log1p(h);
    return lower + (((${T})0.91893853320467274 - (${T})0.5 * log(q)) + (ct_stirling(p) + rest));
}
/* Where the gamma function is negative. */
CT_OVERLOAD bool ct_gamma_negative(${T} x) {
    return x < 0 && floor(x) - 2 * floor((${T})0.5 * floor(x)) != 0;
}
CT_OVERLOAD ${T} ct_log_beta(${T} a, ${T} b) {
    if (a >= 0 && b >= 0) return ct_log_beta_positive(a, b);
    return ct_lgamma(a) + (ct_lgamma(b) - ct_lgamma(a + b));
}
CT_OVERLOAD ${T} ct_beta(${T} a, ${T} b) {
    const ${T} size = exp(ct_log_beta(a, b));
    const bool negative = ct_gamma_negative(a) != ct_gamma_negative(b);
    return negative != ct_gamma_negative(a + b) ? -size : size;
}
/* a - (a + b) x, with what each rounding loses: near the mean of x it is all that counts. */
CT_OVERLOAD ${T} ct_beta_off(${T} a, ${T} b, ${T} x) {
    const ${T} y = 1 - x, ay = a * y, bx = b * x;
    return (ay - bx) + (fma(a, y, -ay) + a * ((1 - y) - x) - fma(b, x, -bx));
}
/* x^a (1 - x)^b / B(a, b), the density times x (1 - x). */
CT_OVERLOAD ${T} ct_beta_power(${T} a, ${T} b, ${T} x, ${T} off) {
    if (a < 3 || b < 3) return exp(a * log(x) + b * log1p(-x) - ct_log_beta_positive(a, b));
    const ${T} total = a + b, rest = ct_stirling(a) + (ct_stirling(b) - ct_stirling(total));
    const ${T} lag = a * ct_lag_of(x * (total / a), -off / a)
                     + b * ct_lag_of((1 - x) * (total / b), off / b);
    return sqrt(a * (b / total) * (${T})0.15915494309189534) * exp(-lag - rest);
}
/* The incomplete function for b x <= 1. */
CT_OVERLOAD ${T} ct_beta_series(${T} a, ${T} b, ${T} x, ${T} log_x) {
    ${T} factor = 1, sum = 1 / a;
    for (int n = 1; n < 2000; ++n) {
        factor *= (n - b) / n * x;
        const ${T} term = factor / (a + n);
        sum += term;
        if (fabs(term) < sum * (${T})${"3e-8f" if T == "float" else "5e-17"}) break;
    }
    return exp(a * log_x - ct_log_beta_positive(a, b)) * sum;
}
/* x^a (1 - x)^b / B(a, b) over the incomplete function; y: 1 - x, off: a - (a + b) x >= 0. */
CT_OVERLOAD ${T} ct_beta_fraction(${T} a, ${T} b, ${T} x, ${T} y, ${T} off) {
    const ${T} first = (off + 1) * (a / (a + 1));
    ${T} h = first, c = first, d = 0;
    for (int n = 1; n < 10000; ++n) {
        const ${T} s = a + 2 * n - 1, w = n * (b - n) * x;
        const ${T} over = (a + n - 1) / s * ((a + b + n - 1) / s) * (w * x);
        const ${T} under = n + w / s + (a + n) / (s + 2) * (off + 1 + n * (1 + y));
        d = 1 / (under + over * d);
        c = under + over / c;
        h *= c * d;
        if (fabs(c * d - 1) < (${T})${"6e-8f" if T == "float" else "1.2e-16"}) break;
    }
    return h;
}
CT_OVERLOAD ${T} ct_betainc(${T} a, ${T} b, ${T} x) {
    if (!(a >= 0 && b >= 0 && x >= 0 && x <= 1)) return NAN;
    if ((a == 0 || b == INFINITY) && (b == 0 || a == INFINITY)) return NAN;
    if (x == 0) return a == 0 ? NAN : 0;
    if (x == 1) return b == 0 ? NAN : 1;
    if (a == 0 || b == INFINITY) return a == INFINITY ? NAN : 1;
    if (b == 0 || a == INFINITY) return 0;
    const ${T} off = ct_beta_off(a, b, x);
    if (x <= (${T})0.95 && b * x <= 1) return ct_beta_series(a, b, x, log(x));
    if (x > (${T})0.95 && a * (1 - x) <= 1) return 1 - ct_beta_series(b, a, 1 - x, log1p(-x));
    const ${T} power = ct_beta_power(a, b, x, off);
    if (off >= 0) return power / ct_beta_fraction(a, b, x, 1 - x, off);
    return 1 - power / ct_beta_fraction(b, a, 1 - x, x, -off);
}
% endfor
