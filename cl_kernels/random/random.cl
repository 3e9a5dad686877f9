## A work-item turns `each` consecutive Philox counters into ${per} elements each. Floating-point
## work is plain multiplication and addition in a fixed order, never contracted and never a library
## function: the results are the same bits on every device. C is the type computed in, T the stored.
#pragma OPENCL FP_CONTRACT OFF
<%include file="philox.cl"/>
<%
C, f = ("double", "") if T == "double" and kind != "bernoulli" else ("float", "f")
bits, word, whole = (64, "ulong", "long") if C == "double" else (32, "uint", "int")
%>
% if kind in ("uniform", "bernoulli"):
/* The leading ${digits} bits as a number in [0, 1): exact. */
INLINE ${C} unit(const ${word} w) {
    return (${C})(${whole})(w >> ${bits - digits}) * ${0.5 ** digits}${f};
}
% elif kind == "normal":
<%include file="portable.cl" args="C=C, log=log, exp=exp, sin=sin, cos=cos"/>
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
