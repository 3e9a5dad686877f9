## A work-item takes a symmetric tridiagonal matrix to diagonal form by implicit QL steps (EISPACK's
## tql2), going on where state_g says: {the first eigenvalue that is not found, steps of it, sweeps
## that were recorded, whether it fails}. Each sweep of rotations is {from, count} in sweep_g and a
## cosine and a sine for each in turn_g; it stops when the next may find no room.
__kernel void ql_sweeps(
    __global ${T}* d_g, __global ${T}* e_g, __global int* state_g
% if recorded:
    , __global ${T}* turn_g, __global int* sweep_g
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
    __global int* sweep = sweep_g + gid * 2 * room;
% endif
    /* What is that much smaller than the rounding of the largest may underflow when squared. */
    ${T} least = 0;
    for (int i = 0; i < n; ++i) {
        const ${T} size = fabs(d[i]) + (i + 1 < n ? fabs(e[i]) : 0);
        least = size > least ? size : least;
    }
    least *= ${epsilon} / 1024;
    int l = state[0], steps = state[1], sweeps = 0, used = 0;
    while (l < n && !state[3]) {
        int m = l;
        for (; m < n - 1; ++m)
            if (fabs(e[m]) <= ${epsilon} * (fabs(d[m]) + fabs(d[m + 1])) || fabs(e[m]) <= least)
                break;
        if (m == l) {
            ++l;
            steps = 0;
            continue;
        }
        if (steps++ == most) {
            state[3] = l + 1;
            break;
        }
% if recorded:
        if (used + m - l > room) {
            --steps;
            break;
        }
        const int first = used;
% endif
        ${T} g = (d[l + 1] - d[l]) / (2 * e[l]);
        ${T} r = sqrt(g * g + 1);
        /* Past the root of the largest number, g is as good as r. */
        r = fabs(g) > ${huge} ? fabs(g) : r;
        g = d[m] - d[l] + e[l] / (g + (g < 0 ? -r : r));
        ${T} s = 1, c = 1, p = 0;
        int i = m - 1;
        for (; i >= l; --i) {
            const ${T} f = s * e[i], b = c * e[i];
            r = sqrt(f * f + g * g);
            e[i + 1] = r;
            if (r == 0) {
                d[i + 1] -= p;
                e[m] = 0;
                break;
            }
            s = f / r;
            c = g / r;
            g = d[i + 1] - p;
            r = (d[i] - g) * s + 2 * c * b;
            p = s * r;
            d[i + 1] = g + p;
            g = c * r - b;
% if recorded:
            turn[2 * used] = c;
            turn[2 * used + 1] = s;
            ++used;
% endif
        }
        if (i < l) {
            d[l] -= p;
            e[l] = g;
            e[m] = 0;
        }
% if recorded:
        if (used > first) {
            sweep[2 * sweeps] = m;
            sweep[2 * sweeps + 1] = used - first;
            ++sweeps;
        }
% endif
    }
    state[0] = l;
    state[1] = steps;
    state[2] = sweeps;
}
