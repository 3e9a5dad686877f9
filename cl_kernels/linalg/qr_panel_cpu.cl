## qr_panel for a CPU, where a work-item has a matrix: the columns of its panel, and the vectors v, lie
## one behind the other in keep_g meanwhile, as rows of a matrix lie so far apart that a cache keeps few.
<%include file="team.cl"/>
<%include file="reflection.cl"/>
<%include file="vectors.cl"/>
/* The product of the adjoint of x with y, of n elements each. */
INLINE ${T} inner_product(__global ${T}* x, __global ${T}* y, const int n) {
    ${T} total = 0;
    int i = 0;
% if T[-1] != "2":
    V sums = 0, more = 0;
    for (; i + ${2 * lanes} <= n; i += ${2 * lanes}) {
        sums += AT(x + i) * AT(y + i);
        more += AT(x + i + ${lanes}) * AT(y + i + ${lanes});
    }
    sums += more;
    total = TOTAL(sums);
% endif
    for (; i < n; ++i)
        total += MUL(CONJ(x[i]), y[i]);
    return total;
}
__kernel void qr_panel_cpu(
    __global ${T}* a_g, __global ${T}* tau_g, __global ${T}* v_g, __global ${T}* t_g,
    __global ${T}* keep_g, const int m, const int n, const int first, const int width,
    const int steps
) {
    const long matrix = get_global_id(0), rows = m - first, tall = rows + ${lanes};
    __global ${T}* a = a_g + matrix * m * n + (long)first * n + first;
    __global ${T}* v = v_g + matrix * rows * width;
    __global ${T}* t = t_g + matrix * width * width;
    __global ${T}* columns = keep_g + matrix * 2 * width * tall;
    __global ${T}* vectors = columns + width * tall;
    for (long i = 0; i < rows; ++i)
        for (int c = 0; c < width; ++c)
            columns[c * tall + i] = a[i * n + c];
    for (int j = 0; j < width; ++j) {
        REAL beta;
        __global ${T}* x = columns + j * tall + j;
        __global ${T}* y = vectors + j * tall + j;
        const int rest = (int)rows - j;
        const ${T} tau = MAKE_REFLECTION(x, 1, rest, y, 1, &beta);
        x[0] = NUM(beta);
        tau_g[matrix * steps + first + j] = tau;
        ${T} w[${block}];
        for (int c = 0; c < j; ++c) {
            vectors[j * tall + c] = 0;
            w[c] = inner_product(vectors + c * tall + j, y, rest);
        }
        for (int c = 0; c < width; ++c) {
            ${T} total = 0;
            for (int q = c; q < j; ++q)
                total += MUL(t[c * width + q], w[q]);
            t[c * width + j] = c < j ? -MUL(tau, total) : c == j ? tau : (${T})0;
        }
        for (int c = j + 1; c < width; ++c) {
            __global ${T}* to = columns + c * tall + j;
            const ${T} factor = MUL(CONJ(tau), inner_product(y, to, rest));
            _Pragma("clang loop vectorize(assume_safety)")
            for (int i = 0; i < rest; ++i)
                to[i] -= MUL(factor, y[i]);
        }
    }
    for (long i = 0; i < rows; ++i)
        for (int c = 0; c < width; ++c) {
            const ${T} kept = vectors[c * tall + i];
            v[i * width + c] = kept;
            a[i * n + c] = i <= c ? columns[c * tall + i] : kept;
        }
}
