## Packs b for gemm_fixed.cl: panels of ${width} columns, each k rows of them, with zeros where there are
## no columns. A task copies a row of a panel. placed: rows begin at from_g[s].
<%page args="T, width, placed=''"/>\
<%namespace name="tree" file="tree.cl"/>\
__kernel void gemm_fixed_pack(
    __global ${T}* restrict y_g, __global const ${T}* restrict b_g, const long b_o, const long n,
    const long k, const long b_batch, const long b_n,
% if placed:
    __global const ${placed}* restrict from_g,
% else:
    const long b_k,
% endif
    const long tasks, const long chunk
) {
    const long panels = (n + ${width - 1}) / ${width};
${tree.each_task()}
        const long plane = task / k, s = task - plane * k;
        const long batch = plane / panels, left = (plane - batch * panels) * ${width};
        __global const ${T}* b_p = b_g + b_o + batch * b_batch + ${'from_g[s]' if placed else 's * b_k'} + left * b_n;
        __global ${T}* y_p = y_g + task * ${width};
        const int there = n - left < ${width} ? n - left : ${width};
        if (there == ${width} && b_n == 1) {
            for (int l = 0; l < ${width}; ++l) y_p[l] = b_p[l];
        } else {
            for (int l = 0; l < ${width}; ++l) y_p[l] = l < there ? b_p[l * b_n] : 0;
        }
    }
}
