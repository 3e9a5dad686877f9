## The product within a step of a recurrent layer, on a CPU. No kernel of its own.
## VW, MR, NV: the register tile, as in gemm_tile.cl.
<%namespace name="tile" file="gemm_tile.cl"/>\
<%def name="functions(T, VW, MR, NV)">
${tile.vectors(T, VW)}
/* r[rows x ${NV * VW}] = the first `inner` elements of rows of a, `pitch` apart, times a panel
   [inner][${NV * VW}] of b. */
static void multiply(const int inner, const int pitch, __global const ${T}* a, __global const ${T}* b,
                     __global ${T}* r, const long width, const int rows)
{
% for i in range(MR):
    __global const ${T}* restrict a${i} = a + (long)(${i} < rows ? ${i} : rows - 1) * pitch;
% endfor
    ${tile.clear(MR, NV)}
#pragma clang loop unroll(disable)
    for (int k = 0; k < inner; ++k) {
        ${tile.step(['a%d[k]' % i for i in range(MR)],
                    [capture(tile.load, T, T, VW, 'b + %d' % (v * VW)) for v in range(NV)])}
        b += ${NV * VW};
    }
% for i in range(MR):
    if (${i} < rows) {
    % for v in range(NV):
        *(__global uvec*)(r + ${i} * width + ${v * VW}) = c${i}_${v};
    % endfor
    }
% endfor
}

/* Rows from `first` to `end` of r = a times b; r has `width` columns, as many as all panels. */
static void product(const int first, const int end, const int inner, const int pitch,
                    __global const ${T}* a, __global const ${T}* b, __global ${T}* r,
                    const int width)
{
    for (int column = 0; column < width; column += ${NV * VW}) {
        for (int row = first; row < end; row += ${MR})
            multiply(inner, pitch, a + (long)row * pitch, b, r + (long)row * width + column, width,
                     end - row < ${MR} ? end - row : ${MR});
        b += inner * ${NV * VW};
    }
}
</%def>
