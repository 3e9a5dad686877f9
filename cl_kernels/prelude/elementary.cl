## Functions of float for PoCL, which would call its library for each element (math.cl says why).
## They compute in double, without branches, and round once at the end: to within 0.51 ulp over all
## floats, subnormal ones included. Polynomials of the least error were found by mpmath's chebyfit;
## each says up to where it goes and how exact it is. Numbers of type double go on to the library.
<%namespace name="p" file="horner.cl"/>\
<%
    # log((1 + s) / (1 - s)) / 2s of s^2 up to (sqrt(2) - 1)^2 / (sqrt(2) + 1)^2: 2e-16
    LOG = """1.0 0.33333333333276459 0.20000000030870808 0.14285708010553836 0.11111717273758953
        0.090609672156076072 0.084188299853402441"""
    # e^r for |r| up to log(2) / 2: 2e-16
    EXP = """1.0 1.0 0.50000000000000056 0.16666666666554404 0.041666666666573143
        0.0083333333856677825 0.0013888888932488598 0.00019841170270440068 2.4801504346997687e-5
        2.7640180796209851e-6 2.7626357241447223e-7"""
    # (e^r - 1) / r for |r| up to 1/2: 1e-15
    EXPM1 = """1.0 0.50000000000002198 0.16666666666666836 0.04166666666490811 0.0083333333331981266
        0.0013888889282736125 0.00019841270144086635 2.4801227340637919e-5 2.7557042448192959e-6
        2.7701192460753063e-7 2.5162744626460178e-8"""
    # sinh(r) / r of r^2 up to 1: 8e-14
    SINH = """1.0 0.16666666667239326 0.0083333332665458679 0.00019841298317149253
        2.7551834852374888e-6 2.5538205221156538e-8"""
    # atan(r) / r of r^2 up to tan(pi / 8)^2: 8e-13
    ATAN = """1.0 -0.33333333276922492 0.19999993053555814 -0.14285386553752139
        0.11103456908947463 -0.089925529061509115 0.069741976865952651 -0.037655106012914021"""
    UNARY = "log2 log10 log1p exp2 expm1 sinh cosh asinh acosh atanh atan asin acos".split()
    INVERSE_LN2, LN2 = '1.4426950408889634', '0.69314718055994531'
%>\
/* log(x) = e log(2) + log(m), m in [sqrt(1/2), sqrt(2)). */
INLINE double ct_wide_log(double x) {
    const int e = ((int)(as_ulong(x) >> 32) - 0x3fe6a09e) >> 20;
    const double m = as_double(as_long(x) - ((long)e << 52)), s = (m - 1) / (m + 1), t = s * s;
    double y = e * ${LN2} + 2 * s * ${p.horner('t', LOG)};
    y = x == INFINITY ? x : y;
    y = x == 0 ? -INFINITY : y;
    return x >= 0 ? y : NAN;
}
/* log(1 + x): with u = 1 + x, the last term gives back what u lost in rounding. */
INLINE double ct_wide_log1p(double x) {
    const double u = 1 + x, y = ct_wide_log(u), lost = (x - (u - 1)) / u;
    return u > 0 && u < INFINITY ? y + lost : y;
}
/* 2^n e^r for r = x - n log(2); numbers that no float holds may come out as others such. Added to
   1.5 * 2^52, x / log(2) is rounded to a whole number, which is then in the lowest bits. */
INLINE double ct_wide_exp(double x) {
    const double high = x > 150 ? 150 : x, c = high < -150 ? -150 : high;
    const double shifted = c * ${INVERSE_LN2} + 6755399441055744.0;
    const double n = shifted - 6755399441055744.0, r = c - n * ${LN2} - n * 2.3190468138462996e-17;
    return ${p.horner('r', EXP)} * as_double((as_long(shifted) + 1023) << 52);
}
INLINE double ct_wide_exp2(double x) {
    const double high = x > 200 ? 200 : x, c = high < -200 ? -200 : high;
    const double shifted = c + 6755399441055744.0, r = (c - (shifted - 6755399441055744.0)) * ${LN2};
    return ${p.horner('r', EXP)} * as_double((as_long(shifted) + 1023) << 52);
}
INLINE double ct_wide_expm1(double x) {
    const double small = x * ${p.horner('x', EXPM1)};
    return fabs(x) < 0.5 ? small : ct_wide_exp(x) - 1;
}
/* The angle of the point (x, y), by its tangent or cotangent, whichever is at most 1, and that
   turned by an eighth of the circle if it is past tan(pi / 8). */
