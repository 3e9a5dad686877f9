## Products summed in the one order that k decides, whatever the device and the tile: by a tree whose
## 2^depth leaves begin at floor(i k / 2^depth), each a chain of fused multiply-adds from 0 on. A task
## takes the 2^below leaves of a subtree for a tile of ${RM} rows and ${NV} vectors of ${VW} columns, whose
## operand b lies packed (gemm_fixed_pack.cl). Partial results are a first axis of the result. placed: a
## is an image, where row i and column s of a matrix meet at row_g[i] + col_g[s], and the results of row i
## begin at to_g[i], in steps of y_n.
<%page args="T, RM, NV, VW, LEVELS, placed=''"/>\
<%namespace name="tree" file="tree.cl"/>\
<%def name="row(i)">${f'row_g[{i}]' if placed else f'{i} * a_m'}</%def>\
<%
    V = f"{T}{VW}" if VW > 1 else T
    tile = [(r, c) for r in range(RM) for c in range(NV)]
%>\
<%def name="put_rows()">\
% for r in range(RM):
        if (top + ${r} < m) {
% for c in range(NV):
            {
                /* Mesa's fma(-1, 0, 0) is -0, and a constant 0 would vanish from a sum there. */
                const ${V} whole = held[below][${r * NV + c}] + (${V})(${T})(tasks < 0);
                const long at = left + ${c * VW};
                __global ${T}* row = y_p + (top + ${r}) * n + at;
% if VW > 1:
                if (at + ${VW} <= n) *(__global near*)row = whole;
                else {
                    ${T} lanes[${VW}];
                    *(near*)lanes = whole;
                    for (int l = 0; l < n - at; ++l) row[l] = lanes[l];
                }
% else:
                if (at < n) row[0] = whole;
% endif
            }
% endfor
        }
% endfor
</%def>\
<%def name="put_columns()">\
        ${T} whole[${RM * NV}][${VW}];
% for r, c in tile:
        *(${'near' if VW > 1 else V}*)whole[${r * NV + c}] = held[below][${r * NV + c}] + (${V})(${T})(tasks < 0);  // see put_rows
% endfor
        const long there = m - top < ${RM} ? m - top : ${RM};
        const long wide = n - left < ${NV * VW} ? n - left : ${NV * VW};
        y_p += left * y_n;
        if (there == ${RM} && to_g[top + ${RM - 1}] - to_g[top] == ${RM - 1}) {
            y_p += to_g[top];  // neighbours, as pixels of a row are
            for (int l = 0; l < wide; ++l, y_p += y_n) {
% for r in range(RM):
                y_p[${r}] = whole[${r * NV} + l / ${VW}][l % ${VW}];
% endfor
            }
        } else {
            for (int l = 0; l < wide; ++l, y_p += y_n)
                for (int r = 0; r < there; ++r) y_p[to_g[top + r]] = whole[r * ${NV} + l / ${VW}][l % ${VW}];
        }
</%def>\
% if VW > 1:
typedef ${V} near __attribute__((aligned(sizeof(${T}))));
% endif
__kernel void gemm_fixed(
    __global ${T}* restrict y_g, __global const ${T}* restrict a_g, const long a_o,
    __global const ${T}* restrict b_g, const long batches, const long m, const long n, const long k,
    const long a_batch, const long b_batch,
% if placed:
    __global const ${placed}* restrict row_g, __global const ${placed}* restrict col_g, __global const ${placed}* restrict to_g,
    const long y_part, const long y_batch, const long y_n,
% else:
    const long a_m, const long a_k,
% endif
    const int depth, const int below, const long tasks, const long chunk
) {
    const long rows = (m + ${RM - 1}) / ${RM}, panels = (n + ${VW * NV - 1}) / ${VW * NV};
${tree.each_task()}
        const long other = task / rows, top = (task - other * rows) * ${RM};
        const long plane = other / panels, panel = other - plane * panels;
        const long part = plane / batches, batch = plane - part * batches;
        __global const ${V}* b_p = (__global const ${V}*)(b_g + batch * b_batch) + panel * k * ${NV};
% for r in range(RM):
        __global const ${T}* a_p${r} = a_g + a_o + batch * a_batch + ${row(f'(top + {r} < m ? top + {r} : m - 1)')};
% endfor
        ${V} held[${LEVELS}][${RM * NV}];
        for (long i = 0; i < 1L << below; ++i) {
${tree.leaf('k')}
            ${V} ${', '.join(f'acc{r}_{c} = 0' for r, c in tile)};
            for (long s = begin; s < end; ++s) {
                const ${V} ${', '.join(f'b{c} = b_p[s * {NV} + {c}]' for c in range(NV))};
% if placed:
                const ${placed} along = col_g[s];
% endif
% for r in range(RM):
                const ${V} a${r} = (${V})a_p${r}[${'along' if placed else 's * a_k'}];
% for c in range(NV):
                acc${r}_${c} = fma(a${r}, b${c}, acc${r}_${c});
% endfor
% endfor
            }
${tree.carry([f'acc{r}_{c}' for r, c in tile], '{} + {}'.format)}
        }
        const long left = panel * ${VW * NV};
        __global ${T}* y_p = y_g + ${'part * y_part + batch * y_batch' if placed else 'plane * m * n'};
% if placed:
${put_columns()}
% else:
${put_rows()}
% endif
    }
}
