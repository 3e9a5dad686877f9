## A work-item draws `each` consecutive elements of a distribution. Element i has the Philox counter
## counter + i for itself, and takes from the streams 1, 2, ... of it as many words as it needs: what
## it gets depends on nothing else. Parameters p and q are tensors or numbers; an element out of
## range is noted, and gives NaN. C is the type computed in, T the stored.
#pragma OPENCL FP_CONTRACT OFF
<%include file="philox.cl"/>
% if many_p or many_q:
<%include file="fault.cl"/>
% endif
<%include file="portable.cl" args="C=C, log=log, exp=exp, sin=sin, cos=cos"/>
<%
f = "" if C == "double" else "f"
word = "ulong" if C == "double" else "uint"
%>
typedef struct { ulong counter, stream, key; uint w0, w1, w2, w3; int left; } source_t;
INLINE uint next_word(source_t* s) {
    if (s->left == 0) {
        s->stream += 1;
        philox(s->counter, s->stream, s->key, &s->w0, &s->w1, &s->w2, &s->w3);
        s->left = 4;
    }
    s->left -= 1;
    return s->left == 3 ? s->w0 : s->left == 2 ? s->w1 : s->left == 1 ? s->w2 : s->w3;
}
INLINE ${word} next_bits(source_t* s) {
% if C == "double":
    const ulong low = next_word(s);
    return (ulong)next_word(s) << 32 | low;
% else:
    return next_word(s);
% endif
}
INLINE ${C} next_unit(source_t* s) { return positive_unit(next_bits(s)); }
INLINE ${C} next_normal(source_t* s) {
    ${C} first, second;
    const ${word} a = next_bits(s);
    normal_pair(a, next_bits(s), &first, &second);
    return first;
}
INLINE ${C} quotient(const ${C} a, const ${C} b) { return a * portable_reciprocal(b); }
% if kind == "exponential":
/* Never 0, as the density is for numbers above. */
INLINE ${C} draw(source_t* s, const ${C} rate, const ${C} unused) {
    const ${C} u = next_unit(s);
    const ${C} waited = u < 1 ? -portable_log(u) : ${"5.5e-17" if C == "double" else "3e-8f"};
    return rate == 1 ? waited : quotient(waited, rate);
}
% elif kind == "geometric":
/* Attempts until the first success: log(u) / log(1 - p), rounded up. */
INLINE ${C} draw(source_t* s, const ${C} p, const ${C} unused) {
    const ${C} u = next_unit(s), left = 1 - p;
    if (left <= 0) return 1;
    const ${C} lost = p - (1 - left);
    const ${C} rest = quotient(lost, left);
    const ${C} slope = portable_log(left) - rest;
    const ${C} passed = floor(quotient(portable_log(u), slope));
    return passed + 1;
}
% elif kind == "cauchy":
/* The tangent of an even angle: a quotient of two coordinates of a point on the circle. */
INLINE ${C} draw(source_t* s, const ${C} median, const ${C} sigma) {
    ${C} x, y;
    const ${word} a = next_bits(s);
    normal_pair(a, next_bits(s), &x, &y);
    const ${C} least = ${"1e-30" if C == "double" else "1e-20f"};
    const ${C} ratio = quotient(y, fabs(x) < least ? least : x);
    const ${C} wide = ratio * sigma;
    return wide + median;
}
% elif kind == "von_mises":
/* The tangent of half the angle, by rejection from a wrapped Cauchy distribution (Best and Fisher,
   "Efficient simulation of the von Mises distribution", 1979). With w the tangent of half an even
   angle, that is g w, and the density's ratio log(c) + 1 - c; r - 2 p and what follows are written
   so that nothing cancels for a large concentration p. */
