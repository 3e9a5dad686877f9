## One work-item correlates planes with the few filters of their group (depthwise convolution): a
## band of rows lies padded in local memory, one plane per phase of the column step, and vectors of
## outputs of some rows are summed tap by tap. Elements of the planes may stand apart with zeros
## between (spread), which makes it the gradient to the images of a convolution with a stride.
<%page args="P, Q, step=(1, 1), tap=(1, 1), spread=(1, 1), TI='float', TA='float', VW=8, RB=4,
             patch_cap=16384, w_cap=64, side=None"/>\
<%namespace name="tile" file="gemm_tile.cl"/>\
<%namespace name="conv" file="conv_patch.cl"/>\
<%namespace name="store" file="store_side.cl"/>\
<%
    phases = min(step[1], (Q - 1) * tap[1] + 1)
    reach = (Q - 1) * tap[1] // step[1]
%>\
${tile.vectors(TA, VW)}
${conv.copy_function(TI, TA, VW)}
${conv.spread_function(TI, TA) if spread != (1, 1) else ''}

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_depth(__global ${TA}* restrict y_g, __global const ${TI}* restrict x_g,
                __global const ${TI}* restrict w_g, const long x_offset, const long w_offset,
                const int pairs, const int groups, const int channels, const int filters,
                const int h, const int w, const int out_h, const int out_w, const int start_h,
                const int start_w, const long w_group, const long w_filter, const long w_channel,
                const long w_tap, const int n_pairs, const int n_rows
                ${store.parameters(side)})
{
    __local ${TA} patch_l[${patch_cap}] __attribute__((aligned(64)));
    __local ${TA} w_l[${w_cap}];
    const int row0 = get_group_id(0) * n_rows, pair0 = get_group_id(1) * n_pairs;
    const int rows = out_h - row0 < n_rows ? out_h - row0 : n_rows;
    const int pair1 = pair0 + n_pairs < pairs ? pair0 + n_pairs : pairs;
    const int pitch = (out_w < ${VW} ? ${VW} : out_w) + ${reach};
    const int lines = (n_rows + ${RB - 1}) / ${RB} * ${RB * step[0]} + ${(P - 1) * tap[0]};
    const int plane = lines * pitch;
    for (int pair = pair0; pair < pair1; pair++) {
        __global const ${TI}* restrict s = w_g + w_offset + pair % groups * w_group;
        for (int f = 0; f < filters; f++)
            for (int c = 0; c < channels; c++)
                for (int k = 0; k < ${P * Q}; k++)
                    w_l[(f * channels + c) * ${P * Q} + k]
                        = s[f * w_filter + c * w_channel + k * w_tap];
        for (int c = 0; c < channels; c++) {
            __global const ${TI}* restrict x = x_g + x_offset + ((long)pair * channels + c) * h * w;
            __local ${TA}* restrict d = patch_l + c * plane * ${phases};
            const int fill = pair == pair0;
        % if spread == (1, 1):
        % for phase in range(phases):
            copy_plane(d + ${phase} * plane, x, h, w, row0 * ${step[0]} + start_h,
                       start_w + ${phase}, 1, ${step[1]}, lines, pitch, fill);
        % endfor
        % else:
            spread_plane(d, x, h, w, row0 + start_h, start_w, ${spread[0]}, ${spread[1]}, lines,
                         pitch, fill);
        % endif
        }
        for (int f = 0; f < filters; f++) {
            __global ${TA}* restrict y = y_g + ((long)pair * filters + f) * out_h * out_w
                + (long)row0 * out_w;
            for (int i = 0; i < rows; i += ${RB})
            for (int v = 0; v < out_w; v += ${VW}) {
                /* the last vector of a row overlaps the one before, or the rows that follow */
                const int col = v + ${VW} <= out_w || v == 0 ? v : out_w - ${VW};
            % for r in range(RB):
                vec c${r} = (vec)(0);
            % endfor
                for (int c = 0; c < channels; c++) {
                    __local const ${TA}* restrict k = w_l + (f * channels + c) * ${P * Q};
                    __local const ${TA}* restrict a
                        = patch_l + c * plane * ${phases} + i * ${step[0]} * pitch + col;
                % for q in range(Q):
                    {
                    <% at = '%d * plane + %d' % (q * tap[1] % step[1], q * tap[1] // step[1]) %>
                    % for line in sorted({r * step[0] + p * tap[0] for r in range(RB) for p in range(P)}):
                        const vec x${line} = *(__local const uvec*)(a + ${line} * pitch + ${at});
                    % endfor
                    % for p in range(P):
                        {
                            const vec t = (vec)(k[${p * Q + q}]);
                        % for r in range(RB):
                            c${r} = t * x${r * step[0] + p * tap[0]} + c${r};
                        % endfor
                        }
                    % endfor
                    }
                % endfor
                }
            % for r in range(RB):
                if (i + ${r} < rows) {
                    __global ${TA}* restrict z = y + (long)(i + ${r}) * out_w + col;
                    if ((long)(rows - i - ${r}) * out_w - col >= ${VW})
                        *(__global uvec*)z = c${r};
                    else
                    % for l in range(VW - 1):
                        if (col + ${l} < out_w) z[${l}] = c${r}.s${'0123456789abcdef'[l]};
                    % endfor
                }
            % endfor
            }
        % if side:
            const int some = rows * out_w;
            const long y_at = y - y_g;
            ${store.runs(side, 'y_at', 'some', 'y', VW)}
        % endif
        }
    }
}
