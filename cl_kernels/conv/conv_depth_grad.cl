## One work-item sums the gradient of some filters of a depthwise convolution over some images, plane
## by plane as they lie in memory: vectors of the output's gradient times those of the padded plane
## under each tap.
<%page args="P, Q, step=(1, 1), tap=(1, 1), TI='float', TA='float', VW=8, patch_cap=16384,
             grad_cap=16384, t_cap=32"/>\
<%namespace name="tile" file="gemm_tile.cl"/>\
<%namespace name="conv" file="conv_patch.cl"/>\
<%
    phases = min(step[1], (Q - 1) * tap[1] + 1)
    reach = (Q - 1) * tap[1] // step[1]
    at_once = max(1, 12 // Q)
%>\
${tile.vectors(TA, VW)}
${conv.copy_function(TI, TA, VW)}

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_depth_grad(__global ${TA}* restrict out_g, __global const ${TI}* restrict x_g,
                     __global const ${TI}* restrict g_g, const long x_offset, const long g_offset,
                     const int images, const int groups, const int channels, const int filters,
                     const int h, const int w, const int out_h, const int out_w,
                     const int start_h, const int start_w, const int n_images, const int n_items,
                     const int n_rows)
{
    __local ${TA} patch_l[${patch_cap}] __attribute__((aligned(64)));
    __local ${TA} grad_l[${grad_cap}] __attribute__((aligned(64)));
    __local vec t_l[${t_cap * P * Q}];
    const int all = groups * filters * channels, item0 = get_group_id(0) * n_items;
    const int item1 = item0 + n_items < all ? item0 + n_items : all;
    const int image0 = get_group_id(1) * n_images;
    const int image1 = image0 + n_images < images ? image0 + n_images : images;
    const int wide = (out_w + ${VW - 1}) / ${VW} * ${VW}, pitch = wide + ${reach};
    const int lines = (n_rows - 1) * ${step[0]} + ${(P - 1) * tap[0] + 1}, plane = lines * pitch;
    for (int k = 0; k < n_items * ${P * Q}; k++) t_l[k] = (vec)(0);
    for (int row0 = 0; row0 < out_h; row0 += n_rows)
    for (int image = image0; image < image1; image++)
    for (int item = item0; item < item1; item++) {
        const int rows = out_h - row0 < n_rows ? out_h - row0 : n_rows;
        const int c = item % channels, filter = item / channels;
        __global const ${TI}* restrict x = x_g + x_offset
            + (((long)image * groups + filter / filters) * channels + c) * h * w;
        __global const ${TI}* restrict g
            = g_g + g_offset + ((long)image * groups * filters + filter) * out_h * out_w;
        __local vec* restrict t = t_l + (item - item0) * ${P * Q};
        const int fill = image == image0 && item == item0;
    % for phase in range(phases):
        copy_plane(patch_l + ${phase} * plane, x, h, w, row0 * ${step[0]} + start_h,
                   start_w + ${phase}, 1, ${step[1]}, lines, pitch, fill);
    % endfor
        copy_plane(grad_l, g, out_h, out_w, row0, 0, 1, 1, rows, wide, fill);
    % for p0 in range(0, P, at_once):
    <% some = [(p, q) for p in range(p0, min(P, p0 + at_once)) for q in range(Q)] %>
        {
        % for p, q in some:
            vec c${p}_${q} = t[${p * Q + q}];
        % endfor
            for (int i = 0; i < rows; i++)
                for (int col = 0; col < wide; col += ${VW}) {
                    const vec d = *(__local const vec*)(grad_l + i * wide + col);
                    __local const ${TA}* restrict a
                        = patch_l + i * ${step[0]} * pitch + col;
                % for p, q in some:
                    c${p}_${q} = d * *(__local const uvec*)(a + ${p * tap[0]} * pitch
                        + ${q * tap[1] % step[1]} * plane + ${q * tap[1] // step[1]}) + c${p}_${q};
                % endfor
                }
        % for p, q in some:
            t[${p * Q + q}] = c${p}_${q};
        % endfor
        }
    % endfor
    }
    __global ${TA}* restrict out = out_g + ((long)get_group_id(1) * all + item0) * ${P * Q};
    for (int k = 0; k < (item1 - item0) * ${P * Q}; k++) {
        const vec t = t_l[k];
        out[k] = ${' + '.join('t.s' + '0123456789abcdef'[l] for l in range(VW))};
    }
}
