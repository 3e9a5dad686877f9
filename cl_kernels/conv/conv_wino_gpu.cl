## A work-group computes 32 filters of 32 tiles of 2 x 2 outputs by Winograd's F(2, 3): tiles of 4 x 4
## pixels, transformed on their way into local memory, times filters that conv_wino_weights_gpu
## transformed, element by element: each of the 16 is a product of matrices, and belongs to 16
## work-items. At the end they exchange their sums through local memory. index: see conv_direct.cl.
<%page args="index='uint', side=None, keep=True"/>\
<%namespace name="direct" file="conv_direct.cl"/>\
<%namespace name="store" file="store_side.cl"/>\
<%
    KW, BF, BT, items = 4, 32, 32, 256
    pitch = KW * 32 + 16
    size, load = direct.module.unit(index, 'float'), direct.module.load
%>\
## Loads this work-item's part of the block of channels from c on: 4 rows of 3 pixels, and filters.
<%def name="fetch(c)">
    {
        const int there = ${c} + own < channels;
    % for i in range(4):
        {
            const ${index} line_at = x_at + ${i} * line_step;
        % for j in range(3):
            d${i}_${j} = there && in_h${i} && in_w${j} ? ${load(index, 'float', f'line_at + {j} * {size}')} : 0;
        % endfor
        }
    % endfor
        x_at += ${KW} * plane_step;
    % for s in range(2):
        u${s} = *(__global const float4*)(u_p + ${s} * 8 * element);
    % endfor
        u_p += ${KW} * (long)f_pitch;
    }
</%def>\
## Transforms the pixels, two columns of the result, and puts both into local memory.
<%def name="put()">
    barrier(CLK_LOCAL_MEM_FENCE);
    {
    % for i in range(4):
        const float p${i} = d${i}_0 - d${i}_2, q${i} = d${i}_1 + (right ? -d${i}_0 : d${i}_2);
    % endfor
    % for name, at in (('p', 'p_at'), ('q', 'q_at')):
        v_l[${at}] = ${name}0 - ${name}2;
        v_l[${at} + ${4 * pitch}] = ${name}1 + ${name}2;
        v_l[${at} + ${8 * pitch}] = ${name}2 - ${name}1;
        v_l[${at} + ${12 * pitch}] = ${name}1 - ${name}3;
    % endfor
    % for s in range(2):
        *(__local float4*)&u_l[u_at + ${s * 8 * pitch}] = u${s};
    % endfor
    }
    barrier(CLK_LOCAL_MEM_FENCE);
