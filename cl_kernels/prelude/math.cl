## Prelude of every kernel: permissions, functions that must mean the same on every device, and
## inline forms of those that PoCL would call. Its compiler refuses to inline its own library (the
## two are built for different processors), so a call of exp or even of fabs costs ten times the
## work and keeps loops from becoming vector code.
<%def name="scaled()">\
/* exp(x) = 2^n e^r with |r| <= ln(2)/2. Added to 1.5 * 2^23, a number is rounded to a whole one,
   which is then in the lowest bits; what more is added gives exponents their bias. */
INLINE float ct_exp_scaled(float x, float n) {
    const float r = n * 2.12194440e-4f + (n * -0.693359375f + x);
    float p = 1.9875691500e-4f;  // the polynomial for e^r of Cephes (expf)
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    return (p * r + 1.0f) * r + 1.0f;
}
</%def>\
<%def name="exact()">\
/* What drivers compute exactly but for numbers below the normal range, which some take for 0. */
% for T, U, I, digits, bits in [('float', 'uint', 'int', 23, 32)] + [('double', 'ulong', 'long', 52, 64)] * device.fp64:
<% top = f"(({U})1 << {digits})"; special = f"(({U}){'0x7f8' if bits == 32 else '0x7ff'} << {bits - 12})"; sign = f"(({U})1 << {bits - 1})" %>\
/* Long division of whole numbers, ${bits - digits - 1} digits at a time. */
CT_OVERLOAD ${T} ct_exact_fmod(${T} a, ${T} b) {
    const ${U} x = as_${U}(a) & ~${sign}, y = as_${U}(b) & ~${sign};
    if (x >= ${special} || y > ${special} || y == 0) return NAN;
    if (x < y) return a;
    const int ex = x < ${top} ? 1 : (int)(x >> ${digits}), ey = y < ${top} ? 1 : (int)(y >> ${digits});
    const ${U} divisor = y - ((${U})(ey - 1) << ${digits});
    ${U} rest = (x - ((${U})(ex - 1) << ${digits})) % divisor;
    for (int left = ex - ey; left > 0 && rest; left -= ${bits - digits - 1})
        rest = (rest << (left < ${bits - digits - 1} ? left : ${bits - digits - 1})) % divisor;
    const int wide = rest ? (int)clz(rest) - ${bits - digits - 1} : 0, shift = wide < ey ? wide : ey - 1;
    rest <<= shift;
    return as_${T}(((rest < ${top} ? 0 : (${U})(ey - shift - 1) << ${digits}) + rest) | (as_${U}(a) & ${sign}));
}
CT_OVERLOAD ${T} ct_nextafter(${T} a, ${T} b) {
    const ${I} bits = as_${I}(a);
    if (a != a || b != b) return NAN;
    if (a == b) return b;
    if (((${U})bits & ~${sign}) == 0) return as_${T}((as_${U}(b) & ${sign}) | 1);
    return as_${T}(bits + ((a < b) == (bits >= 0) ? 1 : -1));
}
<% low, step, high = (-126, 102, 127) if bits == 32 else (-1022, 969, 1023) %>\
/* Rounded once: before the last factor, only what becomes 0 then is not exact. */
CT_OVERLOAD ${T} ct_ldexp(${T} x, int n) {
    n = n > ${4 * high} ? ${4 * high} : n < ${4 * low} ? ${4 * low} : n;
    for (; n < ${low}; n += ${step}) x *= as_${T}((${U})${high - step} << ${digits});
    for (; n > ${high}; n -= ${high}) x *= as_${T}((${U})${2 * high} << ${digits});
    return x * as_${T}((${U})(n + ${high}) << ${digits});
}
% endfor
#undef nextafter
#define nextafter ct_nextafter
#undef ldexp
#define ldexp ct_ldexp
</%def>\
<%def name="nonpositive()">\
/* One factor does for numbers that are not positive, if results below 2^-126 may be 0. */
CT_OVERLOAD float ct_exp_nonpositive(float x) {
    const float c = x < -88.0f ? -88.0f : x, shifted = c * 1.44269504088896341f + 12583039.0f;
    return ct_exp_scaled(c, shifted - 12583039.0f) * as_float(as_uint(shifted) << 23);
}
</%def>\
% if device.fp64:
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
% endif
% if fixed:
#pragma OPENCL FP_CONTRACT OFF
% endif
% if "cl_khr_fp64" in device.hidden:
#define double ct_this_device_has_no_double
% endif
% if device.is_pocl:
<%include file="builtins.cl"/>
% endif
## PoCL would keep the call of a small function in a loop, and with it the loop from vector code.
## static: a function that a kernel does not call is not compiled.
#define INLINE static __attribute__((always_inline))
#define CT_OVERLOAD INLINE __attribute__((overloadable))
/* The imaginary part of a real number. Compilers that know it is 0 leave out its products and sums,
   which may be NaN, or decide the sign of 0. */
