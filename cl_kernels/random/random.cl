## A work-item turns `each` consecutive Philox counters into ${per} elements each. Floating-point
## work is plain multiplication and addition in a fixed order, never contracted and never a library
## function: the results are the same bits on every device. C is the type computed in, T the stored.
#pragma OPENCL FP_CONTRACT OFF
<%include file="philox.cl"/>
<%
C, f = ("double", "") if T == "double" and kind != "bernoulli" else ("float", "f")
bits, word, whole = (64, "ulong", "long") if C == "double" else (32, "uint", "int")
digits = 53 if C == "double" else 11 if T == "half" else 24
%>
<%def name="horner(x, coefficients)">
    ${C} acc = ${coefficients[-1]}${"" if C == "double" else "f"};
% for c in reversed(coefficients[:-1]):
    acc = acc * ${x};
    acc = acc + ${c}${"" if C == "double" else "f"};
% endfor
</%def>
% if kind in ("uniform", "bernoulli"):
/* The leading ${digits} bits as a number in [0, 1): exact. */
INLINE ${C} unit(const ${word} w) {
    return (${C})(${whole})(w >> ${bits - digits}) * ${0.5 ** digits}${f};
}
% elif kind == "normal":
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
    ${horner("f", log)}
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

INLINE ${C} sine(const ${C} x, const ${C} z) {
    ${horner("z", sin)}
    return acc * x;
}

INLINE ${C} cosine(const ${C} z) {
    ${horner("z", cos)}
    return acc;
}

/* Box and Muller's pair (1958) from a radius word and an angle word. */
INLINE void normal_pair(const ${word} a, const ${word} b, ${C}* first, ${C}* second) {
    const ${C} u = (${C})(${whole})((a >> 1) | 1) * ${0.5 ** (bits - 1)}${f};
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
% elif kind == "integers":
/* floor(w * range / 2^64), by halves: an even spread over [0, range). */
INLINE ulong scaled(const ulong w, const ulong range) {
    const ulong w0 = w & 0xffffffff, w1 = w >> 32, r0 = range & 0xffffffff, r1 = range >> 32;
    const ulong low = w0 * r0;
    const ulong middle = w1 * r0 + (low >> 32);
    const ulong other = w0 * r1 + (middle & 0xffffffff);
    return w1 * r1 + (middle >> 32) + (other >> 32);
}
% endif

INLINE void draw(
    const ulong counter, const ulong stream, const ulong key,
% if kind in ("uniform", "normal", "bernoulli"):
    const ${C} a, const ${T if kind == "bernoulli" else C} b,
% elif kind == "integers":
    const ulong a, const ulong b,
% endif
    ${T}* y
) {
    uint w0, w1, w2, w3;
    philox(counter, stream, key, &w0, &w1, &w2, &w3);
% if per == 2:
    const ulong d0 = (ulong)w1 << 32 | w0, d1 = (ulong)w3 << 32 | w2;
% endif
<% words = ["d0", "d1"] if per == 2 else ["w0", "w1", "w2", "w3"] %>
% if kind == "normal":
% for k in range(0, per, 2):
    {
        ${C} first, second;
        normal_pair(${words[k]}, ${words[k + 1]}, &first, &second);
        first = first * b;
        second = second * b;
        y[${k}] = (${T})(first + a);
        y[${k + 1}] = (${T})(second + a);
    }
% endfor
% else:
% for k, w in enumerate(words):
% if kind == "bits":
    y[${k}] = ${w};
% elif kind == "bernoulli":
    y[${k}] = unit(${w}) < a ? b : (${T})0;
% elif kind == "integers":
    y[${k}] = (${T})(b + (a ? scaled(${w}, a) : ${w}));
% elif kind == "uniform":
    {
        const ${C} wide = unit(${w}) * (b - a);
        const ${C} value = wide + a;
        y[${k}] = (${T})(value < b ? value : a);
    }
% endif
% endfor
% endif
}

__kernel void random(
    __global ${T}* restrict y_g, const ${index} count, const ${index} blocks, const ${index} each,
% if kind in ("uniform", "normal", "bernoulli"):
    const ${C} a, const ${T if kind == "bernoulli" else C} b,
% elif kind == "integers":
    const ulong a, const ulong b,
% endif
    const ulong counter, const ulong stream, const ulong key
) {
<% parameters = "" if kind == "bits" else "a, b, " %>
    const ${index} first = (${index})get_global_id(0) * each;
    const ${index} end = first + each < blocks ? first + each : blocks;
    const ${index} whole = count / ${per};
    const ${index} dense = end < whole ? end : whole;
    for (${index} block = first; block < dense; ++block) {
        ${T} y[${per}];
        draw(counter + block, stream, key, ${parameters}y);
% for k in range(per):
        y_g[block * ${per} + ${k}] = y[${k}];
% endfor
    }
    if (whole < end && whole >= first) {
        ${T} y[${per}];
        draw(counter + whole, stream, key, ${parameters}y);
        for (${index} k = whole * ${per}; k < count; ++k)
            y_g[k] = y[k - whole * ${per}];
    }
}
