## A work-item solves t x = b for a lower triangular t of order n and ${lanes} columns of b, which x
## replaces. Strides tell how both lie; negative ones, that t is an upper triangle.
<%include file="numbers.cl"/>
/* What is said of each element, along what lies together. */
#define MOVE(what, lanes) \
    if (b_row == 1) \
        for (int c = 0; c < lanes; ++c) \
            for (int i = 0; i < n; ++i) \
                what; \
    else \
        for (int i = 0; i < n; ++i) \
            for (int c = 0; c < lanes; ++c) \
                what;
__kernel void solve_block(
    __global ${T}* b_g, __global const ${T}* t_g,
    const long b_start, const long t_start, const int n, const int columns,
    const long b_row, const long b_column, const long b_batch,
    const long t_row, const long t_column, const long t_batch, const long items
) {
    const long gid = get_global_id(0);
    if (gid >= items)
        return;
    const int chunks = (columns + ${lanes} - 1) / ${lanes};
    const long matrix = gid / chunks;
    const int low = (int)(gid % chunks) * ${lanes};
    const int width = columns - low < ${lanes} ? columns - low : ${lanes};
    __global ${T}* b = b_g + b_start + matrix * b_batch + low * b_column;
    __global const ${T}* t = t_g + t_start + matrix * t_batch;
    ${T} x[${block}][${lanes}];
    MOVE(x[i][c] = c < width ? b[i * b_row + c * b_column] : (${T})0, ${lanes})
    for (int i = 0; i < n; ++i) {
        for (int k = 0; k < i; ++k) {
            const ${T} factor = t[i * t_row + k * t_column];
            for (int c = 0; c < ${lanes}; ++c)
                x[i][c] -= MUL(factor, x[k][c]);
        }
% if not unit:
        const ${T} divisor = t[i * t_row + i * t_column];
        for (int c = 0; c < ${lanes}; ++c)
            x[i][c] = DIV(x[i][c], divisor);
% endif
    }
    MOVE(b[i * b_row + c * b_column] = x[i][c], width)
}
