## Functions of complex numbers, vectors with the parts x and y, for kernels that call one. Special
## values are those of C99's Annex G as far as NumPy and PyTorch have them; products are plain.
## Source: Kahan, Branch cuts for complex elementary functions, 1987.
% for R, C, big, far, flat, two, tiny, more, less in [('float', 'float2', 80, 40, 9, '8.5e37f', '1e-30f', '1.8446744073709552e19f', '2.3283064365386963e-10f')] + ([('double', 'double2', 700, 200, 20, '4e307', '1e-290', '1.8446744073709552e19', '2.3283064365386963e-10')] if with_double else []):
CT_OVERLOAD ${C} cx_make(${R} x, ${R} y) { return (${C})(x, y); }
CT_OVERLOAD ${C} cx_scaled(${C} a, ${R} k) { return a * k; }
CT_OVERLOAD int cx_inf(${R} x) { return x == x && x - x != 0; }
CT_OVERLOAD int cx_finite(${R} x) { return x - x == 0; }
CT_OVERLOAD ${C} cx_conj(${C} a) { return (${C})(a.x, -a.y); }
CT_OVERLOAD ${C} cx_turned(${C} a) { return (${C})(-a.y, a.x); }  // times i
CT_OVERLOAD ${C} cx_back(${C} a) { return (${C})(a.y, -a.x); }  // times -i
CT_OVERLOAD ${C} cx_mul(${C} a, ${C} b) {
    return (${C})(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x);
}
/* Smith's: the squares of the divisor's parts, which may be out of range, do not occur. */
CT_OVERLOAD ${C} cx_div(${C} a, ${C} b) {
    if (b.x == 0 && b.y == 0) return (${C})(a.x / fabs(b.x), a.y / fabs(b.y));
    const int flat = fabs(b.x) >= fabs(b.y);
    const ${R} large = flat ? b.x : b.y, ratio = (flat ? b.y : b.x) / large;
    const ${R} scale = large + (flat ? b.y : b.x) * ratio;
    return flat ? (${C})((a.x + a.y * ratio) / scale, (a.y - a.x * ratio) / scale)
                : (${C})((a.y + a.x * ratio) / scale, (a.y * ratio - a.x) / scale);
}
CT_OVERLOAD ${R} cx_abs(${C} a) {
    return (cx_inf(a.x) || cx_inf(a.y)) ? (${R})INFINITY : hypot(a.x, a.y);
}
CT_OVERLOAD ${R} cx_angle(${C} a) { return atan2(a.y, a.x); }
CT_OVERLOAD ${C} cx_sgn(${C} a) {
    const ${R} size = cx_abs(a);
    return size == 0 ? (${C})(0, 0) : a / size;
}
/* k e^a. Past the range of exp, the factors that follow may bring the result back into it. */
CT_OVERLOAD ${C} cx_exp_times(${C} a, ${R} k) {
    const int large = a.x > ${big} && cx_finite(a.x);
    const ${R} e = exp(large ? a.x - ${far} : a.x), f = (large ? exp((${R})${far}) : (${R})1) * k;
    if (a.y == 0) return (${C})(e * f, a.y);
    if (!cx_finite(a.y)) {
        if (cx_inf(a.x)) return a.x > 0 ? (${C})(a.x, NAN) : (${C})(0, 0);
        return (${C})(NAN, NAN);
    }
    return (${C})(e * cos(a.y) * f, e * sin(a.y) * f);
}
CT_OVERLOAD ${C} cx_exp(${C} a) { return cx_exp_times(a, 1); }
CT_OVERLOAD ${R} cx_log_abs(${R} x, ${R} y) {
    const ${R} u = fabs(x), v = fabs(y), large = u > v ? u : v, small = u > v ? v : u;
    if (cx_inf(u) || cx_inf(v)) return INFINITY;
    if (large > (${R})0.5 && large < (${R})2)
        return (${R})0.5 * log1p((large - 1) * (large + 1) + small * small);
    if (large > ${two}) return log(hypot(large / 2, small / 2)) + (${R})0.6931471805599453;
    return log(hypot(large, small));
}
CT_OVERLOAD ${C} cx_log(${C} a) { return (${C})(cx_log_abs(a.x, a.y), atan2(a.y, a.x)); }
CT_OVERLOAD ${C} cx_log1p(${C} a) {
    const ${R} x = fabs(a.x), y = fabs(a.y);
    const int near = x < (${R})0.5 && y < (${R})0.5;
    return (${C})(near ? (${R})0.5 * log1p(a.x * (2 + a.x) + a.y * a.y) : cx_log_abs(1 + a.x, a.y),
                  atan2(a.y, 1 + a.x));
}
CT_OVERLOAD ${C} cx_expm1(${C} a) {
    if (a.y == 0) return (${C})(expm1(a.x) + 0, a.y);  // no negative zero
    if (!cx_finite(a.x) || !cx_finite(a.y) || a.x > ${big}) return cx_exp(a) - (${C})(1, 0);
    const ${R} half_sine = sin(a.y / 2);
    return (${C})(expm1(a.x) * cos(a.y) - 2 * half_sine * half_sine, exp(a.x) * sin(a.y));
}
CT_OVERLOAD ${C} cx_sqrt(${C} a) {
    if (a.x == 0 && a.y == 0) return (${C})(0, a.y);
    if (cx_inf(a.y)) return (${C})(INFINITY, a.y);
    if (cx_inf(a.x)) {
        const ${R} rest = a.y != a.y ? a.y : (${R})0;
        return a.x > 0 ? (${C})(a.x, a.y != a.y ? a.y : copysign((${R})0, a.y))
                       : (${C})(rest, copysign((${R})INFINITY, a.y));
    }
    const ${R} u = fabs(a.x), v = fabs(a.y), most = u > v ? u : v;
    const ${R} scale = most > ${two} ? (${R})0.25 : most < ${tiny} ? ${more} : (${R})1;
    const ${R} back = most > ${two} ? (${R})2 : most < ${tiny} ? ${less} : (${R})1;
    const ${R} x = a.x * scale, y = a.y * scale;
    const ${R} t = sqrt((fabs(x) + hypot(x, y)) / 2);
    return (x >= 0 ? (${C})(t, y / (2 * t)) : (${C})(fabs(y) / (2 * t), copysign(t, y))) * back;
}
CT_OVERLOAD ${C} cx_sinh(${C} a) {
    if (a.y == 0) return (${C})(sinh(a.x), a.y);
    if (cx_inf(a.x) && !cx_finite(a.y)) return (${C})(a.x, NAN);
    if (fabs(a.x) > ${flat}) {
        const ${C} e = cx_exp_times((${C})(fabs(a.x), a.y), (${R})0.5);
        return a.x < 0 ? (${C})(-e.x, e.y) : e;
    }
    return (${C})(a.x == 0 ? a.x : sinh(a.x) * cos(a.y), cosh(a.x) * sin(a.y));
}
CT_OVERLOAD ${C} cx_cosh(${C} a) {
    if (a.y == 0) return (${C})(cosh(a.x), a.x < 0 ? -a.y : a.y);
    if (cx_inf(a.x) && !cx_finite(a.y)) return (${C})(INFINITY, NAN);
    if (fabs(a.x) > ${flat}) {
        const ${C} e = cx_exp_times((${C})(fabs(a.x), a.y), (${R})0.5);
        return a.x < 0 ? (${C})(e.x, -e.y) : e;
    }
    return (${C})(cosh(a.x) * cos(a.y), a.x == 0 ? a.x : sinh(a.x) * sin(a.y));
}
CT_OVERLOAD ${C} cx_tanh(${C} a) {
    if (a.y == 0) return (${C})(tanh(a.x), a.y);
    if (fabs(a.x) > ${flat}) {
        if (!cx_finite(a.y) && !cx_inf(a.x)) return (${C})(NAN, NAN);
        const ${R} rest = cx_finite(a.y) ? 4 * sin(a.y) * cos(a.y) * exp(-2 * fabs(a.x)) : (${R})0;
        return (${C})(copysign((${R})1, a.x), rest);
    }
    const ${R} t = tan(a.y), beta = 1 + t * t, s = sinh(a.x), below = 1 + beta * s * s;
    return (${C})(a.x == 0 ? a.x : beta * sqrt(1 + s * s) * s / below, t / below);
}
CT_OVERLOAD ${C} cx_sin(${C} a) { return cx_back(cx_sinh(cx_turned(a))); }
CT_OVERLOAD ${C} cx_cos(${C} a) { return cx_cosh(cx_turned(a)); }
CT_OVERLOAD ${C} cx_tan(${C} a) { return cx_back(cx_tanh(cx_turned(a))); }
/* Far from the origin only log(2 |z|) and the angle are left. */
CT_OVERLOAD int cx_far(${C} a) {
    const ${R} far = (${R})${'1e7f' if R == 'float' else '1e15'};
    return fabs(a.x) > far || fabs(a.y) > far;
}
CT_OVERLOAD ${R} cx_log_twice(${C} a) {
    return cx_log_abs(a.x, a.y) + (${R})0.6931471805599453;
}
CT_OVERLOAD ${C} cx_asin(${C} a) {
    if (cx_far(a)) return (${C})(atan2(a.x, fabs(a.y)), copysign(cx_log_twice(a), a.y));
    if (a.x == 0 && a.y != a.y) return a;
    const ${C} p = cx_sqrt((${C})(1 - a.x, -a.y)), q = cx_sqrt((${C})(1 + a.x, a.y));
    return (${C})(atan2(a.x, p.x * q.x - p.y * q.y), asinh(p.x * q.y - p.y * q.x));
}
CT_OVERLOAD ${C} cx_acos(${C} a) {
    if (cx_far(a)) return (${C})(atan2(fabs(a.y), a.x), -copysign(cx_log_twice(a), a.y));
    if (a.x == 0 && a.y != a.y) return (${C})((${R})1.5707963267948966, a.y);
    const ${C} p = cx_sqrt((${C})(1 - a.x, -a.y)), q = cx_sqrt((${C})(1 + a.x, a.y));
    return (${C})(2 * atan2(p.x, q.x), asinh(p.y * q.x - p.x * q.y));
}
CT_OVERLOAD ${C} cx_acosh(${C} a) {
    const ${C} w = cx_acos(a);
    return (${C})(fabs(w.y), copysign(w.x, a.y));
}
CT_OVERLOAD ${C} cx_asinh(${C} a) { return cx_back(cx_asin(cx_turned(a))); }
CT_OVERLOAD ${C} cx_atanh(${C} a) {
    if (cx_far(a)) {
        const ${R} turn = a.y != a.y ? a.y : copysign((${R})1.5707963267948966, a.y);
        if (cx_inf(a.x) || cx_inf(a.y)) return (${C})(copysign((${R})0, a.x), turn);
        return (${C})(cx_div((${C})(1, 0), a).x, a.x != a.x ? a.x : turn);
    }
    if (a.x == 0 && a.y != a.y) return a;
    const ${R} x = fabs(a.x), rest = 1 - x, gap = hypot(rest, a.y);
    const ${R} part = gap < (${R})1e-8 ? (${R})0.34657359027997264 - log(gap) / 2
                                       : log1p(4 * x / (rest * rest + a.y * a.y)) / 4;
    return (${C})(copysign(part, a.x),
                  atan2(2 * a.y, rest * (1 + x) - a.y * a.y) / 2);
}
CT_OVERLOAD ${C} cx_atan(${C} a) { return cx_back(cx_atanh(cx_turned(a))); }
CT_OVERLOAD ${C} cx_rsqrt(${C} a) { return cx_div((${C})(1, 0), cx_sqrt(a)); }
CT_OVERLOAD ${C} cx_sigmoid(${C} a) {
    return cx_div((${C})(1, 0), (${C})(1, 0) + cx_exp(-a));
}
/* Whole exponents by squaring, which is exact where the parts are small integers. */
CT_OVERLOAD ${C} cx_pow(${C} a, ${C} b) {
    if (b.x == 0 && b.y == 0) return (${C})(1, 0);
    if (a.x == 0 && a.y == 0) return b.x > 0 ? (${C})(0, 0) : (${C})(NAN, NAN);
    if (b.y == 0 && fabs(b.x) <= 64 && b.x == floor(b.x)) {
        ${C} result = (${C})(1, 0), base = a;
        for (int left = (int)fabs(b.x); left > 0; left >>= 1) {
            if (left & 1) result = cx_mul(result, base);
            base = cx_mul(base, base);
        }
        return b.x < 0 ? cx_div((${C})(1, 0), result) : result;
    }
    return cx_exp(cx_mul(b, cx_log(a)));
}
% endfor
