## Functions of plain multiplications and additions in a fixed order, never contracted and never a
## library function: the same bits on every device. C is the type computed in; log, exp, sin and cos
## are the coefficients of polynomials (see cltensor/ops/random/draw.py). No kernel of its own.
<%page args="C, log, exp, sin, cos"/>\
<%
    f = "" if C == "double" else "f"
    bits, word, whole = (64, "ulong", "long") if C == "double" else (32, "uint", "int")
%>\
<%def name="horner(C, f, x, coefficients)">
    ${C} acc = ${coefficients[-1]}${f};
% for c in reversed(coefficients[:-1]):
    acc = acc * ${x};
    acc = acc + ${c}${f};
% endfor
</%def>\
/* log(x) = e log(2) + log(1 + f) with 1 + f in [sqrt(1/2), sqrt(2)). */
INLINE ${C} portable_log(const ${C} x) {
% if C == "double":
    const long shifted = as_long(x) - 0x3fe6a09e667f3bcdL;
    const double e = (double)(int)(shifted >> 52);
    const double f = as_double((shifted & 0xfffffffffffffL) + 0x3fe6a09e667f3bcdL) - 1.0;
% else:
    const int shifted = as_int(x) - 0x3f3504f3;
    const float e = (float)(shifted >> 23);
    const float f = as_float((shifted & 0x7fffff) + 0x3f3504f3) - 1.0f;
% endif
    ${horner(C, f, "f", log)}
    const ${C} scaled = e * 0.6931471805599453${f};
    const ${C} rest = f * acc;
    return scaled + rest;
}

/* sqrt(x) = x * x^(-1/2) by Newton's iteration: a driver's own sqrt need not round correctly. */
INLINE ${C} portable_sqrt(const ${C} x) {
% if C == "double":
    double y = as_double(0x5fe6eb50c7b537a9L - (as_long(x) >> 1));
% else:
    float y = as_float(0x5f375a86 - (as_int(x) >> 1));
% endif
    const ${C} half_x = 0.5${f} * x;
% for turn in range(5 if C == "double" else 4):
    {
        const ${C} once = half_x * y;
        const ${C} twice = once * y;
        const ${C} factor = 1.5${f} - twice;
        y = y * factor;
    }
% endfor
    return x * y;
}

/* 1 / x for 10^-35 < |x| < 10^35 by Newton's iteration. */
INLINE ${C} portable_reciprocal(const ${C} x) {
% if C == "double":
    double y = as_double(0x7fde623822fc16e6L - as_long(fabs(x)));
% else:
    float y = as_float(0x7ef311c3 - as_int(fabs(x)));
% endif
    const ${C} a = fabs(x);
% for turn in range(5 if C == "double" else 4):
    {
        const ${C} product = a * y;
        const ${C} factor = 2.0${f} - product;
        y = y * factor;
    }
% endfor
    return x < 0 ? -y : y;
}

/* e^x; 0 where that is below the normal range, and not above e^${"700" if C == "double" else "88"}. */
INLINE ${C} portable_exp(const ${C} x) {
    const ${C} least = ${"-700.0" if C == "double" else "-86.0f"}, most = ${"700.0" if C == "double" else "88.0f"};
    const ${C} c = x < least ? least : x > most ? most : x;
    const ${C} scaled = c * 1.4426950408889634${f};
    const ${C} n = rint(scaled);
    const ${C} high = n * ${"0.693145751953125" if C == "double" else "0.693359375f"};
    const ${C} low = n * ${"1.4286068203094172e-06" if C == "double" else "-2.12194440e-4f"};
    const ${C} part = c - high;
    const ${C} r = part - low;
    ${horner(C, f, "r", exp)}
% if C == "double":
    const double power = as_double(((long)n + 1023L) << 52);
% else:
    const float power = as_float(((int)n + 127) << 23);
% endif
    return x < least ? 0 : acc * power;
}

INLINE ${C} sine(const ${C} x, const ${C} z) {
    ${horner(C, f, "z", sin)}
    return acc * x;
}

INLINE ${C} cosine(const ${C} z) {
    ${horner(C, f, "z", cos)}
    return acc;
}

/* A number in (0, 1]. */
INLINE ${C} positive_unit(const ${word} w) {
    return (${C})(${whole})((w >> 1) | 1) * ${0.5 ** (bits - 1)}${f};
}

/* Box and Muller's pair (1958) from a radius word and an angle word. */
INLINE void normal_pair(const ${word} a, const ${word} b, ${C}* first, ${C}* second) {
    const ${C} u = positive_unit(a);
    const ${C} radius = portable_sqrt(-2.0${f} * portable_log(u));
    const ${word} quadrant = b >> ${bits - 2};
    const ${whole} within = (${whole})(b & ((${word})1 << ${bits - 2}) - 1)
        - ((${whole})1 << ${bits - 3});
    const ${C} x = (${C})within * ${0.5 ** (bits - 2)}${f};
    const ${C} z = x * x;
    const ${C} s = sine(x, z);
    const ${C} c = cosine(z);
    const ${C} p = quadrant & 1 ? s : c;
    const ${C} q = quadrant & 1 ? c : s;
    const ${C} cos_all = quadrant == 1 || quadrant == 2 ? -p : p;
    const ${C} sin_all = quadrant >= 2 ? -q : q;
    *first = radius * cos_all;
    *second = radius * sin_all;
}
