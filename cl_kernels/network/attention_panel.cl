## What the attention kernels for CPUs have in common. No kernel of its own.
##
## The lanes of vectors are queries: a panel is W of them, and what belongs to a panel lies in local
## memory with its lanes side by side. So the largest score and the sum of exponentials are plain
## loops over vectors, and keys and values are read where they lie, an element for all lanes.
## W = NV * VW; MR rows of a product are computed at a time (MR*NV + NV + 1 registers must exist).
<%namespace name="tile" file="gemm_tile.cl"/>\

<%def name="begin(T, VW)">
${tile.vectors(T, VW)}
% if T == 'float':
/* As ct_exp_nonpositive. */
INLINE vec exp_nonpositive(const vec x) {
    const vec c = x < (vec)(-88.0f) ? (vec)(-88.0f) : x;
    const vec shifted = c * 1.44269504088896341f + 12583039.0f, n = shifted - 12583039.0f;
    const vec r = n * 2.12194440e-4f + (n * -0.693359375f + c);
    vec p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = (p * r + 1.0f) * r + 1.0f;
    return p * as_float${VW}(as_uint${VW}(shifted) << 23);
}
% else:
INLINE vec exp_nonpositive(const vec x) {
    return (vec)(${', '.join(f'exp(x.s{"0123456789abcdef"[l]})' for l in range(VW))});
}
% endif
</%def>

## c[rows][c_step] = a[rows][depth] b[depth][W].
<%def name="along(name, T, VW, NV, MR, depth, c_step)">
/* Rows of a past the last repeat it, and c has room for the results. */
static void ${name}(const int rows, __global const ${T}* a, const long a_step,
                    __local const ${T}* b, __local ${T}* c)
{
    for (int i = 0; i < rows; i += ${MR}) {
    % for r in range(MR):
        __global const ${T}* a${r} = a + (i + ${r} < rows ? i + ${r} : rows - 1) * a_step;
    % endfor
        ${tile.clear(MR, NV)}
#pragma clang loop unroll(disable)
        for (int k = 0; k < ${depth}; k++) {
            ${tile.step(['a%d[k]' % r for r in range(MR)],
                        ['*(__local const vec*)(b + k * %d + %d)' % (NV * VW, v * VW)
                         for v in range(NV)])}
        }
    % for r in range(MR):
    % for v in range(NV):
        *(__local vec*)(c + (i + ${r}) * ${c_step} + ${v * VW}) = c${r}_${v};
    % endfor
    % endfor
    }
}
</%def>

## c[width][W] = c * factor + a[count][width]^T b[count][b_step], factor being one for each lane.
<%def name="across(name, T, VW, NV, MR, width, b_step, scaled)">
<% W = NV * VW %>\
static void ${name}(const int count, __global const ${T}* a, const long a_step,
                    __local const ${T}* b, __local ${T}* c${f', __local const {T}* factor' if scaled else ''})
{
    for (int i = 0; i < ${width}; i += ${MR}) {
    % for r in range(MR):
        __global const ${T}* a${r} = a + ${f'i + {r}' if width % MR == 0 else f'(i + {r} < {width} ? i + {r} : {width - 1})'};
    % for v in range(NV):
        vec c${r}_${v} = *(__local vec*)(c + (i + ${r}) * ${W} + ${v * VW})
        % if scaled:
            * *(__local const vec*)(factor + ${v * VW})
        % endif
            ;
    % endfor
    % endfor
#pragma clang loop unroll(disable)
        for (int k = 0; k < count; k++) {
            const long at = k * a_step;
            ${tile.step(['a%d[at]' % r for r in range(MR)],
                        ['*(__local const vec*)(b + k * %d + %d)' % (b_step, v * VW)
                         for v in range(NV)])}
        }
    % for r in range(MR):
    % for v in range(NV):
        *(__local vec*)(c + (i + ${r}) * ${W} + ${v * VW}) = c${r}_${v};
    % endfor
    % endfor
    }
}
</%def>

