## A work-item takes one sample: the logarithm of the probability of all paths through the labels
## l = (blank, t1, blank, t2, ..., blank) up to each time and place (a, forwards), and from there to
## the end (b, backwards, where `back`), whose products give the gradient.
#define MORE(x, y) ct_more(x, y)
INLINE ${T} ct_more(${T} x, ${T} y) {
    if (x == y) return x == -INFINITY ? x : x + (${T})0.6931471805599453;
    return (x > y ? x : y) + ct_softplus(-fabs(x - y));
}
__kernel void ctc(
    __global ${T}* restrict a_g, __global ${T}* restrict loss_g, __global const ${T}* restrict x_g,
    __global const long* restrict label_g, __global const long* restrict start_g,
    __global const long* restrict times_g, __global const long* restrict counts_g,
% if back:
    __global ${T}* restrict d_g, __global const ${T}* restrict g_g,
% endif
    const long x_start, const int samples, const int classes, const int most, const int width,
    const int blank
) {
    const int n = get_global_id(0);
    if (n >= samples)
        return;
    const int times = (int)times_g[n], places = 2 * (int)counts_g[n] + 1;
    __global const long* label = label_g + start_g[n];
    __global const ${T}* x = x_g + x_start + (long)n * classes;
    const long step = (long)samples * classes;
    __global ${T}* a = a_g + (long)n * most * width;
#define LABEL(s) ((s) & 1 ? (int)label[(s) / 2] : blank)
% if not back:
    if (times == 0) {
        loss_g[n] = places == 1 ? 0 : INFINITY;
        return;
    }
    for (int t = 0; t < times; ++t)
        for (int s = 0; s < places; ++s) {
            ${T} sum = -INFINITY;
            if (t == 0) {
                sum = s < 2 ? 0 : sum;
            } else {
                __global const ${T}* before = a + (long)(t - 1) * width;
                sum = before[s];
                if (s > 0) sum = MORE(sum, before[s - 1]);
                if (s > 1 && (s & 1) && LABEL(s) != LABEL(s - 2)) sum = MORE(sum, before[s - 2]);
            }
            a[(long)t * width + s] = sum + x[t * step + LABEL(s)];
        }
    __global const ${T}* last = a + (long)(times - 1) * width;
    loss_g[n] = -(places > 1 ? MORE(last[places - 1], last[places - 2]) : last[0]);
% else:
    ${T} scale = g_g[n];
    const ${T} loss = loss_g[n];
    __global ${T}* d = d_g + (long)n * classes;
    /* b at a time replaces a there, once a is used: the sum over the paths through each place. */
    for (int t = times - 1; t >= 0; --t) {
        __global ${T}* row = a + (long)t * width;
        __global ${T}* b = a_g + (long)samples * most * width + ((long)n * 2 + (t & 1)) * width;
        __global const ${T}* after = a_g + (long)samples * most * width + ((long)n * 2 + (~t & 1)) * width;
        for (int s = 0; s < places; ++s) {
            ${T} sum = -INFINITY;
            if (t == times - 1) {
                sum = s >= places - 2 ? 0 : sum;
            } else {
                sum = after[s];
                if (s + 1 < places) sum = MORE(sum, after[s + 1]);
                if (s + 2 < places && (s & 1) && LABEL(s) != LABEL(s + 2))
                    sum = MORE(sum, after[s + 2]);
            }
            b[s] = sum + x[t * step + LABEL(s)];
        }
        for (int c = 0; c < classes; ++c)
            d[t * step + c] = -INFINITY;
        for (int s = 0; s < places; ++s) {
            __global ${T}* at = d + t * step + LABEL(s);
            *at = MORE(*at, row[s] + b[s]);
        }
        for (int c = 0; c < classes; ++c) {
            const ${T} logp = x[t * step + c], paths = d[t * step + c];
            d[t * step + c] = scale == 0 ? 0 : (exp(logp) - exp(paths + loss - logp)) * scale;
        }
    }
% endif
}