</%def>\
<%def name="multiply()">
#pragma unroll
    for (int k = 0; k < ${KW}; ++k) {
    % for g in range(2):
        const float4 f${g} = *(__local const float4*)&u_l[f_at + k * ${BF} + ${16 * g}];
        const float4 t${g} = *(__local const float4*)&v_l[t_at + k * ${BT} + ${16 * g}];
    % endfor
    % for r in range(8):
    % for g in range(2):
        acc${r}_${g} = f${r // 4}.s${r % 4} * t${g} + acc${r}_${g};
    % endfor
    % endfor
    }
</%def>\
__kernel __attribute__((reqd_work_group_size(${items}, 1, 1)))
void conv_wino_gpu(__global float* restrict y_g, __global const float* restrict u_g,
                   __global const float* restrict x_g, const long x_offset, const int tile_first,
                   const int group_first, const int images, const int channels, const int filters,
                   const int groups, const int c_pitch, const int f_pitch, const int h,
                   const int w, const int out_h, const int out_w, const int start_h,
                   const int start_w${store.parameters(side)})
{
    __local float all_l[${2 * 16 * pitch}] __attribute__((aligned(32)));
    __local float* const u_l = all_l;
    __local float* const v_l = all_l + ${16 * pitch};
    const int lid = get_local_id(0), group = get_group_id(2) + group_first;
    const int first_tile = (get_group_id(0) + tile_first) * ${BT};
    const int first_filter = get_group_id(1) * ${BF};
    const int tiles_h = (out_h + 1) / 2, tiles_w = (out_w + 1) / 2, tiles = tiles_h * tiles_w;
    const int n = images * tiles, element = c_pitch * f_pitch;
    const ${index} plane_step = (${index})h * w * ${size}, line_step = (${index})w * ${size};

    const int own = lid / ${BT} % ${KW}, right = lid / ${BT * KW};
    const int tile = first_tile + lid % ${BT}, some = tile < n ? tile : n - 1;
    const int image = some / tiles, spot = some - image * tiles;
    const int from_h = spot / tiles_w * 2 + start_h, from_w = spot % tiles_w * 2 + start_w + right;
% for i in range(4):
    const int in_h${i} = tile < n && (uint)(from_h + ${i}) < (uint)h;
% endfor
% for j in range(3):
    const int in_w${j} = (uint)(from_w + ${j}) < (uint)w;
% endfor
    __global const char* x_p = (__global const char*)(x_g + x_offset);
    ${index} x_at = (((${index})image * groups + group) * channels + own) * plane_step
        + (${index})(from_h * w + from_w) * ${size};
    const int v_at = own * ${BT} + lid % ${BT};
    const int p_at = v_at + (right ? ${3 * pitch} : 0), q_at = v_at + (right ? ${2 * pitch} : ${pitch});
    /* 8 work-items take a row of filters, of KW channels of 8 elements at once. */
    const int u_k = lid / 8 % ${KW}, u_e = lid / ${8 * KW}, u_f = lid % 8 * 4;
    const int u_at = u_e * ${pitch} + u_k * ${BF} + u_f;
    __global const float* u_p = u_g + ((long)group * 16 + u_e) * element
        + (long)u_k * f_pitch + first_filter + u_f;
    const int f_at = lid / 16 * ${pitch} + lid / 4 % 4 * 4, t_at = lid / 16 * ${pitch} + lid % 4 * 4;
% for i in range(4):
    float ${', '.join(f'd{i}_{j}' for j in range(3))};
% endfor
    float4 u0, u1;
% for r in range(8):
    float4 acc${r}_0 = 0, acc${r}_1 = 0;
% endfor
    ${fetch('0')}
    for (int c = ${KW};; c += ${KW}) {
        ${put()}
        const int more = c < channels;
        if (more) {
            ${fetch('c')}
        }
        ${multiply()}
        if (!more) break;
    }

    /* Each quarter of the filters: sums of all elements meet, and a work-item makes one tile of one. */
    const int y_tile = first_tile + lid % ${BT}, y_f = lid / ${BT};
    const int y_some = y_tile < n ? y_tile : n - 1, y_image = y_some / tiles;
    const int y_spot = y_some - y_image * tiles;
    const int row = y_spot / tiles_w * 2, col = y_spot % tiles_w * 2;
    const long area = (long)out_h * out_w;
    const long corner = ((long)y_image * groups + group) * filters * area + (long)row * out_w + col;
% for part in range(4):
<% g, i = divmod(part, 2) %>\
    barrier(CLK_LOCAL_MEM_FENCE);
    % for e in range(2):
    % for s in range(2):
    *(__local float4*)&all_l[lid / 16 * ${8 * BT + 16} + (lid / 4 % 4 * 2 + ${e}) * ${BT} + lid % 4 * 4 + ${16 * s}]
        = acc${4 * g + 2 * i + e}_${s};
    % endfor
    % endfor
    barrier(CLK_LOCAL_MEM_FENCE);
    {
        /* The filters of this part: 4 runs of two. */
        const int filter = first_filter + ${16 * g} + y_f / 2 * 4 + ${2 * i} + y_f % 2;
    % for j in range(4):
        const float ${', '.join(f'm{i}_{j} = all_l[{(4 * i + j) * (8 * BT + 16)} + lid]' for i in range(4))};
        const float s0_${j} = m0_${j} + m1_${j} + m2_${j}, s1_${j} = m1_${j} - m2_${j} - m3_${j};
    % endfor
        if (y_tile < n && filter < filters) {
            const long begin = corner + filter * area;
        % for r in range(2):
            ${'if (row + 1 < out_h)' if r else ''} {
            % for j in range(2):
                ${'if (col + 1 < out_w)' if j else ''} {
                    const float acc = ${f's{r}_0 + s{r}_1 + s{r}_2' if j == 0 else f's{r}_1 - s{r}_2 - s{r}_3'};
                    const long at = begin + ${f'out_w + {j}' if r else j};
                    ${store.one(side, keep, 'float', 'y_g[at]', 'at', 'acc')}
                }
            % endfor
            }
        % endfor
        }
    }
% endfor
}
