## One work-item correlates a block of output rows of some images with a block of filters: the
## image patch lies padded in local memory and is read in place by the register tile, through a
## table of tap offsets. Serves forward and (with turned weights) backward to the data.
##
## lanes: what the lanes of a vector are. "pixels" wastes some where an image is narrow; "filters"
## none if they come by whole vectors, but its results must be transposed.
<%page args="lanes='pixels', TI='float', TA='float', TO='float', VW=8, MR=6, NV=2, patch_cap=65536,
             k_cap=4096, p_cap=4096, side=None"/>\
<%namespace name="tile" file="gemm_tile.cl"/>\
<%namespace name="conv" file="conv_patch.cl"/>\
<%namespace name="store" file="store_side.cl"/>\
<%
    NR = NV * VW
    transposed = TA == TO and MR == 6 and VW in (8, 16)
    halves = [''] if VW == 8 else ['.lo', '.hi']
    panel = MR if lanes == 'pixels' else NR
%>\
${tile.vectors(TA, VW)}
typedef ${TA}4 __attribute__((aligned(sizeof(${TA})))) four;
% if lanes == 'filters':
typedef ${TA}8 eight;
typedef ${TA}2 __attribute__((aligned(sizeof(${TA})))) two;
% endif
${conv.copy_function(TI, TA, VW)}

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_cpu(__global ${TO}* restrict y_g, __global const ${TI}* restrict x_g,
              __global const ${TA}* restrict u_g, const long x_offset, const int images,
              const int channels, const int filters,
              ${conv.geometry()},
              const long y_plane, const int y_row, const int y_col, const long y_offset,
              const int y_phase, const int y_pairs,
              const int groups, const int n_images, const int n_filters, const int n_channels,
              const int n_rows, const int n_cols${store.parameters(side)})
{
    __local ${TA} patch_l[${patch_cap}] __attribute__((aligned(64)));
    __local ${TA} t[${MR * NR}] __attribute__((aligned(64)));
    __local int reach[${k_cap}];
% if lanes == 'filters':
    __local int from_l[${p_cap + MR}], to_l[${p_cap + MR}];
% endif
    ${conv.sizes('n_rows', 'n_cols')}
    const int taps = taps_h * taps_w;
    const int blocks_w = (out_w + n_cols - 1) / n_cols;
    const int row0 = get_group_id(0) / blocks_w * n_rows;
    const int col0 = get_group_id(0) % blocks_w * n_cols;
    const int rows = out_h - row0 < n_rows ? out_h - row0 : n_rows;
    const int cols = out_w - col0 < n_cols ? out_w - col0 : n_cols;
    const int group = get_group_id(2) % groups, image0 = (get_group_id(2) / groups) * n_images;
    const int filter0 = get_group_id(1) * n_filters;
    const int filter1 = filter0 + n_filters < filters ? filter0 + n_filters : filters;
    const int image1 = image0 + n_images < images ? image0 + n_images : images;
% if lanes == 'pixels':
    /* Vectors of outputs either run on over row ends or start anew in each row: fewer is better. */
    const int flat = (rows * pitch + ${VW - 1}) / ${VW};
    const int per_row = (cols + ${VW - 1}) / ${VW};
    const int by_row = rows * per_row < flat;
    const int vectors = by_row ? rows * per_row : flat;
    /* Without a border, rows follow each other in the patch, and in the image as well. */
    const int joined = pitch == cols && y_row == cols;
% else:
    const int pixels = rows * cols;
    for (int i = 0, row = 0, col = 0; i < pixels; i++) {
        from_l[i] = row * pitch + col;
        to_l[i] = row * y_row + col * y_col;
        if (++col == cols) { col = 0; row++; }
    }
    for (int i = 0; i < ${MR}; i++) {
        from_l[pixels + i] = from_l[pixels - 1];
        to_l[pixels + i] = to_l[pixels - 1];
    }
% endif

    u_g += (long)group * ((filters + ${panel - 1}) / ${panel}) * channels * taps * ${panel};
    int listed = 0;
    for (int image = image0; image < image1; image++) {
        __global const ${TI}* restrict x = x_g + x_offset
            + ((long)image * groups + group) * channels * h * w;
        __global ${TO}* restrict y = y_g + y_offset
            + ((long)image * groups + group) * filters * y_plane
            + (long)row0 * y_row + (long)col0 * y_col;
        for (int channel0 = 0; channel0 == 0 || channel0 < channels; channel0 += n_channels) {
            const int here = channels - channel0 < n_channels ? channels - channel0 : n_channels;
            const int first = channel0 == 0, run = here * taps_w;
            if (listed != here) {
                ${conv.reach_table('reach', 'here')}
                listed = here;
            }
            ${conv.copy_patch('patch_l', 'x + (long)channel0 * h * w', 'here', 'row0', 'col0',
                              'n_rows', 'image == image0 && first')}
            % if lanes == 'pixels':
            for (int v = 0; v < vectors; v += ${NV}) {
            % for i in range(NV):
                const int v${i} = v + ${i} < vectors ? v + ${i} : vectors - 1;
                const int at${i} = by_row
                    ? v${i} / per_row * pitch + v${i} % per_row * ${VW} : v${i} * ${VW};
                const int line${i} = at${i} / pitch, col${i} = at${i} % pitch;
                const int whole${i} = v + ${i} < vectors && y_col == 1 && line${i} < rows
                    && (col${i} + ${VW} <= cols || (joined && at${i} + ${VW} <= rows * cols));
            % endfor
                /* Every other pixel of a row: vectors of pairs, of which one half is replaced. */
            % for i in range(NV):
                const int pairs${i} = v + ${i} < vectors && y_col == 2 && line${i} < rows
                    && col${i} + ${VW} <= cols && col0 + col${i} + ${VW} <= y_pairs;
            % endfor
                const int whole = ${' && '.join('whole%d' % i for i in range(NV)) if TA == TO else 0};
                const int pairs = ${' && '.join('pairs%d' % i for i in range(NV)) if TA == TO else 0};
                const int end = (at${NV - 1} + (by_row ? 0 : ${VW - 1})) / pitch;
                const int last = end < rows ? end : rows - 1;
                ${conv.live_taps('tap0', 'tap1', 'row0 + line0', 'row0 + last')}
                const int k0 = tap0 * run, k1 = tap1 * run;
                for (int f = filter0; f < filter1; f += ${MR}) {
                    __global const ${TA}* restrict u = u_g + k0 * ${MR}
                        + ((long)f * channels + (long)channel0 * ${MR}) * taps;
                    const int live = filter1 - f < ${MR} ? filter1 - f : ${MR};
                    __global ${TO}* restrict z = y + f * y_plane;
                    ${tile.clear(MR, NV)}
#pragma clang loop unroll(disable)
                    for (int k = k0; k < k1; k++) {
                        const int o = reach[k];
                        ${tile.step(['u[%d]' % r for r in range(MR)],
                                    ['*(__local const uvec*)(patch_l + at%d + o)' % i
                                     for i in range(NV)])}
                        u += ${MR};
                    }
                    if (whole && live == ${MR}) {
                    % if TA == TO:
                    % for i in range(NV):
                    % for r in range(MR):
                        {
                            __global uvec* p
                                = (__global uvec*)(z + ${r} * y_plane + line${i} * y_row + col${i});
                            *p = first ? c${r}_${i} : c${r}_${i} + *p;
                        }
                    % endfor
                    % endfor
                    % endif
                    } else if (pairs && live == ${MR}) {
                    % if TA == TO:
                    % for i in range(NV):
                    % for r in range(MR):
                        {
                            __global ${TA}* p = z + ${r} * y_plane + line${i} * y_row
                                + 2 * col${i} - y_phase;
                            ${conv.replace_half('p', 'c%d_%d' % (r, i), VW)}
                        }
                    % endfor
                    % endfor
                    % endif
                    } else {
                        ${tile.spill(MR, NV, VW, 't')}
                    /* Run by run of pixels that lie in one row. */
                    % for i in range(NV):
                        if (v + ${i} < vectors)
                        for (int l = 0, row = line${i}, col = col${i}; l < ${VW} && row < rows; row++) {
                            const int left = pitch - col, run = ${VW} - l < left ? ${VW} - l : left;
                            const int some = run < cols - col ? run : cols - col;
                            for (int r = 0; r < live; r++) {
                                __global ${TO}* d = z + r * y_plane + (long)row * y_row
                                    + (long)col * y_col;
                                __local const ${TA}* s = t + r * ${NR} + ${i * VW} + l;
                                int j = 0;
                            % if TA == TO:
                                if (y_col == 1)
                                    for (; j + 4 <= some; j += 4) {
                                        const four e = *(__local const four*)(s + j);
                                        __global four* d4 = (__global four*)(d + j);
                                        *d4 = first ? e : e + *d4;
                                    }
                            % endif
                                for (; j < some; j++) {
                                    ${tile.put(TO, 'd[j * y_col]', 's[j]', 'first')}
                                }
                            }
                            l += run;
                            col = 0;
                        }
                    % endfor
                    }
                }
            }
            % else:
            for (int v = 0; v < pixels; v += ${MR}) {
            % for r in range(MR):
                __local const ${TA}* restrict x${r} = patch_l + from_l[v + ${r}];
                const int to${r} = to_l[v + ${r}];
            % endfor
                const int live = pixels - v < ${MR} ? pixels - v : ${MR};
                const int whole = ${'to%d - to0 == %d && live == %d' % (MR - 1, MR - 1, MR) if transposed else 0};
                ${conv.live_taps('tap0', 'tap1', 'row0 + v / cols',
                                 'row0 + (v + live - 1) / cols')}
                const int k0 = tap0 * run, k1 = tap1 * run;
                for (int f = filter0; f < filter1; f += ${NR}) {
                    __global const ${TA}* restrict u = u_g + k0 * ${NR}
                        + ((long)f * channels + (long)channel0 * ${NR}) * taps;
                    const int some = filter1 - f < ${NR} ? filter1 - f : ${NR};
                    __global ${TO}* restrict z = y + f * y_plane;
                    ${tile.clear(MR, NV)}
#pragma clang loop unroll(disable)
                    for (int k = k0; k < k1; k++) {
                        const int o = reach[k];
                        ${tile.step(['x%d[o]' % r for r in range(MR)],
                                    ['*(__global const uvec*)(u + %d)' % (i * VW)
                                     for i in range(NV)])}
                        u += ${NR};
                    }
                    if (whole && some == ${NR}) {
                    % if transposed:
                    % for i in range(NV):
                    % for n, part in enumerate(halves):
                        {
                            eight ${', '.join('r%d = c%d_%d%s' % (r, min(r, MR - 1), i, part)
                                              for r in range(8))};
                            ${tile.transpose(8, 'eight')}
                        % for l in range(8):
                            {
                                __global ${TO}* d = z + ${i * VW + 8 * n + l} * y_plane + to0;
                                __global four* d4 = (__global four*)d;
                                __global two* d2 = (__global two*)(d + 4);
                                *d4 = first ? r${l}.s0123 : r${l}.s0123 + *d4;
                                *d2 = first ? r${l}.s45 : r${l}.s45 + *d2;
                            }
                        % endfor
                        }
                    % endfor
                    % endfor
                    % endif
                    } else {
                        ${tile.spill(MR, NV, VW, 't')}
                        for (int l = 0; l < some; l++)
                            for (int r = 0; r < live; r++) {
                                const long at = l * y_plane + to_l[v + r];
                                ${tile.put(TO, 'z[at]', 't[r * %d + l]' % NR, 'first')}
                            }
                    }
                }
            }
            % endif
        }
    % if side:
        const int bands = cols == out_w ? 1 : rows, some = rows * cols / bands;
        for (int f = filter0; f < filter1; f++)
            for (int i = 0; i < bands; i++) {
                __global ${TO}* restrict z = y + (long)f * y_plane + i * y_row;
                const long z_at = z - y_g;
                ${store.runs(side, 'z_at', 'some', 'z', VW)}
            }
    % endif
    }
}