% if fixed:
#define CT_NOTHING as_float((uint)((ulong)get_global_size(0) >> 48))
% else:
#define CT_NOTHING 0
% endif
<% floats = [('float', 'f')] + ([('double', '')] if device.fp64 else []) %>
## Where results are to be the same bits everywhere, all devices compute so, without contraction.
% if device.is_pocl or fixed:
% if device.is_pocl:
% for T, suffix in floats:
% for name in ('sqrt', 'floor', 'ceil', 'trunc', 'rint', 'fabs'):
CT_OVERLOAD ${T} ct_${name}(${T} x) { return __builtin_${name}${suffix}(x); }
% endfor
CT_OVERLOAD ${T} ct_copysign(${T} x, ${T} y) { return __builtin_copysign${suffix}(x, y); }
% endfor
% for name in ('sqrt', 'floor', 'ceil', 'trunc', 'rint', 'fabs', 'copysign'):
#undef ${name}
#define ${name} ct_${name}
% endfor
% endif
% for T, suffix in floats:
CT_OVERLOAD ${T} ct_rsqrt(${T} x) { return (${T})1 / sqrt(x); }
% endfor
#undef rsqrt
#define rsqrt ct_rsqrt

${scaled()}\
/* Two factors for 2^n reach into the subnormals. Past 88.8 their product is infinite, and NaN stays
   NaN all the way. */
CT_OVERLOAD float ct_exp(float x) {
    const float high = x > 88.8f ? 88.8f : x, c = high < -104.0f ? -104.0f : high;
    const float shifted = c * 1.44269504088896341f + 12583166.0f;
    const uint bits = as_uint(shifted), half_bits = bits >> 1;
    return ct_exp_scaled(c, shifted - 12583166.0f) * as_float(half_bits << 23)
           * as_float((bits - half_bits) << 23);
}
${nonpositive()}\

/* log(x) = e ln(2) + log(m), m in [sqrt(1/2), sqrt(2)): the polynomial of Cephes (logf). */
CT_OVERLOAD float ct_log(float x) {
    const int tiny = x < 1.17549435e-38f;
    const float scaled = tiny ? x * 8388608.0f : x;
    const int bits = as_int(scaled) - 0x3f3504f3;
    const float e = (float)((bits >> 23) - (tiny ? 23 : 0));
    const float m = as_float((bits & 0x007fffff) + 0x3f3504f3) - 1.0f;
    const float z = m * m;
    float p = 7.0376836292e-2f;
    p = p * m + -1.1514610310e-1f;
    p = p * m + 1.1676998740e-1f;
    p = p * m + -1.2420140846e-1f;
    p = p * m + 1.4249322787e-1f;
    p = p * m + -1.6668057665e-1f;
    p = p * m + 2.0000714765e-1f;
    p = p * m + -2.4999993993e-1f;
    p = p * m + 3.3333331174e-1f;
    float y = p * m * z + e * -2.12194440e-4f - 0.5f * z;
    y = m + y + e * 0.693359375f;
    y = x == INFINITY ? x : y;
    y = x == 0.0f ? -INFINITY : y;
    return (x < 0.0f || x != x) ? NAN : y;
}

/* tanh: an odd polynomial near 0, where 1 - 2/(e^2x + 1) would cancel (Cephes, tanhf). */
CT_OVERLOAD float ct_tanh(float x) {
    const float a = fabs(x), z = x * x;
    float p = -5.70498872745e-3f;
    p = p * z + 2.06390887954e-2f;
    p = p * z + -5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z + -3.33332819422e-1f;
    const float small = p * z * x + x;
    const float large = 1.0f - 2.0f / (ct_exp(a + a) + 1.0f);
    return copysign(a < 0.625f ? small : large, x);  // tanh(-0) is -0
}
% if device.fp64:
CT_OVERLOAD double ct_exp(double x) { return (exp)(x); }
CT_OVERLOAD double ct_exp_nonpositive(double x) { return (exp)(x); }
CT_OVERLOAD double ct_log(double x) { return (log)(x); }
CT_OVERLOAD double ct_tanh(double x) { return (tanh)(x); }
% endif
% for name in ('exp', 'log', 'tanh'):
#undef ${name}
#define ${name} ct_${name}
% endfor
% if fixed:
${exact()}\
#define CT_FMOD ct_exact_fmod
% else:
#define CT_FMOD (fmod)
% endif
% if device.fp64:
/* A quotient below 2^28 is not rounded to the next whole number, and its product is exact. */
CT_OVERLOAD float ct_fmod(float a, float b) {
    if (!(fabs(a / b) < 2.6e8f) || b == 0) return CT_FMOD(a, b);
    const double wide = a, whole = trunc(wide / b);
    return copysign(whole == 0 ? a : (float)(wide - whole * b), a);
}
CT_OVERLOAD double ct_fmod(double a, double b) { return CT_FMOD(a, b); }
#undef fmod
#define fmod ct_fmod
% elif fixed:
#undef fmod
#define fmod ct_exact_fmod
% endif
% else:
#define CT_FMOD (fmod)
${scaled()}\
${nonpositive()}\
% if device.fp64:
CT_OVERLOAD double ct_exp_nonpositive(double x) { return exp(x); }
% endif
% endif

