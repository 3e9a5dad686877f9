## How a sample of the gamma distribution moves with its shape, at a fixed quantile.
<%namespace name="polynomial" file="polynomial.cl"/>\
% for T in reals:
<% eps = "3e-8f" if T == "float" else "5e-17" %>\
/* dx/da = -(dP(a, x)/da) / p(x): from the power series of P below the mean; above it from the
   continued fraction of Q with its derivative (Lentz' algorithm, differentiated); for large a from
   the quantile's expansion of Cornish and Fisher, in z = (x - a) / sqrt(a). */
CT_OVERLOAD ${T} ct_gamma_slope(${T} a, ${T} x) {
    if (a > ${"200" if T == "float" else "2000"}) {
        const ${T} s = 1 / sqrt(a), y = (x - a) * s;
        // z by x = a + z sqrt(a) + (z^2 - 1)/3 + (z^3 - 7z)/(36 sqrt(a)) + ..., Newton's method.
        ${T} z = y;
        for (int turn = 0; turn < 8; ++turn) {
            const ${T} z2 = z * z;
            const ${T} third = (z2 * (3 * z2 + 7) - 16) * (${T})0.0012345679012345679;
            const ${T} second = z * (z2 - 7) * (${T})0.027777777777777776 - s * third;
            const ${T} at = z + s * ((z2 - 1) * (${T})0.3333333333333333 + s * second);
            const ${T} bend = (3 * z2 - 7) * (${T})0.027777777777777776;
            const ${T} by = 1 + s * (z * (${T})0.6666666666666666 + s * bend);
            z -= (at - y) / by;
        }
        const ${T} z2 = z * z;
        const ${T} third = (z2 * (3 * z2 + 7) - 16) * (${T})0.0012345679012345679;
        const ${T} second = z * (z2 - 7) * (${T})0.013888888888888888 - s * third;
        return 1 + s * ((${T})0.5 * z - s * s * second);
    }
    const ${T} l = log(x);
    if (x <= a + 1) {
        // x sum of x^k / (a (a+1) ... (a+k)) (psi(a+k+1) - log x)
        ${T} term = x / a, slope = ct_digamma_positive(a + 1) - l, sum = term * slope;
        for (int k = 1; k < 2000; ++k) {
            term *= x / (a + k);
            slope += 1 / (a + k);
            const ${T} part = term * slope;
            sum += part;
            if (x < a + k && fabs(part) < fabs(sum) * (${T})${eps}) break;
        }
        return sum;
    }
    const ${T} least = (${T})1e-30, psi = ct_digamma_positive(a);
    ${T} b = x + 1 - a, c = 1 / least, dc = 0, d = 1 / b, dd = d * d, h = d, dh = dd;  // d.: by a
    for (int i = 1; i < 2000; ++i) {
        const ${T} an = i * (a - i), dan = i;
        b += 2;
        const ${T} e = an * d + b, de = dan * d + an * dd - 1;
        d = 1 / e;
        dd = -de * d * d;
        dc = -1 + dan / c - an * (dc / c) / c;
        c = b + an / c;
        const ${T} factor = d * c, slope = dd * c + d * dc;
        dh = dh * factor + h * slope;
        h *= factor;
        const int settled = fabs(factor - 1) < (${T})${eps} * 2;
        if (settled && fabs(slope) * h < fabs(dh) * (${T})${eps} + least) break;
    }
    return x * (h * (l - psi) + dh);
}
% endfor