INLINE double ct_wide_atan2(double y, double x) {
    const double a = fabs(y), b = fabs(x);
    const double high = a > b ? a : b, low = a > b ? b : a;
    const double t = high == 0 ? 0 : low == high ? 1 : low / high;
    const int far = t > 0.41421356237309503;
    const double u = far ? (t - 1) / (t + 1) : t, z = u * u;
    double v = (far ? 0.78539816339744831 : 0) + u * ${p.horner('z', ATAN)};
    v = a > b ? 1.5707963267948966 - v : v;
    v = copysign(1.0, x) < 0 ? 3.1415926535897931 - v : v;
    return x == x && y == y ? copysign(v, y) : NAN;
}
CT_OVERLOAD float ct_log2(float x) { return (float)(ct_wide_log(x) * ${INVERSE_LN2}); }
CT_OVERLOAD float ct_log10(float x) { return (float)(ct_wide_log(x) * 0.43429448190325183); }
CT_OVERLOAD float ct_log1p(float x) { return x == 0 ? x : (float)ct_wide_log1p(x); }
CT_OVERLOAD float ct_exp2(float x) { return (float)ct_wide_exp2(x); }
CT_OVERLOAD float ct_expm1(float x) { return (float)ct_wide_expm1(x); }
CT_OVERLOAD float ct_sinh(float x) {
    const double z = (double)x * x, small = x * ${p.horner('z', SINH)};
    return (float)(z < 1 ? small : 0.5 * (ct_wide_exp(x) - ct_wide_exp(-x)));
}
CT_OVERLOAD float ct_cosh(float x) {
    return (float)(0.5 * (ct_wide_exp(x) + ct_wide_exp(-x)));
}
CT_OVERLOAD float ct_asinh(float x) {
    const double a = fabs(x), z = a * a;
    const double y = ct_wide_log1p(a + z / (1 + sqrt(1 + z)));
    return copysign((float)(a == INFINITY ? a : y), x);
}
CT_OVERLOAD float ct_acosh(float x) {
    const double t = (double)x - 1;
    return t >= 0 ? (float)ct_wide_log1p(t + sqrt(t * (t + 2))) : NAN;
}
CT_OVERLOAD float ct_atanh(float x) {
    const double a = fabs(x);
    return copysign((float)(0.5 * ct_wide_log1p(2 * a / (1 - a))), x);
}
CT_OVERLOAD float ct_atan2(float y, float x) { return (float)ct_wide_atan2(y, x); }
CT_OVERLOAD float ct_atan(float x) { return (float)ct_wide_atan2(x, 1); }
CT_OVERLOAD float ct_asin(float x) {
    return (float)ct_wide_atan2(x, sqrt((1 - (double)x) * (1 + (double)x)));
}
CT_OVERLOAD float ct_acos(float x) {
    return (float)ct_wide_atan2(sqrt((1 - (double)x) * (1 + (double)x)), x);
}
CT_OVERLOAD float ct_hypot(float x, float y) {
    const double a = x, b = y;
    const int endless = fabs(x) == INFINITY || fabs(y) == INFINITY;
    return endless ? INFINITY : (float)sqrt(a * a + b * b);
}
CT_OVERLOAD float ct_pow(float x, float y) {
    const double to = y, pairs = 0.5 * to;
    const double size = ct_wide_exp2(to * (ct_wide_log(fabs(x)) * ${INVERSE_LN2}));
    const int is_whole = floor(to) == to, is_odd = is_whole && floor(pairs) != pairs;
    const int is_negative = copysign(1.0f, x) < 0;
    float power = (float)(is_negative && is_odd ? -size : size);
    power = x < 0 && !is_whole && x != -INFINITY ? NAN : power;
    return y == 0 || x == 1 || (x == -1 && fabs(y) == INFINITY) ? 1 : power;
}
% for name in UNARY:
CT_OVERLOAD double ct_${name}(double x) { return (${name})(x); }
#undef ${name}
#define ${name} ct_${name}
% endfor
% for name in ('atan2', 'hypot', 'pow'):
CT_OVERLOAD double ct_${name}(double x, double y) { return (${name})(x, y); }
#undef ${name}
#define ${name} ct_${name}
% endfor
