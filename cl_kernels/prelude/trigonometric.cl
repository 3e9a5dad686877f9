## sin, cos and tan of float for PoCL, as in elementary.cl: to within 0.51 ulp over all floats, however
## large. The argument is a whole number times 2^k, so it is turned by tables of 2^k 2/pi mod 4.
<%namespace name="p" file="horner.cl"/>\
<%
    from fractions import Fraction
    from math import floor

    # sin(r) / r and cos(r) of r^2 up to (pi / 4)^2: 4e-15
    SIN = """1.0 -0.16666666666616685 0.0083333333238781497 -0.00019841263298390508
        2.7555271893389817e-6 -2.475655877198039e-8"""
    COS = """1.0 -0.49999999999999251 0.041666666666472306 -0.0013888888869978659
        2.4801578538562986e-5 -2.7555233884847419e-7 2.0630454379662293e-9"""
    TWO_OVER_PI = Fraction(
        0xa2f9836e4e441529fc2757d1f534ddc0db6295993c439041fe5163abdebbc561b7246e3a424dd2e006492, 1 << 340
    )

    def turns(bits):
        """Two parts of the turns for the unit in the last place of floats with these bits of the
        exponent. From 1 on the first has 28 bits, so that 24 times as many make it exact; below,
        nothing is subtracted, and it has all bits."""
        k = max(bits, 1) - 150
        whole = TWO_OVER_PI * Fraction(2) ** k % 4
        first = Fraction(float(whole)) if k <= -24 else Fraction(floor(whole * 2**26 + Fraction(1, 2)), 2**26)
        return float(first), float(whole - first)
    TURNS = [turns(bits) for bits in range(256)]
%>\
__constant double ct_turns[2][256] = {
% for part in range(2):
    {${', '.join([repr(turn[part]) for turn in TURNS])}},
% endfor
};
/* The quarter turns in x, rounded, and what is left, in [-pi/4, pi/4]. */
INLINE double ct_turned(float x, int* quarters) {
    const int bits = as_int(x) & 0x7fffffff, exponent = bits >> 23;
    const double m = (double)((bits & 0x7fffff) | (exponent > 0 ? 0x800000 : 0));
    double a = m * ct_turns[0][exponent];
    a -= 4 * rint(0.25 * a);
    a += m * ct_turns[1][exponent];
    a = x < 0 ? -a : a;
    const double n = rint(a);
    *quarters = (int)n;
    return exponent == 255 ? NAN : (a - n) * 1.5707963267948966;
}
INLINE double ct_sine(double r) { const double z = r * r; return r * ${p.horner('z', SIN)}; }
INLINE double ct_cosine(double r) { const double z = r * r; return ${p.horner('z', COS)}; }
CT_OVERLOAD float ct_sin(float x) {
    int n;
    const double r = ct_turned(x, &n), y = n & 1 ? ct_cosine(r) : ct_sine(r);
    return x == 0 ? x : (float)(n & 2 ? -y : y);
}
CT_OVERLOAD float ct_cos(float x) {
    int n;
    const double r = ct_turned(x, &n), y = n & 1 ? ct_sine(r) : ct_cosine(r);
    return (float)((n + 1) & 2 ? -y : y);
}
CT_OVERLOAD float ct_tan(float x) {
    int n;
    const double r = ct_turned(x, &n), s = ct_sine(r), c = ct_cosine(r);
    return x == 0 ? x : (float)(n & 1 ? -c / s : s / c);
}
% for name in ('sin', 'cos', 'tan'):
CT_OVERLOAD double ct_${name}(double x) { return (${name})(x); }
#undef ${name}
#define ${name} ct_${name}
% endfor
