## The products of gemm_fixed.cl, where placed, of few columns (${few}): the lanes of ${RV} vectors are ${RV * VW}
## rows, which are read as vectors where they are neighbours in the image, as pixels of a row are.
<%namespace name="tree" file="tree.cl"/>\
<%
    V = f"{T}{VW}"
    tile = [(r, c) for r in range(RV) for c in range(few)]
%>\
typedef ${V} near __attribute__((aligned(sizeof(${T}))));
__kernel void conv_fixed_rows(
    __global ${T}* restrict y_g, __global const ${T}* restrict a_g, const long a_o,
    __global const ${T}* restrict b_g, const long batches, const long m, const long n,
    const long k, const long a_batch, const long b_batch, __global const ${placed}* restrict row_g, __global const ${placed}* restrict col_g,
    __global const ${placed}* restrict to_g, const long y_part, const long y_batch, const long y_n,
    const int depth, const int below, const long tasks, const long chunk
) {
    const long tiles = (m + ${RV * VW - 1}) / ${RV * VW};
${tree.each_task()}
        const long plane = task / tiles, top = (task - plane * tiles) * ${RV * VW};
        const long part = plane / batches, batch = plane - part * batches;
        __global const ${T}* b_p = b_g + batch * b_batch;
        __global const ${T}* a_p = a_g + a_o + batch * a_batch;
        ${placed} rows[${RV * VW}];
        for (int l = 0; l < ${RV * VW}; ++l) rows[l] = row_g[top + l < m ? top + l : m - 1];
% for r in range(RV):
        const int dense${r} = top + ${(r + 1) * VW} <= m && rows[${r * VW + VW - 1}] - rows[${r * VW}] == ${VW - 1};
% endfor
        ${V} held[${LEVELS}][${RV * few}];
        for (long i = 0; i < 1L << below; ++i) {
${tree.leaf('k')}
            ${V} ${', '.join(f'acc{r}_{c} = 0' for r, c in tile)};
            for (long s = begin; s < end; ++s) {
                __global const ${T}* x = a_p + col_g[s];
                const ${V} ${', '.join(f'b{c} = ({V})b_p[s * {few} + {c}]' for c in range(few))};
% for r in range(RV):
                {
                    ${V} a;
                    if (dense${r}) a = *(__global const near*)(x + rows[${r * VW}]);
                    else a = (${V})(${', '.join(f'x[rows[{r * VW + l}]]' for l in range(VW))});
% for c in range(few):
                    acc${r}_${c} = fma(a, b${c}, acc${r}_${c});
% endfor
                }
% endfor
            }
${tree.carry([f'acc{r}_{c}' for r, c in tile], '{} + {}'.format)}
        }
        /* Zeros have no sign, as in gemm_fixed.cl. */
        const ${V} zero = (${V})(${T})(tasks < 0);
        __global ${T}* y_p = y_g + part * y_part + batch * y_batch;
% for r in range(RV):
        if (top + ${r * VW} < m) {
            const long to = to_g[top + ${r * VW}];
            const int there = m - top - ${r * VW} < ${VW} ? (int)(m - top - ${r * VW}) : ${VW};
            if (there == ${VW} && to_g[top + ${r * VW + VW - 1}] - to == ${VW - 1}) {
% for c in range(few):
                *(__global near*)(y_p + to + ${c} * y_n) = held[below][${r * few + c}] + zero;
% endfor
            } else {
% for c in range(few):
                {
                    ${T} lanes[${VW}];
                    *(near*)lanes = held[below][${r * few + c}] + zero;
                    for (int l = 0; l < there; ++l) y_p[to_g[top + ${r * VW} + l] + ${c} * y_n] = lanes[l];
                }
% endfor
            }
        }
% endfor
    }
}
