## One work-item sums, over some images, the gradient of a block of filters: rows of the register
## tile are taps read in place from the padded image patch, its lanes are filters, whose output
## gradient is packed pixel by pixel. Partial sums per work-item; conv_grad_sum adds them.
<%page args="TI='float', TA='float', VW=8, MR=6, NV=2, patch_cap=65536, grad_cap=32768,
             k_cap=4096"/>\
<%namespace name="tile" file="gemm_tile.cl"/>\
<%namespace name="conv" file="conv_patch.cl"/>\
<%
    NR = NV * VW
    PW = min(VW, 8)  # lanes of the vectors that gradients are packed by
%>
${tile.vectors(TA, VW)}
${conv.copy_function(TI, TA, VW)}

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_grad_cpu(__global ${TA}* restrict part_g, __global const ${TI}* restrict x_g,
                   __global const ${TI}* restrict g_g, const long x_offset, const long g_offset,
                   const int images, const int channels, const int filters,
                   ${conv.geometry()},
                   const int groups, const int n_images, const int n_batch, const int n_filters,
                   const int n_channels,
                   const int n_rows, const int n_cols)
{
    __local ${TA} patch_l[${patch_cap}] __attribute__((aligned(64)));
    __local ${TA} grad_l[${grad_cap}] __attribute__((aligned(64)));
    __local int reach[${k_cap + MR}];
    ${conv.sizes('n_rows', 'n_cols')}
    const int taps = taps_h * taps_w;
    const int group = get_group_id(2) % groups, split = get_group_id(2) / groups;
    const int image0 = split * n_images;
    const int image1 = image0 + n_images < images ? image0 + n_images : images;
    const int channel0 = get_group_id(0) * n_channels, filter0 = get_group_id(1) * n_filters;
    const int here = channels - channel0 < n_channels ? channels - channel0 : n_channels;
    const int live = filters - filter0 < n_filters ? filters - filter0 : n_filters;
    const int run = here * taps_w, depth = here * taps;
    /* part[split][group][filter block][channel block][filter / NR][tap / MR][MR][NR] */
    const int tiles_k = (n_channels * taps + ${MR - 1}) / ${MR};
    const int tiles_f = (n_filters + ${NR - 1}) / ${NR};
    __global ${TA}* restrict part = part_g
        + (((long)get_group_id(2) * get_num_groups(1) + get_group_id(1)) * get_num_groups(0)
           + get_group_id(0)) * tiles_f * tiles_k * ${MR * NR};
    for (long i = 0; i < (long)tiles_f * tiles_k * ${MR * NR}; i++) part[i] = 0;
    ${conv.reach_table('reach', 'here')}
    for (int i = 0; i < ${MR}; i++) reach[depth + i] = 0;

    /* Some small images at a time, so that sums stay in registers for longer. */
    for (int image = image0; image < image1; image += n_batch)
    for (int row0 = 0; row0 < out_h; row0 += n_rows)
    for (int col0 = 0; col0 < out_w; col0 += n_cols) {
        const int rows = out_h - row0 < n_rows ? out_h - row0 : n_rows;
        const int cols = out_w - col0 < n_cols ? out_w - col0 : n_cols;
        const int batch = image1 - image < n_batch ? image1 - image : n_batch;
        for (int e = 0; e < batch; e++) {
            __global const ${TI}* restrict x = x_g + x_offset
                + (((long)(image + e) * groups + group) * channels + channel0) * h * w;
            __global const ${TI}* restrict g = g_g + g_offset
                + (((long)(image + e) * groups + group) * filters + filter0) * out_h * out_w
                + (long)row0 * out_w + col0;
            ${conv.copy_patch('patch_l + e * here * patch', 'x', 'here', 'row0', 'col0', 'n_rows',
                              'image == image0 || n_rows < out_h || n_cols < out_w')}
            for (int f = 0; f < live; f += ${PW}) {
            % for l in range(PW):
                __global const ${TI}* restrict g${l}
                    = g + (long)(f + ${l} < live ? f + ${l} : live - 1) * out_h * out_w;
            % endfor
                __local ${TA}* restrict d
                    = grad_l + (f / ${NR} * batch + e) * rows * cols * ${NR} + f % ${NR};
                /* whole rows follow each other in memory and make one long run */
                const int runs = cols == out_w ? 1 : rows;
                const int length = cols == out_w ? rows * cols : cols;
                for (int i = 0; i < runs; i++) {
                    int o = i * out_w;
                    const int end = o + length;
                % if TI == TA:
                    for (; o + ${PW} <= end; o += ${PW}) {
                    % for l in range(PW):
                        copy_vec r${l} = *(__global const copy_uvec*)(g${l} + o);
                    % endfor
                        ${tile.transpose(PW, 'copy_vec')}
                    % for l in range(PW):
                        *(__local copy_vec*)(d + ${l * NR}) = r${l};
                    % endfor
                        d += ${PW * NR};
                    }
                % endif
                    for (; o < end; o++) {
                        *(__local copy_vec*)d
                            = (copy_vec)(${', '.join('g%d[o]' % l for l in range(PW))});
                        d += ${NR};
                    }
                }
            }
        }
        for (int f = 0; f < live; f += ${NR})
            for (int k = 0; k < depth; k += ${MR}) {
                __global ${TA}* restrict p
                    = part + ((f / ${NR}) * tiles_k + k / ${MR}) * ${MR * NR};
                /* output rows for which some of these taps meet the image */
                const int th0 = k / run, th1 = (k + ${MR - 1}) / run;
                int top = 0, bottom = rows;
                const int above = start_h + th1 * tap_h, below = start_h + th0 * tap_h;
                while (top < bottom && (row0 + top) * step_h + above < 0) top++;
                while (bottom > top && (row0 + bottom - 1) * step_h + below >= h) bottom--;
            % for r in range(MR):
                __local const ${TA}* restrict x${r} = patch_l + reach[k + ${r}];
            % endfor
                ${tile.clear(MR, NV)}
                /* Rows without a border follow each other in both: one long run. */
                const int some = pitch == cols ? bottom - top : 1;
                for (int e = 0; e < batch; e++)
                for (int i = top; i < bottom; i += some) {
                    __local const ${TA}* restrict d
                        = grad_l + ((f * batch + e * ${NR}) * rows + i * ${NR}) * cols;
                    const int start = e * here * patch + i * pitch, end = start + some * cols;
#pragma clang loop unroll(disable)
                    for (int o = start; o < end; o++) {
                        ${tile.step(['x%d[o]' % r for r in range(MR)],
                                    ['*(__local const vec*)(d + %d)' % (v * VW)
                                     for v in range(NV)])}
                        d += ${NR};
                    }
                }
            % for r in range(MR):
            % for v in range(NV):
                *(__global uvec*)(p + ${(r * NV + v) * VW}) += c${r}_${v};
            % endfor
            % endfor
            }
    }
}