/* Float to integer: drivers differ on NaN and on values out of range, so both are defined here.
   Intel's compiler for CPUs dies of the nested choices, Mesa's of the built-in for int8. */
% if not device.is_intel:
#define CT_SATURATE(T, x, low, high, least, most) \
    ((x) != (x) ? (T)0 : (x) >= (high) ? (T)most : (x) <= (low) ? (T)least : (T)(x))
% else:
#define CT_SATURATE(T, x, low, high, least, most) ((x) != (x) ? (T)0 : convert_##T##_sat(x))
% endif

/* Division of floats as PyTorch's: the remainder takes the divisor's sign (a zero that of a), and the
   quotient is exact where floor(a / b) would round up first. */
% for T, _ in floats:
CT_OVERLOAD ${T} ct_remainder(${T} a, ${T} b) {
    const ${T} r = fmod(a, b);
    return (r != 0 && (r < 0) != (b < 0)) ? r + b : r;
}
CT_OVERLOAD ${T} ct_floor_divide(${T} a, ${T} b) {
    if (b == 0) return a / b;
    const ${T} r = fmod(a, b);
    const ${T} q = (a - r) / b - ((r != 0 && (r < 0) != (b < 0)) ? 1 : 0), whole = floor(q);
    if (q == 0) return copysign((${T})0, a / b);
    return q - whole > (${T})0.5 ? whole + 1 : whole;
}
% endfor

/* log(1 + e^x); with e = e^-|x|, the last term gives back what 1 + e lost in rounding. */
% for T, _ in floats:
CT_OVERLOAD ${T} ct_softplus(${T} x) {
    const ${T} e = exp(-fabs(x)), u = 1 + e;
    return (x > 0 ? x : (${T})0) + (log(u) + (e - (u - 1)) / u);
}
% endfor

/* log(1 - x); the last term gives back what 1 - x lost in rounding, and all of a small x. */
% for T, _ in floats:
CT_OVERLOAD ${T} ct_log1m(${T} x) {
    const ${T} u = 1 - x;
    return u == 1 ? -x : u > 0 && u < INFINITY ? log(u) - (x - (1 - u)) / u : log(u);
}
% endfor

/* Integer powers by squaring, in unsigned numbers because those may overflow; a negative exponent
   gives the truncated reciprocal. */
% for T in ('long', 'int', 'short', 'char', 'ulong', 'uint', 'ushort', 'uchar'):
<% U = 'ulong' if T in ('long', 'ulong') else 'uint' %>
CT_OVERLOAD ${T} ct_power(${T} a, ${T} b) {
    ${U} result = 1, base = (${U})a;
    for (${T} left = b; left > 0; left >>= 1, base *= base)
        if (left & 1) result *= base;
% if T[0] == 'u':
    return (${T})result;
% else:
    const ${T} reciprocal = a == 1 ? 1 : a == -1 ? (b & 1 ? -1 : 1) : 0;
    return b < 0 ? reciprocal : (${T})result;
% endif
}
% endfor

/* The greatest common divisor, of magnitudes in unsigned numbers: those of the least ones are no
   signed numbers. */
% for T in ('long', 'int', 'short', 'char', 'ulong', 'uint', 'ushort', 'uchar'):
<% U = 'ulong' if T in ('long', 'ulong') else 'uint' %>
CT_OVERLOAD ${T} ct_magnitude(${T} x) { return (${T})(${'x' if T[0] == 'u' else 'x < 0 ? -x : x'}); }
CT_OVERLOAD ${T} ct_gcd(${T} a, ${T} b) {
% if T[0] == 'u':
    ${U} x = a, y = b;
% else:
    ${U} x = a < 0 ? -(${U})a : (${U})a, y = b < 0 ? -(${U})b : (${U})b;
% endif
    while (y != 0) {
        const ${U} rest = x % y;
        x = y;
        y = rest;
    }
    return (${T})x;
}
% endfor