INLINE ${C} draw(source_t* s, const ${C} p, const ${C} unused) {
    const ${C} p2 = 2 * p;
    const ${C} square = p2 * p2;
    const ${C} root = portable_sqrt(1 + square);
    const ${C} low = 1 + portable_reciprocal(root + p2), high = (1 + root) + p2;
    const ${C} g2 = quotient(low, high);
    const ${C} g = portable_sqrt(g2);
    for (int turn = 0; turn < 1000; ++turn) {
        ${C} x, y;
        const ${word} a = next_bits(s);
        normal_pair(a, next_bits(s), &x, &y);
        const ${C} least = ${"1e-100" if C == "double" else "1e-10f"};
        const ${C} w = quotient(y, fabs(x) < least ? least : x), w2 = w * w;
        const ${C} narrowed = g2 * w2;
        const ${C} half_low = 0.5${f} * low;
        const ${C} c = half_low * quotient(1 + w2, 1 + narrowed);
        if (portable_log(next_unit(s)) <= portable_log(c) + (1 - c)) return g * w;
    }
    return 0;
}
% elif kind == "log_normal":
INLINE ${C} draw(source_t* s, const ${C} mean, const ${C} std) {
    const ${C} wide = next_normal(s) * std;
    return portable_exp(wide + mean);
}
% elif kind == "gamma":
/* Marsaglia and Tsang, "A simple method for generating gamma variables" (2000). */
INLINE ${C} draw(source_t* s, const ${C} shape, const ${C} unused) {
    const int boosted = shape < 1;
    const ${C} raised = boosted ? shape + 1 : shape;
    const ${C} d = raised - 0.33333333333333333${f};
    const ${C} c = portable_reciprocal(3 * portable_sqrt(d));
    ${C} result = d;
    for (int turn = 0; turn < 1000; ++turn) {
        const ${C} x = next_normal(s);
        const ${C} cx = c * x;
        const ${C} v1 = 1 + cx;
        if (v1 <= 0) continue;
        const ${C} v = v1 * v1 * v1, u = next_unit(s), x2 = x * x;
        const ${C} x4 = x2 * x2;
        const ${C} squeeze = 0.0331${f} * x4;
        const ${C} volume = d * v, logs = d * portable_log(v), half_x2 = 0.5${f} * x2;
        const ${C} bound = ((half_x2 + d) - volume) + logs;
        if (u < 1 - squeeze || portable_log(u) < bound) {
            result = volume;
            break;
        }
    }
    if (boosted) {
        const ${C} power = quotient(portable_log(next_unit(s)), shape);
        result = result * portable_exp(power);
    }
    const ${C} least = ${"2.3e-308" if C == "double" else "1.2e-38f"};
    return result < least ? least : result;
}
% elif kind in ("poisson", "binomial"):
/* log k! beyond Stirling's formula. */
INLINE ${C} stirling_rest(const ${C} k) {
    const ${C} table[16] = {
        0, 0.081061466795327258${f}, 0.041340695955409294${f}, 0.027677925684998339${f},
        0.020790672103765093${f}, 0.016644691189821192${f}, 0.013876128823070748${f},
        0.01189670994589177${f}, 0.010411265261972096${f}, 0.0092554621827127329${f},
        0.0083305634333628713${f}, 0.0075736754879518408${f}, 0.0069428401072095299${f},
        0.0064089941880042071${f}, 0.0059513701128477588${f}, 0.0055547335519628014${f}
    };
    if (k < 16) return table[(int)k];
    const ${C} v = portable_reciprocal(k);
    const ${C} z = v * v;
    ${C} sum = 0.0007936507936507937${f} - z * 0.0005952380952380953${f};
    sum = 0.002777777777777778${f} - z * sum;
    sum = 0.08333333333333333${f} - z * sum;
    return sum * v;
}
/* k log(k / m) + m - k, without cancellation (Loader, "Fast and accurate computation of binomial
   probabilities", 2000). */
INLINE ${C} deviance(const ${C} k, const ${C} m) {
    const ${C} apart = k - m, both = k + m;
    if (fabs(apart) < 0.1${f} * both) {
        const ${C} v = quotient(apart, both);
        const ${C} v2 = v * v;
        ${C} sum = apart * v, term = 2 * k * v;
        for (int j = 1; j < ${"10" if C == "double" else "5"}; ++j) {
            term = term * v2;
            const ${C} part = term * portable_reciprocal((${C})(2 * j + 1));
            sum = sum + part;
        }
        return sum;
    }
    if (k <= 0) return m;
    const ${C} logs = portable_log(k) - portable_log(m);
    const ${C} main_part = k * logs;
    return main_part - apart;
}
% if kind == "poisson":
INLINE ${C} log_chance(const ${C} k, const ${C} rate) {
    if (k <= 0) return -rate;
    const ${C} area = 6.283185307179586${f} * k;
    const ${C} half_log = 0.5${f} * portable_log(area);
    return -stirling_rest(k) - deviance(k, rate) - half_log;
}
/* By products of even numbers for small rates; else the transformed rejection PTRS of Hoermann, "The
   transformed rejection method for generating Poisson random variables" (1993). */
