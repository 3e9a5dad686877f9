## One work-item computes an mc x nc tile of one product of a batch: panels of b, and of a unless
## its rows run along k, are packed in local memory and multiplied by a register tile. Where a tile
## has few rows, and those of b run along n, a is packed and b is not. For devices whose local
## memory is cache.
##
## reads_a, reads_b: how a strip of a, or a panel of b, is read. direct: in place, the fast axis
## being k in a and n in b. Or packed: across, where the other axis is fast; along, where k is;
## strided. With across, and b direct, there are as many rows or columns as a register tile has: the
## last strip or panel begins earlier, and `spare` results, computed before, are left out.
<%page args="TI='float', TA='float', TO='float', VW=8, MR=6, NV=2, a_cap=49152, kc_cap=512,
             reads_a='direct', reads_b='across', passes=True, side=None, keep=True"/>\
<%namespace name="tile" file="gemm_tile.cl"/>\
<%namespace name="place" file="gemm_place.cl"/>\
<%namespace name="store" file="store_side.cl"/>\
<%
    NR = NV * VW
    spare_rows = f'({MR} - count_r)' if reads_a == 'across' else '0'
    spare_cols = f'({NR} - count_c)' if reads_b in ('across', 'direct') else '0'
    strip = 'a_g + step + i * a_m, a_m' if reads_a == 'direct' else 'a_panel + i * depth'
    panel = 'b, b_k' if reads_b == 'direct' else 'b_panel'
%>
${tile.vectors(TA, VW)}

## Parameters of these functions carry no restrict: Oclgrind cannot run what becomes of it.
/* c[rows x cols] (+)= a strip of a times a panel of b; the last steps of a sum with a store side
   leave their part in t instead. The strip is packed, [kc][MR], or rows of a itself (those past the
   last repeat it); the panel is packed, [kc][NR], or b itself. In t, `spare` results are
   left out. */
