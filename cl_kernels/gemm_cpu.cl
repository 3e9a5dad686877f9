## One work-item computes an mc x nc tile of one product of a batch: panels of b, and of a unless
## its rows run along k, are packed in local memory and multiplied by a register tile. For devices
## whose local memory is cache.
<%page args="TI='float', TA='float', TO='float', VW=8, MR=6, NV=2, a_cap=49152, kc_cap=512"/>\
<%namespace name="tile" file="gemm_tile.cl"/>\
<% NR = NV * VW %>
${tile.vectors(TA, VW)}

## Parameters of these functions carry no restrict: Oclgrind cannot run what becomes of it.
/* c[rows x cols] (+)= a strip of a times a panel of b [kc][NR]. The strip is a panel [kc][MR], or
   rows of a itself (those past the last repeat it). */
% for strip in ('packed', 'direct'):
static void multiply_${strip}(const int kc,
% if strip == 'packed':
                    __local const ${TA}* a,
% else:
                    __global const ${TI}* a, const long a_m,
% endif
                    __local const ${TA}* b, __global ${TO}* c, const long ldc,
                    const int rows, const int cols, const int first, __local ${TA}* t)
{
% if strip == 'direct':
% for r in range(MR):
    __global const ${TI}* restrict a${r} = a + (${r} < rows ? ${r} : rows - 1) * a_m;
% endfor
% endif
    ${tile.clear(MR, NV)}
#pragma clang loop unroll(disable)
    for (int k = 0; k < kc; k++) {
        ${tile.step([('a[%d]' if strip == 'packed' else 'a%d[k]') % r for r in range(MR)],
                    ['*(__local const vec*)(b + %d)' % (v * VW) for v in range(NV)])}
    % if strip == 'packed':
        a += ${MR};
    % endif
        b += ${NR};
    }
% if TA == TO:
    if (rows >= ${MR} && cols >= ${NR}) {
        if (first) {
        % for r in range(MR):
        % for v in range(NV):
            *(__global uvec*)(c + ${r} * ldc + ${v * VW}) = c${r}_${v};
        % endfor
        % endfor
        } else {
        % for r in range(MR):
        % for v in range(NV):
            *(__global uvec*)(c + ${r} * ldc + ${v * VW}) += c${r}_${v};
        % endfor
        % endfor
        }
        return;
    }
% endif
    ${tile.spill(MR, NV, VW, 't')}
    for (int r = 0; r < rows && r < ${MR}; r++)
        for (int j = 0; j < cols && j < ${NR}; j++) {
            ${tile.put(TO, 'c[r * ldc + j]', 't[r * %d + j]' % NR, 'first')}
        }
}
% endfor

/* d[kc][width] = a strip of a matrix whose k runs with stride sk, its other axis with stride sx;
   lanes past `valid` repeat the last one: their products are never stored. */
% for width in sorted({MR, NR}):
static void pack${width}(const int kc, __global const ${TI}* s, const long sk, const long sx,
                         const int valid, __local ${TA}* d)
{
    if (sx == 1 && valid >= ${width}) {
        for (int k = 0; k < kc; k++) {
        % if width % VW == 0 and TI == TA:
            % for v in range(0, width, VW):
            *(__local vec*)(d + ${v}) = *(__global const uvec*)(s + ${v});
            % endfor
        % else:
            % for x in range(width):
            d[${x}] = s[${x}];
            % endfor
        % endif
            d += ${width};
            s += sk;
        }
        return;
    }
    % for x in range(width):
    __global const ${TI}* restrict s${x} = s + (${x} < valid ? ${x} : valid - 1) * sx;
    % endfor
    if (sk == 1) {
        int k = 0;
    % if width % VW == 0 and TI == TA and VW <= 8:
        for (; k + ${VW} <= kc; k += ${VW}) {
        % for v in range(0, width, VW):
            {
            % for x in range(VW):
                vec r${x} = *(__global const uvec*)(s${v + x} + k);
            % endfor
                ${tile.transpose(VW)}
            % for x in range(VW):
                *(__local vec*)(d + ${x * width + v}) = r${x};
            % endfor
            }
        % endfor
            d += ${width * VW};
        }
    % endif
        for (; k < kc; k++) {
        % if width % VW == 0:
            % for v in range(0, width, VW):
            *(__local vec*)(d + ${v}) = (vec)(${', '.join('s%d[k]' % (v + x) for x in range(VW))});
            % endfor
        % else:
            % for x in range(width):
            d[${x}] = s${x}[k];
            % endfor
        % endif
            d += ${width};
        }
        return;
    }
    for (int k = 0; k < kc; k++) {
        % for x in range(width):
        d[${x}] = s${x}[k * sk];
        % endfor
        d += ${width};
    }
}
% endfor

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void gemm_cpu(__global ${TO}* restrict c_g, __global const ${TI}* restrict a_g,
              __global const ${TI}* restrict b_g, const long c_offset,
              const long a_offset, const long b_offset,
              const int m, const int n, const int k,
              const long a_m, const long a_k, const long b_k, const long b_n,
              const int inner_batch, const long a_outer, const long a_inner,
              const long b_outer, const long b_inner,
              const int mc, const int nc, const int kc)
{
    __local ${TA} a_panel[${a_cap}] __attribute__((aligned(64)));
    __local ${TA} b_panel[${NR * kc_cap}] __attribute__((aligned(64)));
    __local ${TA} t[${MR * NR}] __attribute__((aligned(64)));
    const long batch = get_group_id(2), outer = batch / inner_batch, inner = batch % inner_batch;
    const int m0 = get_group_id(1) * mc, n0 = get_group_id(0) * nc;
    const int rows = m - m0 < mc ? m - m0 : mc, cols = n - n0 < nc ? n - n0 : nc;
    a_g += a_offset + outer * a_outer + inner * a_inner + m0 * a_m;
    b_g += b_offset + outer * b_outer + inner * b_inner + n0 * b_n;
    c_g += c_offset + batch * m * n + (long)m0 * n + n0;
    const int direct = a_k == 1;
    for (int k0 = 0; k0 < k; k0 += kc) {
        const int depth = k - k0 < kc ? k - k0 : kc;
        if (!direct)
            for (int i = 0; i < rows; i += ${MR})
                pack${MR}(depth, a_g + k0 * a_k + i * a_m, a_k, a_m, rows - i, a_panel + i * depth);
        for (int j = 0; j < cols; j += ${NR}) {
            pack${NR}(depth, b_g + k0 * b_k + j * b_n, b_k, b_n, cols - j, b_panel);
            for (int i = 0; i < rows; i += ${MR}) {
                __global ${TO}* restrict c = c_g + (long)i * n + j;
                if (direct)
                    multiply_direct(depth, a_g + k0 + i * a_m, a_m, b_panel, c, n, rows - i,
                                    cols - j, k0 == 0, t);
                else
                    multiply_packed(depth, a_panel + i * depth, b_panel, c, n, rows - i, cols - j,
                                    k0 == 0, t);
            }
        }
    }
}
