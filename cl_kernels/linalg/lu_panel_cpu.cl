## lu_panel for a CPU, where a work-item has a matrix and its panel comes into a buffer of its own: rows
## of the matrix lie so far from each other that a cache keeps few of them. ${narrow} columns at a time
## are factored, then all to their right in one go.
<%include file="numbers.cl"/>
__kernel void lu_panel_cpu(
    __global ${T}* a_g, __global int* pivot_g, __global int* info_g, __global ${T}* restrict keep_g,
    const int m, const int n, const int first, const int width, const int steps
) {
    const long matrix = get_global_id(0);
    const int rows = m - first;
    __global ${T}* a = a_g + matrix * m * n + (long)first * n + first;
    __global int* pivot = pivot_g + matrix * steps + first;
    __global ${T}* p = keep_g + matrix * m * ${block};
    for (int i = 0; i < rows; ++i)
        for (int c = 0; c < ${block}; ++c)
            p[i * ${block} + c] = c < width ? a[(long)i * n + c] : (${T})0;
    for (int s = 0; s < width; s += ${narrow}) {
        REAL best = -1;
        int at = s;
% if pivots:
        for (int i = s; i < rows; ++i)
            if (SIZE(p[i * ${block} + s]) > best) {
                best = SIZE(p[i * ${block} + s]);
                at = i;
            }
% endif
        for (int j = 0; j < ${narrow} && s + j < width; ++j) {
            const int row = s + j;
            __global ${T}* top = p + row * ${block};
            if (at != row)
                for (int c = 0; c < ${block}; ++c) {
                    const ${T} kept = top[c];
                    top[c] = p[at * ${block} + c];
                    p[at * ${block} + c] = kept;
                }
            pivot[row] = first + at + 1;
            const ${T} divisor = top[row];
            if (IS_ZERO(divisor) && info_g[matrix] == 0)
                info_g[matrix] = first + row + 1;
            ${T} u[${narrow}];
            for (int c = 0; c < ${narrow}; ++c)
                u[c] = c > j && !IS_ZERO(divisor) ? top[s + c] : (${T})0;
            const ${T} by = IS_ZERO(divisor) ? NUM(1) : divisor;
            best = -1;
            at = row + 1;
            for (int i = row + 1; i < rows; ++i) {
                __global ${T}* x = p + i * ${block} + s;
                const ${T} factor = DIV(x[j], by);
                for (int c = 0; c < ${narrow}; ++c)
                    x[c] -= MUL(factor, u[c]);
                x[j] = factor;
% if pivots:
                if (j + 1 < ${narrow} && SIZE(x[j + 1]) > best) {
                    best = SIZE(x[j + 1]);
                    at = i;
                }
% endif
            }
        }
        const int right = s + ${narrow};
        for (int i = s + 1; i < rows && right < ${block}; ++i) {
            __global ${T}* x = p + i * ${block};
            const int known = i < right ? i - s : ${narrow};
            for (int c = right; c < ${block}; c += ${narrow}) {
                ${T} sum[${narrow}];
                for (int q = 0; q < ${narrow}; ++q)
                    sum[q] = x[c + q];
                for (int k = 0; k < known; ++k)
                    for (int q = 0; q < ${narrow}; ++q)
                        sum[q] -= MUL(x[s + k], p[(s + k) * ${block} + c + q]);
                for (int q = 0; q < ${narrow}; ++q)
                    x[c + q] = sum[q];
            }
        }
    }
    for (int i = 0; i < rows; ++i)
        for (int c = 0; c < width; ++c)
            a[(long)i * n + c] = p[i * ${block} + c];
}