## The n <= W rows of x, `width` elements each, as lanes: d[width][W], times factor.
<%def name="turned(name, T, VW, NV, width)">
<% W = NV * VW %>\
static void ${name}(const int n, __global const ${T}* x, const long step, const ${T} factor,
                    __local ${T}* d)
{
    int e = 0;
    % if width >= VW:
    if (n == ${W})
        for (; e + ${VW} <= ${width}; e += ${VW}) {
        % for v in range(NV):
            {
            % for r in range(VW):
                vec r${r} = *(__global const uvec*)(x + ${v * VW + r} * step + e);
            % endfor
                ${tile.transpose(VW)}
            % for r in range(VW):
                *(__local vec*)(d + (e + ${r}) * ${W} + ${v * VW}) = r${r} * factor;
            % endfor
            }
        % endfor
        }
    % endif
    for (; e < ${width}; e++)
        for (int l = 0; l < ${W}; l++) d[e * ${W} + l] = l < n ? x[l * step + e] * factor : 0;
}
</%def>

## The reverse: n rows of x get the lanes of d[width][W], each lane times its own factor.
<%def name="returned(name, T, VW, NV, width)">
<% W = NV * VW %>\
static void ${name}(const int n, __local const ${T}* d, __local const ${T}* factor,
                    __global ${T}* x, const long step)
{
    int e = 0;
    % if width >= VW:
    if (n == ${W})
        for (; e + ${VW} <= ${width}; e += ${VW}) {
        % for v in range(NV):
            {
                const vec f = *(__local const vec*)(factor + ${v * VW});
            % for r in range(VW):
                vec r${r} = *(__local const vec*)(d + (e + ${r}) * ${W} + ${v * VW}) * f;
            % endfor
                ${tile.transpose(VW)}
            % for r in range(VW):
                *(__global uvec*)(x + ${v * VW + r} * step + e) = r${r};
            % endfor
            }
        % endfor
        }
    % endif
    for (; e < ${width}; e++)
        for (int l = 0; l < n; l++) x[l * step + e] = d[e * ${W} + l] * factor[l];
}
</%def>

## Hides scores s[count][s_step] of a panel of n queries, the first one being `query`, and of the
## keys from `key` on, as mask_g and causality say. mask: None, bool (1: what takes part) or add;
## by_key: whether it is the same for all queries.
<%def name="hide(T, W, mask, by_key, causal, s_step)">
% if mask:
    {
        __global const ${'uchar' if mask == 'bool' else T}* m =
            mask_g + (long)query * mask_row + (long)key * mask_column;
    % if by_key:
        for (int j = 0; j < count; j++) {
        % if mask == 'bool':
            if (!m[j * mask_column])
                for (int l = 0; l < ${W}; l++) s[j * ${s_step} + l] = -INFINITY;
        % else:
            const ${T} more = m[j * mask_column];
            for (int l = 0; l < ${W}; l++) s[j * ${s_step} + l] += more;
        % endif
        }
    % else:
        for (int l = 0; l < n; l++)
            for (int j = 0; j < count; j++)
            % if mask == 'bool':
                if (!m[l * mask_row + j * mask_column]) s[j * ${s_step} + l] = -INFINITY;
            % else:
                s[j * ${s_step} + l] += m[l * mask_row + j * mask_column];
            % endif
    % endif
    }
% endif
% if causal:
    for (int j = 0; j < count; j++)
        for (int l = 0; l < ${W} && l < key + j - query; l++) s[j * ${s_step} + l] = -INFINITY;
% endif
</%def>

## What dropout multiplies with, for keys j to j + 3 (j divides by 4) and all lanes, in keep[4][W]:
## the words of the counter that these keys have in the row of a query.
<%def name="chances(T, W)">
static void chances(const ulong counter, const ulong step, const ulong key, const float kept,
                    const ${T} scale, __local ${T}* keep)
{
    for (int l = 0; l < ${W}; l++) {
        uint w0, w1, w2, w3;
        philox(counter + l * step, 0, key, &w0, &w1, &w2, &w3);
    % for k in range(4):
        keep[${k * W} + l] = (float)(int)(w${k} >> 8) * 0x1.0p-24f < kept ? scale : 0;
    % endfor
    }
}
</%def>

## Parameters of kernels: where operands lie (their start, and how far apart batches, heads and rows
## are), and what hides scores.
<%def name="place(*names)">
% for x in names:
    const long ${x}_at, const long ${x}_outer, const long ${x}_inner, const long ${x}_row,
% endfor
</%def>
<%def name="hidden(T, mask, dropout, I=None)">
% if mask:
    __global const ${'uchar' if mask == 'bool' else I or T}* restrict mask_g, const long mask_at,
    const long mask_outer, const long mask_inner, const long mask_row, const long mask_column,
% endif
% if dropout:
    __global const ulong* restrict key_g, const long key_at, const float kept, const ${T} scale,
% endif
</%def>