static void multiply(const int kc,
% if reads_a == 'direct':
                    __global const ${TI}* a, const long a_m,
% else:
                    __local const ${TA}* a,
% endif
% if reads_b == 'direct':
                    __global const ${TI}* b, const long b_k,
% else:
                    __local const ${TA}* b,
% endif
                    __global ${TO}* c, const long c_m, const long c_n, const int rows,
                    const int cols, const int spare, const int first, const int last,
                    __local ${TA}* t)
{
% if reads_a == 'direct':
% for r in range(MR):
    __global const ${TI}* restrict a${r} = a + (${r} < rows ? ${r} : rows - 1) * a_m;
% endfor
% endif
    ${tile.clear(MR, NV)}
#pragma clang loop unroll(disable)
    for (int k = 0; k < kc; k++) {
        ${tile.step([('a%d[k]' if reads_a == 'direct' else 'a[%d]') % r for r in range(MR)],
                    [capture(tile.load, TI, TA, VW, 'b + %d' % (v * VW)) if reads_b == 'direct'
                     else '*(__local const vec*)(b + %d)' % (v * VW) for v in range(NV)])}
    % if reads_a != 'direct':
        a += ${MR};
    % endif
        b += ${'b_k' if reads_b == 'direct' else NR};
    }
% if side:
    if (last) {
        ${tile.spill(MR, NV, VW, 't')}
        return;
    }
% endif
% if TA == TO:
    if (rows == ${MR} && cols == ${NR} && c_n == 1) {
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
    t += spare;
    for (int r = 0; r < rows; r++)
        for (int j = 0; j < cols; j++) {
            ${tile.put(TO, 'c[r * c_m + j * c_n]', 't[r * %d + j]' % NR, 'first')}
        }
}

/* d[kc][width] = a strip of a matrix whose k runs with stride sk, its other axis with stride sx;
   lanes past `valid` repeat the last one: their products are never stored. */
% for name, read, width in (('pack_a', reads_a, MR), ('pack_b', reads_b, NR)):
% if read != 'direct':
<%
    # Lanes of the vectors that it is packed by: a transposition of 16 wants more registers.
    PW = next((w for w in (8, 4) if width % w == 0 and w <= VW), 0) if TI == TA else 0
%>
% if PW:
typedef ${TA}${PW} ${name}_vec;
typedef ${TA}${PW} __attribute__((aligned(sizeof(${TA})))) ${name}_uvec;
% endif
static void ${name}(const int kc, __global const ${TI}* s, const long sk, const long sx,
                   const int valid, __local ${TA}* d)
{
% if read == 'across':
    for (int k = 0; k < kc; k++) {
    % if PW:
        % for v in range(0, width, PW):
        *(__local ${name}_vec*)(d + ${v}) = *(__global const ${name}_uvec*)(s + ${v});
        % endfor
    % else:
        % for x in range(width):
        d[${x}] = s[${x}];
        % endfor
    % endif
        d += ${width};
        s += sk;
    }
% else:
    % for x in range(width):
    __global const ${TI}* restrict s${x} = s + (${x} < valid ? ${x} : valid - 1) * sx;
    % endfor
    int k = 0;
    % if read == 'along' and PW:
    for (; k + ${PW} <= kc; k += ${PW}) {
        % for v in range(0, width, PW):
        {
            % for x in range(PW):
            ${name}_vec r${x} = *(__global const ${name}_uvec*)(s${v + x} + k);
            % endfor
            ${tile.transpose(PW, name + '_vec')}
            % for x in range(PW):
            *(__local ${name}_vec*)(d + ${x * width + v}) = r${x};
            % endfor
        }
        % endfor
        d += ${width * PW};
    }
    % endif
    for (; k < kc; k++) {
        % for x in range(width):
        d[${x}] = s${x}[k * sk];
        % endfor
        d += ${width};
    }
% endif
}
% endif
% endfor

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void gemm_cpu(${place.parameters(TI, TO)},
    const int mc, const int nc, const int kc${store.parameters(side)})
{
% if reads_a != 'direct':
    __local ${TA} a_panel[${a_cap}] __attribute__((aligned(64)));
% endif
% if reads_b != 'direct':
    __local ${TA} b_panel[${NR * kc_cap}] __attribute__((aligned(64)));
% endif
    __local ${TA} t[${MR * NR}] __attribute__((aligned(64)));
    ${place.begin()}
    const int first_row = get_group_id(1) * mc, first_col = get_group_id(0) * nc;
    const int rows = m - first_row < mc ? m - first_row : mc;
    const int cols = n - first_col < nc ? n - first_col : nc;
    a_g += first_row * a_m;
    b_g += first_col * b_n;
    c_g += first_row * c_m + first_col * c_n;
    for (int step = k_begin; step < k_end; step += kc) {
        const int depth = k_end - step < kc ? k_end - step : kc;
        const int first = ${'step == k_begin' if passes else 1};
        const int last = ${'step + depth == k_end' if passes else 1};
    % if reads_a != 'direct':
        for (int i = 0; i < rows; i += ${MR}) {
            const int count_r = rows - i < ${MR} ? rows - i : ${MR};
            __global const ${TI}* a = a_g + step * a_k + (i - ${spare_rows}) * a_m;
            pack_a(depth, a, a_k, a_m, count_r, a_panel + i * depth);
        }
    % endif
        for (int j = 0; j < cols; j += ${NR}) {
            const int count_c = cols - j < ${NR} ? cols - j : ${NR}, from_c = ${spare_cols};
            __global const ${TI}* b = b_g + step * b_k + (j - from_c) * b_n;
        % if reads_b != 'direct':
            pack_b(depth, b, b_k, b_n, count_c, b_panel);
        % endif
            for (int i = 0; i < rows; i += ${MR}) {
                const int count_r = rows - i < ${MR} ? rows - i : ${MR};
                const int spare = ${spare_rows} * ${NR} + from_c;
                __global ${TO}* restrict c = c_g + i * c_m + j * c_n;
                multiply(depth, ${strip}, ${panel}, c, c_m, c_n, count_r, count_c, spare, first,
                         last, t);
            % if side:
                for (int r = 0; last && r < count_r; r++) {
                    __local ${TA}* made = t + spare + r * ${NR};
                    if (!first)
                        for (int l = 0; l < count_c; l++) made[l] += c[r * c_m + l];
                % if keep:
                    for (int l = 0; l < count_c; l++) c[r * c_m + l] = made[l];
                % endif
                    ${store.run(side, 'c_at + (first_row + i + r) * c_m + first_col + j', 'count_c',
                                'made[l]', 'c[r * c_m + l]', VW)}
                }
            % endif
            }
        }
    }
}