INLINE ${C} draw(source_t* s, const ${C} rate, const ${C} unused) {
    if (rate <= 0) return 0;
    if (rate < 10) {
        const ${C} bound = portable_exp(-rate);
        ${C} product = 1, k = -1;
        for (int turn = 0; turn < 1000 && product > bound; ++turn) {
            product = product * next_unit(s);
            k += 1;
        }
        return k < 0 ? 0 : k;
    }
    const ${C} root = portable_sqrt(rate), spread = 2.53${f} * root;
    const ${C} b = 0.931${f} + spread, tilt = 0.02483${f} * b;
    const ${C} a = tilt - 0.059${f};
    const ${C} alpha = 1.1239${f} + quotient(1.1328${f}, b - 3.4${f});
    const ${C} sure = 0.9277${f} - quotient(3.6224${f}, b - 2);
% else:
INLINE ${C} log_chance(const ${C} k, const ${C} n, const ${C} p) {
    const ${C} rest = n - k, q = 1 - p;
    if (k <= 0 || rest <= 0) return n * portable_log(k <= 0 ? q : p);
    const ${C} mean = n * p, other = n * q;
    const ${C} rests = stirling_rest(n) - stirling_rest(k) - stirling_rest(rest);
    const ${C} away = deviance(k, mean) + deviance(rest, other);
    const ${C} area = 6.283185307179586${f} * k;
    const ${C} logs = (portable_log(n) - portable_log(area)) - portable_log(rest);
    const ${C} half_logs = 0.5${f} * logs;
    return rests - away + half_logs;
}
/* Successes by the waits between them where they are few; else the transformed rejection BTRS of
   Hoermann, "The generation of binomial random variates" (1993). */
INLINE ${C} draw(source_t* s, const ${C} n, const ${C} chance) {
    const int turned = chance > 0.5${f};
    const ${C} p = turned ? 1 - chance : chance;
    if (n <= 0 || p <= 0) return turned ? n : 0;
    const ${C} mean = n * p;
    if (mean < 10) {
        const ${C} left = 1 - p;
        const ${C} lost = p - (1 - left);
        const ${C} slope = portable_reciprocal(portable_log(left) - quotient(lost, left));
        ${C} k = 0, waited = 0;
        for (int turn = 0; turn < 1000; ++turn) {
            const ${C} wait = portable_log(next_unit(s)) * slope;
            waited += floor(wait) + 1;
            if (waited > n) break;
            k += 1;
        }
        return turned ? n - k : k;
    }
    const ${C} variance = mean * (1 - p), root = portable_sqrt(variance), spread = 2.53${f} * root;
    const ${C} b = 1.15${f} + spread, tilt = 0.0248${f} * b, lean = 0.01${f} * p;
    const ${C} a = (tilt - 0.0873${f}) + lean;
    const ${C} alpha = (2.83${f} + quotient(5.1${f}, b)) * root;
    const ${C} sure = 0.92${f} - quotient(4.2${f}, b);
    const ${C} upper = (n + 1) * p;
    const ${C} most = log_chance(floor(upper), n, p);
% endif
    for (int turn = 0; turn < 1000; ++turn) {
        const ${C} u = next_unit(s) - 0.5${f}, v = next_unit(s), apart = 0.5${f} - fabs(u);
        if (apart <= 0) continue;
        const ${C} steep = quotient(a, apart);
        const ${C} slope = 2 * steep + b;
        const ${C} moved = slope * u;
        const ${C} k = floor(moved + ${f"(rate + 0.43{f})" if kind == "poisson" else f"(mean + 0.5{f})"});
        if (k < 0 || (apart < 0.013${f} && v > apart)) continue;
% if kind == "binomial":
        if (k > n) continue;
        if (apart >= 0.07${f} && v <= sure) return turned ? n - k : k;
% else:
        if (apart >= 0.07${f} && v <= sure) return k;
% endif
        const ${C} weight = quotient(steep, apart) + b;
        const ${C} scaled = portable_log(v) + (portable_log(alpha) - portable_log(weight));
% if kind == "binomial":
        if (scaled <= log_chance(k, n, p) - most) return turned ? n - k : k;
% else:
        if (scaled <= log_chance(k, rate)) return k;
% endif
    }
    return ${"turned ? n - floor(mean) : floor(mean)" if kind == "binomial" else "floor(rate)"};
}
% endif
<%
    # Whether parameters are in range, and the number of what the error says (runtime/faults.py).
    valid, fault = {
        "exponential": ("p > 0", 1),
        "geometric": ("p > 0 && p <= 1", 2),
        "cauchy": ("q > 0", 1),
        "log_normal": ("q >= 0", 1),
        "gamma": ("p > 0", 1),
        "von_mises": ("p > 0", 1),
        "poisson": ("p >= 0", 1),
        "binomial": ("p >= 0 && p == floor(p) && q >= 0 && q <= 1", 2),
    }[kind]
%>
__kernel void sample(
    __global ${T}* restrict y_g,
% for name, many in (("p", many_p), ("q", many_q)):
% if many:
    __global const ${C}* restrict ${name}_g, const ${index} ${name}_start,
% endif
% endfor
    const ${index} count, const ${index} each,
% for name, many in (("p", many_p), ("q", many_q)):
% if not many:
    const ${C} ${name}_k,
% endif
% endfor
    const ulong counter, const ulong key
% if many_p or many_q:
    , __global long* fault_g, const int site
% endif
) {
    const ${index} first = (${index})get_global_id(0) * each;
    const ${index} end = first + each < count ? first + each : count;
    for (${index} i = first; i < end; ++i) {
        const ${C} p = ${"p_g[p_start + i]" if many_p else "p_k"}, q = ${"q_g[q_start + i]" if many_q else "q_k"};
        source_t s = { counter + i, 0, key, 0, 0, 0, 0, 0 };
% if not (many_p or many_q):
        y_g[i] = (${T})draw(&s, p, q);  // numbers are in range: the caller looks at them
% else:
        const int good = ${valid} && fabs(p) < INFINITY && fabs(q) < INFINITY;
        if (good) {
            y_g[i] = (${T})draw(&s, p, q);
        } else {
            y_g[i] = (${T})NAN;
            note_fault(fault_g, site, ${fault}, 0);
        }
% endif
    }
}
