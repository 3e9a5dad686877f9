## One work-item sums the gradient of a block of filters over some images by Winograd's minimal
## filtering: tiles of the image (T x T) and of the output's gradient (M x M) are transformed into
## local memory, a lane being a channel, and the register tile multiplies them element by element,
## summing over tiles. Sums per work-item; conv_wino_grad_sum adds them and transforms them back. W:
## lanes of the vectors of the register tile; those of transforms have 8.
<%page args="B, S, MR=6, W=8, x_cap=32768, g_cap=32768, s_cap=16384, n_cap=64"/>\
<%namespace name="tile" file="gemm_tile.cl"/>\
<%namespace name="conv" file="conv_patch.cl"/>\
<%namespace name="wino" file="wino_tile.cl"/>\
<% T, M = len(S), len(S[0]) %>
${tile.vectors('float', 8)}
typedef float${W} sum_vec;
typedef float${W} __attribute__((aligned(4))) sum_uvec;
${conv.copy_function('float', 'float', 8)}

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_wino_grad(__global float* restrict part_g, __global const float* restrict x_g,
                    __global const float* restrict g_g, const long x_offset, const long g_offset,
                    const int images, const int channels, const int filters, const int h,
                    const int w, const int out_h, const int out_w, const int start_h,
                    const int start_w, const int groups, const int n_split, const int n_images,
                    const int n_bands, const int n_filters, const int n_channels)
{
    __local float x_l[${x_cap}] __attribute__((aligned(64)));
    __local float g_l[${g_cap}] __attribute__((aligned(64)));
    __local float s_l[${s_cap}] __attribute__((aligned(64)));
    __local vec t_l[${T * T}];
    __local int x_at[${n_cap}], g_at[${n_cap}];
    const int tiles_h = (out_h + ${M - 1}) / ${M}, tiles_w = (out_w + ${M - 1}) / ${M};
    const int group = get_group_id(2) % groups, image0 = get_group_id(2) / groups * n_split;
    const int image1 = image0 + n_split < images ? image0 + n_split : images;
    const int channel0 = get_group_id(0) * n_channels, filter0 = get_group_id(1) * n_filters;
    const int here = channels - channel0 < n_channels ? channels - channel0 : n_channels;
    const int live = filters - filter0 < n_filters ? filters - filter0 : n_filters;
    const int x_pitch = tiles_w * ${M} + ${T - M}, g_pitch = tiles_w * ${M};
    /* part[split][group][filter block][channel block][element][filter / MR][channel / 16][MR][16] */
    const int panels_f = (n_filters + ${MR - 1}) / ${MR}, panels_c = (n_channels + 15) / 16;
    __global float* restrict part = part_g
        + (((long)get_group_id(2) * get_num_groups(1) + get_group_id(1)) * get_num_groups(0)
           + get_group_id(0)) * ${T * T * MR * 16} * panels_f * panels_c;
    x_g += x_offset + ((long)group * channels + channel0) * h * w;
    g_g += g_offset + ((long)group * filters + filter0) * out_h * out_w;

    for (int image = image0; image < image1; image += n_images)
    for (int band0 = 0; band0 < tiles_h; band0 += n_bands) {
        const int bands = tiles_h - band0 < n_bands ? tiles_h - band0 : n_bands;
        const int batch = image1 - image < n_images ? image1 - image : n_images;
        const int each = bands * tiles_w, tiles = batch * each;
        const int x_lines = bands * ${M} + ${T - M}, g_lines = bands * ${M};
        const int lanes = (live + 13) / 8 * 8;
        /* From one element of the tiles to the next: no power of two, for the sake of caches. */
        const int x_next = (here + 15) / 16 * tiles * 16 + 16, g_next = tiles * lanes + 16;
        const int first = image == image0 && band0 == 0;
        for (int n = 0; n < tiles; n++) {
            const int e = n / each, row = n % each / tiles_w * ${M}, col = n % tiles_w * ${M};
            x_at[n] = (e * x_lines + row) * x_pitch + col;
            g_at[n] = (e * g_lines + row) * g_pitch + col;
        }
        for (int c = 0; c < here; c += 8) {
            const int apart = batch * x_lines * x_pitch;
            for (int l = 0; l < 8; l++)
                for (int e = 0; e < batch; e++)
                    copy_plane(s_l + l * apart + e * x_lines * x_pitch,
                               x_g + ((long)(image + e) * groups * channels
                                      + (c + l < here ? c + l : here - 1)) * h * w,
                               h, w, band0 * ${M} + start_h, start_w, 1, 1, x_lines, x_pitch,
                               c == 0);
            for (int n = 0; n < tiles; n++) {
                __local const float* restrict s = s_l + x_at[n];
                __local float* restrict d = x_l + (c / 16 * tiles + n) * 16 + c % 16;
                ${wino.transform_lanes(tile, B, lambda l: 's + %d * apart' % l, 'x_pitch',
                                       lambda i, j: 'd + %d * x_next' % (i * T + j))}
            }
        }
        for (int f = 0; f < live; f += 8) {
            const int apart = batch * g_lines * g_pitch;
            for (int l = 0; l < 8; l++)
                for (int e = 0; e < batch; e++)
                    copy_plane(s_l + l * apart + e * g_lines * g_pitch,
                               g_g + ((long)(image + e) * groups * filters
                                      + (f + l < live ? f + l : live - 1)) * out_h * out_w,
                               out_h, out_w, band0 * ${M}, 0, 1, 1, g_lines, g_pitch, f == 0);
            for (int n = 0; n < tiles; n++) {
                __local const float* restrict s = s_l + g_at[n];
                __local float* restrict d = g_l + n * lanes + f;
                ${wino.transform_lanes(tile, S, lambda l: 's + %d * apart' % l, 'g_pitch',
                                       lambda i, j: 'd + %d * g_next' % (i * T + j))}
            }
        }
        for (int xi = 0; xi < ${T * T}; xi++)
        for (int f = 0; f < live; f += ${MR})
        for (int c = 0; c < here; c += 16) {
            __local const float* restrict a = g_l + xi * g_next + f;
            __local const float* restrict b = x_l + xi * x_next + c * tiles;
            __global float* restrict p
                = part + ((xi * panels_f + f / ${MR}) * panels_c + c / 16) * ${MR * 16};
            ${tile.clear(MR, 16 // W, 'sum_vec')}
#pragma clang loop unroll(disable)
            for (int n = 0; n < tiles; n++) {
                ${tile.step(['a[%d]' % r for r in range(MR)],
                            ['*(__local const sum_vec*)(b + %d)' % i for i in range(0, 16, W)],
                            'sum_vec')}
                a += lanes;
                b += 16;
            }
            if (first) {
            % for r in range(MR):
            % for i in range(16 // W):
                *(__global sum_uvec*)(p + ${r * 16 + W * i}) = c${r}_${i};
            % endfor
            % endfor
            } else {
            % for r in range(MR):
            % for i in range(16 // W):
                *(__global sum_uvec*)(p + ${r * 16 + W * i}) += c${r}_${i};
            % endfor
            % endfor
            }
        }
    }
}
