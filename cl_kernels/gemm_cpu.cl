## One work-item computes an mc x nc tile of one product of a batch: panels of b, and of a unless
## its rows run along k, are packed in local memory and multiplied by a register tile. Where a tile
## has few rows, and those of b run along n, a is packed and b is not. For devices whose local
## memory is cache.
<%page args="TI='float', TA='float', TO='float', VW=8, MR=6, NV=2, a_cap=49152, kc_cap=512,
             side=None, keep=True"/>\
<%namespace name="tile" file="gemm_tile.cl"/>\
<%namespace name="place" file="gemm_place.cl"/>\
<%namespace name="store" file="store_side.cl"/>\
<% NR = NV * VW %>
${tile.vectors(TA, VW)}

## Parameters of these functions carry no restrict: Oclgrind cannot run what becomes of it.
/* c[rows x cols] (+)= a strip of a times a panel of b; the last steps of a sum with a store side
   leave their part in t instead. The strip is a panel [kc][MR], or rows of a
   itself (those past the last repeat it); the panel is packed, [kc][NR], or b itself. */
% for strip, panel in (('packed', 'packed'), ('direct', 'packed'), ('packed', 'direct')):
static void multiply_${strip}_${panel}(const int kc,
% if strip == 'packed':
                    __local const ${TA}* a,
% else:
                    __global const ${TI}* a, const long a_m,
% endif
% if panel == 'packed':
                    __local const ${TA}* b,
% else:
                    __global const ${TI}* b, const long b_k,
% endif
                    __global ${TO}* c, const long c_m, const long c_n,
                    const int rows, const int cols, const int first, const int last,
                    __local ${TA}* t)
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
                    ['*(__local const vec*)(b + %d)' % (v * VW) if panel == 'packed'
                     else capture(tile.load, TI, TA, VW, 'b + %d' % (v * VW)) for v in range(NV)])}
    % if strip == 'packed':
        a += ${MR};
    % endif
        b += ${NR if panel == 'packed' else 'b_k'};
    }
% if side:
    if (last) {
        ${tile.spill(MR, NV, VW, 't')}
        return;
    }
% endif
% if TA == TO:
    if (rows >= ${MR} && cols >= ${NR} && c_n == 1) {
        if (first) {
        % for r in range(MR):
        % for v in range(NV):
            *(__global uvec*)(c + ${r} * c_m + ${v * VW}) = c${r}_${v};
        % endfor
        % endfor
        } else {
        % for r in range(MR):
        % for v in range(NV):
            *(__global uvec*)(c + ${r} * c_m + ${v * VW}) += c${r}_${v};
        % endfor
        % endfor
        }
        return;
    }
% endif
    ${tile.spill(MR, NV, VW, 't')}
    for (int r = 0; r < rows && r < ${MR}; r++)
        for (int j = 0; j < cols && j < ${NR}; j++) {
            ${tile.put(TO, 'c[r * c_m + j * c_n]', 't[r * %d + j]' % NR, 'first')}
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
void gemm_cpu(${place.parameters(TI, TO)}, const int mc, const int nc, const int kc${store.parameters(side)})
{
    __local ${TA} a_panel[${a_cap}] __attribute__((aligned(64)));
    __local ${TA} b_panel[${NR * kc_cap}] __attribute__((aligned(64)));
    __local ${TA} t[${MR * NR}] __attribute__((aligned(64)));
    ${place.begin()}
    const int first_row = get_group_id(1) * mc, first_col = get_group_id(0) * nc;
    const int rows = m - first_row < mc ? m - first_row : mc, cols = n - first_col < nc ? n - first_col : nc;
    a_g += first_row * a_m;
    b_g += first_col * b_n;
    c_g += first_row * c_m + first_col * c_n;
    const int b_direct = b_n == 1 && rows <= ${2 * MR}, a_direct = a_k == 1 && !b_direct;
    for (int step = k_begin; step < k_end; step += kc) {
        const int depth = k_end - step < kc ? k_end - step : kc, first = step == k_begin;
        const int last = step + depth == k_end;
        if (!a_direct)
            for (int i = 0; i < rows; i += ${MR})
                pack${MR}(depth, a_g + step * a_k + i * a_m, a_k, a_m, rows - i, a_panel + i * depth);
        for (int j = 0; j < cols; j += ${NR}) {
            __global const ${TI}* b = b_g + step * b_k + j * b_n;
            const int b_stays = b_direct && cols - j >= ${NR};
            if (!b_stays) pack${NR}(depth, b, b_k, b_n, cols - j, b_panel);
            for (int i = 0; i < rows; i += ${MR}) {
                __global ${TO}* restrict c = c_g + i * c_m + j * c_n;
                if (a_direct)
                    multiply_direct_packed(depth, a_g + step + i * a_m, a_m, b_panel, c, c_m, c_n,
                                           rows - i, cols - j, first, last, t);
                else if (b_stays)
                    multiply_packed_direct(depth, a_panel + i * depth, b, b_k, c, c_m, c_n,
                                           rows - i, cols - j, first, last, t);
                else
                    multiply_packed_packed(depth, a_panel + i * depth, b_panel, c, c_m, c_n,
                                           rows - i, cols - j, first, last, t);
            % if side:
                const int count = cols - j < ${NR} ? cols - j : ${NR};
                for (int r = 0; last && r < rows - i && r < ${MR}; r++) {
                    __local ${TA}* made = t + r * ${NR};
                    if (!first)
                        for (int l = 0; l < count; l++) made[l] += c[r * c_m + l];
                % if keep:
                    for (int l = 0; l < count; l++) c[r * c_m + l] = made[l];
                % endif
                    ${store.run(side, 'c_at + (first_row + i + r) * c_m + first_col + j', 'count',
                                'made[l]', 'c[r * c_m + l]', VW)}
                }
            % endif
            }
        }
    }
}
