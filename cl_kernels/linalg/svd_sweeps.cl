## A work-item takes an upper bidiagonal matrix to diagonal form by implicit QR steps, without shift
## where that would cost accuracy (Demmel, Kahan 1990), going on where state_g says: {how many values
## are found, steps of the next, sweeps that were recorded, whether it fails}. Sweeps of rotations of
## the left side are in turn_g, of the right side in turn_1: {from, count} in sweep_g, a cosine and a
## sine for each; it stops when the next may find no room.
INLINE ${T} rotation(const ${T} f, const ${T} g, ${T}* c, ${T}* s) {
    const ${T} r = sqrt(f * f + g * g);
    *c = r == 0 ? 1 : f / r;
    *s = r == 0 ? 0 : g / r;
    return r;
}
/* The smaller singular value of {{f, g}, {0, h}} (LAPACK's las2). */
INLINE ${T} smaller_value(${T} f, ${T} g, ${T} h) {
    f = fabs(f);
    g = fabs(g);
    h = fabs(h);
    const ${T} low = f < h ? f : h, high = f < h ? h : f;
    if (low == 0)
        return 0;
    const ${T} as = 1 + low / high, at = (high - low) / high;
    if (g < high) {
        const ${T} au = g / high * (g / high);
        return low * (2 / (sqrt(as * as + au) + sqrt(at * at + au)));
    }
    const ${T} au = high / g;
    if (au == 0)
        return low * high / g;
    return 2 * (low * (1 / (sqrt(1 + as * au * (as * au)) + sqrt(1 + at * au * (at * au)))) * au);
}
% if recorded:
#define RECORD(cl, sl, cr, sr) \
    turn[2 * used] = cl; turn[2 * used + 1] = sl; \
    other[2 * used] = cr; other[2 * used + 1] = sr; ++used;
% else:
#define RECORD(cl, sl, cr, sr)
% endif
__kernel void svd_sweeps(
    __global ${T}* d_g, __global ${T}* e_g, __global int* state_g
% if recorded:
    , __global ${T}* turn_g, __global ${T}* turn_1, __global int* sweep_g
% endif
    , const int n, const int room, const int most, const long items
) {
    const long gid = get_global_id(0);
    if (gid >= items)
        return;
    __global ${T}* d = d_g + gid * n;
    __global ${T}* e = e_g + gid * n;
    __global int* state = state_g + gid * 4;
% if recorded:
    __global ${T}* turn = turn_g + gid * 2 * room;
    __global ${T}* other = turn_1 + gid * 2 * room;
    __global int* sweep = sweep_g + gid * 2 * room;
% endif
    ${T} least = 0;
    for (int i = 0; i < n; ++i) {
        least = fabs(d[i]) > least ? fabs(d[i]) : least;
        least = i + 1 < n && fabs(e[i]) > least ? fabs(e[i]) : least;
    }
    /* What is that much smaller than the rounding of the largest counts as 0. */
    least *= ${epsilon} / 64;
    int found = state[0], steps = state[1], sweeps = 0, used = 0;
    while (found < n && !state[3]) {
        const int high = n - 1 - found;
        int low = high;
        for (; low > 0; --low) {
            const ${T} size = fabs(e[low - 1]);
            if (size <= least || size <= ${epsilon} * 2 * (fabs(d[low - 1]) + fabs(d[low]))) {
                e[low - 1] = 0;
                break;
            }
        }
        if (low == high) {
            ++found;
            steps = 0;
            continue;
        }
        if (steps++ == most) {
            state[3] = high + 1;
            break;
        }
% if recorded:
        if (used + high - low > room) {
            --steps;
            break;
        }
        const int first = used;
% endif
        int has_zero = 0;
        for (int i = low; i <= high; ++i)
            if (fabs(d[i]) <= least) {
                d[i] = 0;
                has_zero = 1;
            }
        ${T} shift = has_zero ? 0 : smaller_value(d[high - 1], e[high - 1], d[high]);
        const ${T} start = fabs(d[low]);
        if (start > 0 && shift / start * (shift / start) < ${epsilon})
            shift = 0;
        if (shift == 0) {
            ${T} c = 1, s = 0, old_c = 1, old_s = 0;
            for (int i = low; i < high; ++i) {
                ${T} r = rotation(d[i] * c, e[i], &c, &s);
                if (i > low)
                    e[i - 1] = old_s * r;
                d[i] = rotation(old_c * r, d[i + 1] * s, &old_c, &old_s);
                RECORD(old_c, old_s, c, s)
            }
            const ${T} last = d[high] * c;
            d[high] = last * old_c;
            e[high - 1] = last * old_s;
        } else {
            ${T} f = (start - shift) * ((d[low] < 0 ? -1 : 1) + shift / d[low]), g = e[low];
            for (int i = low; i < high; ++i) {
                ${T} c, s, left_c, left_s;
                ${T} r = rotation(f, g, &c, &s);
                if (i > low)
                    e[i - 1] = r;
                f = c * d[i] + s * e[i];
                e[i] = c * e[i] - s * d[i];
                g = s * d[i + 1];
                d[i + 1] = c * d[i + 1];
                d[i] = rotation(f, g, &left_c, &left_s);
                f = left_c * e[i] + left_s * d[i + 1];
                d[i + 1] = left_c * d[i + 1] - left_s * e[i];
                if (i + 1 < high) {
                    g = left_s * e[i + 1];
                    e[i + 1] = left_c * e[i + 1];
                }
                RECORD(left_c, left_s, c, s)
            }
            e[high - 1] = f;
        }
% if recorded:
        sweep[2 * sweeps] = low;
        sweep[2 * sweeps + 1] = used - first;
        ++sweeps;
% endif
    }
    state[0] = found;
    state[1] = steps;
    state[2] = sweeps;
}
