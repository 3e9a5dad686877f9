## y[o, k, c] = the sum of all x[o, j, c] whose place is k, in the one order that m, the number of j,
## decides: by the tree over all of them, a leaf each, in which those of other places are left out.
## order_g lists the j sorted by place, equal ones in order. A task that begins with the first of a
## place adds up all of that place, for ${width} neighbours along c, or what is left of them.
<%namespace name="tree" file="tree.cl"/>\
% if width > 1:
typedef ${T}${width} near __attribute__((aligned(sizeof(${T}))));
% endif
INLINE uint leaf_of(const long j, const long m, const int depth) {
    return (uint)(((((ulong)j + 1) << depth) - 1) / (ulong)m);
}
/* The level of the lowest subtree that has both leaves. */
INLINE int level_of(const uint a, const uint b) { return 32 - (int)clz(a ^ b); }
<%def name="total(V, n, column)">
            __global const ${T}* x_p = x_g + x_o + o * m * inner + ${column};
            ${V} held[33];
            uint leaves[33];
            int top = 0;
            for (long t = s; t < m; ++t) {
                const long j = order_g[t];
                if (place_g[j] != place)
                    break;
                const uint leaf = leaf_of(j, m, depth);
                for (; top > 1 && level_of(leaves[top - 2], leaves[top - 1]) < level_of(leaves[top - 1], leaf); --top)
                    held[top - 2] = held[top - 2] + held[top - 1];
                held[top] = ${f'*(__global const near*)(x_p + j * inner)' if n > 1 else 'x_p[j * inner]'};
                leaves[top++] = leaf;
            }
            ${V} sum = held[--top];
            while (top) sum = held[--top] + sum;
            /* No -0, which a part of the sources without this place would make 0. As a constant, 0 would
               vanish on Mesa. */
            sum = sum + (${V})(tasks < 0);
            __global ${T}* y_p = y_g + (o * n + place) * inner + ${column};
            ${'*(__global near*)y_p' if n > 1 else 'y_p[0]'} = sum;
</%def>
__kernel void scatter_fixed(
    __global ${T}* restrict y_g, __global const ${T}* restrict x_g, const long x_o,
    __global const int* restrict order_g, __global const ${I}* restrict place_g, const long outer,
    const long n, const long m, const long inner, const int depth, const long tasks, const long chunk
) {
    const long columns = (inner + ${width - 1}) / ${width};
${tree.each_task()}
% if device.is_cpu:
        const long lane = task / m, s = task - lane * m;
        const long o = lane / columns, column = (lane - o * columns) * ${width};
% else:
        const long lane = task / columns, column = (task - lane * columns) * ${width};
        const long s = lane / outer, o = lane - s * outer;
% endif
        const ${I} place = place_g[order_g[s]];
        if (s && place_g[order_g[s - 1]] == place)
            continue;
% if width > 1:
        if (column + ${width} <= inner) {
${total(f'{T}{width}', width, 'column')}
        } else for (long c = column; c < inner; ++c) {
${total(T, 1, 'c')}
        }
% else:
        {
${total(T, 1, 'column')}
        }
% endif
    }
}
