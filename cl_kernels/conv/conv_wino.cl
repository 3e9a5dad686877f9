## One work-item correlates some tiles of images with filters by Winograd's minimal filtering: tiles
## of T x T elements are transformed into local memory, a register tile multiplies each of their
## elements by that of the transformed filters, and sums are transformed back to M x M outputs.
## A lane is a tile; a chunk of tiles is a band of tile rows of some images. W: lanes of the vectors
## of the register tile; those of transforms have 8.
<%page args="B, A, MR=6, W=8, v_cap=65536, s_cap=8192, n_cap=64, side=None"/>\
<%namespace name="tile" file="gemm_tile.cl"/>\
<%namespace name="conv" file="conv_patch.cl"/>\
<%namespace name="wino" file="wino_tile.cl"/>\
<%namespace name="store" file="store_side.cl"/>\
<% T, M = len(B), len(A) %>
${tile.vectors('float', 8)}
typedef float${W} sum_vec;
typedef float${M} out_vec;
typedef float${M} __attribute__((aligned(4))) out_uvec;
${conv.copy_function('float', 'float', 8)}

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_wino(__global float* restrict y_g, __global const float* restrict x_g,
               __global const float* restrict u_g, const long x_offset, const int images,
               const int channels, const int filters, const int h, const int w, const int out_h,
               const int out_w, const int start_h, const int start_w, const int groups,
               const int n_images, const int n_bands, const int n_filters, const int n_channels
               ${store.parameters(side)})
{
    __local float v_l[${v_cap}] __attribute__((aligned(64)));
    __local float m_l[${MR * T * T * 16}] __attribute__((aligned(64)));
    __local float s_l[${s_cap}] __attribute__((aligned(64)));
    __local vec t_l[${T * T}];
    __local int from_l[${n_cap}], rows_l[${n_cap}], cols_l[${n_cap}];
    __local long to_l[${n_cap}];
    const int tiles_h = (out_h + ${M - 1}) / ${M}, tiles_w = (out_w + ${M - 1}) / ${M};
    const int band0 = get_group_id(0) * n_bands;
    const int bands = tiles_h - band0 < n_bands ? tiles_h - band0 : n_bands;
    const int group = get_group_id(2) % groups, image0 = get_group_id(2) / groups * n_images;
    const int batch = images - image0 < n_images ? images - image0 : n_images;
    const int filter0 = get_group_id(1) * n_filters;
    const int filter1 = filter0 + n_filters < filters ? filter0 + n_filters : filters;
    const int pitch = tiles_w * ${M} + ${T - M}, lines = bands * ${M} + ${T - M};
    const long plane = (long)out_h * out_w;
    const int each = bands * tiles_w, tiles = batch * each, blocks = (tiles + 15) / 16;
    x_g += x_offset + ((long)image0 * groups + group) * channels * h * w;
    const long y_at = ((long)image0 * groups + group) * filters * plane;
    y_g += y_at;
    u_g += (long)group * ((filters + ${MR - 1}) / ${MR}) * ${T * T} * channels * ${MR};
    for (int i = 0; i < blocks * 16; i++) {
        const int n = i < tiles ? i : tiles - 1, e = n / each;
        const int row = n % each / tiles_w, col = n % tiles_w * ${M};
        from_l[i] = (e * lines + row * ${M}) * pitch + col;
        to_l[i] = (long)e * groups * filters * plane + (long)(band0 + row) * ${M} * out_w + col;
        rows_l[i] = i < tiles ? out_h - (band0 + row) * ${M} : 0;
        cols_l[i] = out_w - col;
    }

    for (int channel0 = 0; channel0 < channels; channel0 += n_channels) {
        const int here = channels - channel0 < n_channels ? channels - channel0 : n_channels;
        /* From one element of the tiles to the next; a power of two would meet the same cache sets. */
        const int next = here * blocks * 16 + 16;
        for (int c = 0; c < here; c++) {
            for (int e = 0; e < batch; e++)
                copy_plane(s_l + e * lines * pitch,
                           x_g + ((long)e * groups * channels + channel0 + c) * h * w, h, w,
                           band0 * ${M} + start_h, start_w, 1, 1, lines, pitch,
                           c == 0 && channel0 == 0);
            for (int b = 0; b < 2 * blocks; b++) {
                __local float* restrict v = v_l + (b / 2 * here + c) * 16 + b % 2 * 8;
            % for l in range(8):
                __local const float* restrict s${l} = s_l + from_l[8 * b + ${l}];
            % endfor
                ${wino.transform_lanes(tile, B, lambda l: 's%d' % l, 'pitch',
                                       lambda i, j: 'v + %d * next' % (i * T + j))}
            }
        }
        for (int f = filter0; f < filter1; f += ${MR})
        for (int b = 0; b < blocks; b++) {
            __global const float* restrict u
                = u_g + ((long)f * ${T * T} * channels + channel0 * ${MR});
            for (int xi = 0; xi < ${T * T}; xi++) {
                __global const float* restrict a = u + (long)xi * channels * ${MR};
                __local const float* restrict v = v_l + xi * next + b * here * 16;
                ${tile.clear(MR, 16 // W, 'sum_vec')}
#pragma clang loop unroll(disable)
                for (int c = 0; c < here; c++) {
                    ${tile.step(['a[%d]' % r for r in range(MR)],
                                ['*(__local const sum_vec*)(v + %d)' % i
                                 for i in range(0, 16, W)], 'sum_vec')}
                    a += ${MR};
                    v += 16;
                }
            % for r in range(MR):
            % for i in range(16 // W):
                *(__local sum_vec*)(m_l + (${r * T * T} + xi) * 16 + ${W * i}) = c${r}_${i};
            % endfor
            % endfor
            }
            const int live = filter1 - f < ${MR} ? filter1 - f : ${MR};
            for (int r = 0; r < live; r++)
            for (int side = 0; side < 2; side++) {
                __local const float* restrict m = m_l + r * ${T * T * 16} + side * 8;
                const int n = b * 16 + side * 8;
                __global float* restrict y = y_g + (f + r) * plane;
                <%wino:transform matrix="${A}">
                <%def name="column(j)">
                % for i in range(T):
                    const vec r${i} = *(__local const vec*)(m + ${(i * T + j) * 16});
                % endfor
                </%def>
                <%def name="row(i)">
                % for l in range(8):
                    if (rows_l[n + ${l}] > ${i}) {
                        __global float* restrict d = y + to_l[n + ${l}] + ${i} * out_w;
                        const int cols = cols_l[n + ${l}];
                        if (cols >= ${M}) {
                            const out_vec o = (out_vec)(${', '.join(
                                'h%d.s%d' % (j, l) for j in range(M))});
                            *(__global out_uvec*)d = channel0 ? o + *(__global out_uvec*)d : o;
                        } else {
                        % for j in range(M - 1):
                            if (cols > ${j}) {
                                ${tile.put('float', 'd[%d]' % j, 'h%d.s%d' % (j, l), '!channel0')}
                            }
                        % endfor
                        }
                    }
                % endfor
                </%def>
                </%wino:transform>
            }
        }
    }
% if side:
    const int line0 = band0 * ${M}, lines_left = out_h - line0;
    const int some = (lines_left < bands * ${M} ? lines_left : bands * ${M}) * out_w;
    for (int e = 0; e < batch; e++)
        for (int f = filter0; f < filter1; f++) {
            const long from = ((long)e * groups * filters + f) * plane + line0 * out_w;
            __global float* restrict z = y_g + from;
            const long z_at = y_at + from;
            ${store.runs(side, 'z_at', 'some', 'z', 8)}
        }
% endif
}
