## One work-item correlates some blocks of 16 output tiles of 2x2 with 3x3 filters by Winograd's
## F(2x2, 3x3): transforms of the tiles stay in local memory, a register tile multiplies them by the
## transformed filters, and sums are transformed back. A quad is four tiles side by side: 8 pixels.
<%page args="MR=6, v_cap=65536, s_cap=8192"/>\
<%namespace name="tile" file="gemm_tile.cl"/>\
<%namespace name="conv" file="conv_patch.cl"/>\
${tile.vectors('float', 8)}
${conv.copy_function('float', 'float', 8)}

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_wino(__global float* restrict y_g, __global const float* restrict x_g,
               __global const float* restrict u_g, const long x_offset, const int channels,
               const int filters, const int h, const int w, const int out_h, const int out_w,
               const int start_h, const int start_w, const int groups,
               const int n_blocks, const int n_filters, const int n_channels)
{
    __local float v_l[${v_cap}] __attribute__((aligned(64)));
    __local float m_l[${MR * 16 * 16}] __attribute__((aligned(64)));
    __local float s_l[${s_cap}] __attribute__((aligned(64)));
    const int quads_w = (out_w + 7) / 8, quads = quads_w * ((out_h + 1) / 2);
    const int pitch = 8 * quads_w + 2;
    const int all = (quads + 3) / 4, block0 = get_group_id(0) * n_blocks;
    const int blocks = all - block0 < n_blocks ? all - block0 : n_blocks;
    const int filter0 = get_group_id(1) * n_filters;
    const int filter1 = filter0 + n_filters < filters ? filter0 + n_filters : filters;
    const long plane = (long)out_h * out_w;
    const int group = get_group_id(2) % groups;
    x_g += x_offset + (long)get_group_id(2) * channels * h * w;
    y_g += (long)get_group_id(2) * filters * plane;
    u_g += (long)group * ((filters + ${MR - 1}) / ${MR}) * 16 * channels * ${MR};

    for (int channel0 = 0; channel0 < channels; channel0 += n_channels) {
        const int here = channels - channel0 < n_channels ? channels - channel0 : n_channels;
        const int next = here * n_blocks * 16;  /* from one of the 16 products to the next */
        for (int b = 0; b < blocks; b++) {
        % for q in range(4):
            const int want${q} = (block0 + b) * 4 + ${q};
            const int quad${q} = want${q} < quads ? want${q} : quads - 1;
        % endfor
            const int top = quad0 / quads_w, rows = 2 * (quad3 / quads_w - top) + 4;
        % for q in range(4):
            const int at${q} = 2 * (quad${q} / quads_w - top) * pitch + quad${q} % quads_w * 8;
        % endfor
            for (int c = 0; c < here; c++) {
                copy_plane(s_l, x_g + (long)(channel0 + c) * h * w, h, w,
                           2 * top + start_h, start_w, 1, 1, rows, pitch, c == 0);
                __local float* restrict v = v_l + (b * here + c) * 16;
            % for half in range(2):
                {
                % for i in range(4):
                % for p, q in (('p', 2 * half), ('q', 2 * half + 1)):
                    const vec ${p}${i} = *(__local uvec*)(s_l + at${q} + ${i} * pitch);
                    const vec ${p}${i}_2 = *(__local uvec*)(s_l + at${q} + ${i} * pitch + 2);
                % endfor
                % endfor
                % for j in range(4):
                <% shift, lanes = '_2' if j > 1 else '', 's1357' if j % 2 else 's0246' %>
                % for i in range(4):
                    const vec d${i}${j} = (vec)(p${i}${shift}.${lanes}, q${i}${shift}.${lanes});
                % endfor
                    const vec e0${j} = d0${j} - d2${j}, e1${j} = d1${j} + d2${j};
                    const vec e2${j} = d2${j} - d1${j}, e3${j} = d1${j} - d3${j};
                % endfor
                % for i in range(4):
                % for j, (p, sign, q) in enumerate(('0-2', '1+2', '2-1', '1-3')):
                    *(__local vec*)(v + ${4 * i + j} * next + ${8 * half})
                        = e${i}${p} ${sign} e${i}${q};
                % endfor
                % endfor
                }
            % endfor
            }
        }
        for (int f = filter0; f < filter1; f += ${MR})
        for (int b = 0; b < blocks; b++) {
            for (int xi = 0; xi < 16; xi++) {
                __global const float* restrict u
                    = u_g + (((long)(f / ${MR}) * 16 + xi) * channels + channel0) * ${MR};
                __local const float* restrict v = v_l + xi * next + b * here * 16;
                ${tile.clear(MR, 2)}
#pragma clang loop unroll(disable)
                for (int c = 0; c < here; c++) {
                    ${tile.step(['u[%d]' % r for r in range(MR)],
                                ['*(__local const vec*)(v + %d)' % (8 * i) for i in range(2)])}
                    u += ${MR};
                    v += 16;
                }
            % for r in range(MR):
            % for i in range(2):
                *(__local vec*)(m_l + (${r} * 16 + xi) * 16 + ${8 * i}) = c${r}_${i};
            % endfor
            % endfor
            }
            const int live = filter1 - f < ${MR} ? filter1 - f : ${MR};
            for (int r = 0; r < live; r++)
                for (int side = 0; side < 2; side++) {
                    __local const float* restrict m = m_l + r * 256 + side * 8;
                % for i in range(16):
                    const vec m${i} = *(__local const vec*)(m + ${16 * i});
                % endfor
                % for j in range(4):
                    const vec s0${j} = m${j} + m${4 + j} + m${8 + j};
                    const vec s1${j} = m${4 + j} - m${8 + j} - m${12 + j};
                % endfor
                % for i in range(2):
                    {
                        const vec even = s${i}0 + s${i}1 + s${i}2, odd = s${i}1 - s${i}2 - s${i}3;
                    % for q, low in ((0, 0), (1, 4)):
                        {
                            const int quad = (block0 + b) * 4 + 2 * side + ${q};
                            const int row = 2 * (quad / quads_w) + ${i}, col = quad % quads_w * 8;
                            const vec out = (vec)(${', '.join(
                                'even.s%d, odd.s%d' % (l, l) for l in range(low, low + 4))});
                            __global float* restrict y
                                = y_g + (f + r) * plane + (long)row * out_w + col;
                            if (quad < quads && row < out_h) {
                                if (col + 8 <= out_w) {
                                    *(__global uvec*)y = channel0 ? out + *(__global uvec*)y : out;
                                } else {
                                    *(__local vec*)s_l = out;
                                    for (int l = 0; l < out_w - col; l++) {
                                        ${tile.put('float', 'y[l]', 's_l[l]', '!channel0')}
                                    }
                                }
                            }
                        }
                    % endfor
                    }
                % endfor
                }
        }
    }
}
