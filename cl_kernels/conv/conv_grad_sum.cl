## One work-item adds the partial sums that conv_grad_cpu left of all taps of one channel, for NR
## filters side by side, in a fixed order.
<%page args="TA='float', TO='float', MR=6, NR=16, VW=8"/>\
<%namespace name="tile" file="gemm_tile.cl"/>\
${tile.vectors(TA, VW)}

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_grad_sum(__global ${TO}* restrict w_g, __global const ${TA}* restrict part_g,
                   const int splits, const int groups, const int filters, const int channels,
                   const int taps_h, const int taps_w, const int n_filters, const int n_channels)
{
    __local ${TA} t[${NR}] __attribute__((aligned(64)));
    const int taps = taps_h * taps_w;
    const int strips = (filters + ${NR - 1}) / ${NR}, channel = get_group_id(0);
    const int group = get_group_id(1) / strips, filter = get_group_id(1) % strips * ${NR};
    const int live = filters - filter < ${NR} ? filters - filter : ${NR};
    const int blocks_f = (filters + n_filters - 1) / n_filters;
    const int blocks_c = (channels + n_channels - 1) / n_channels;
    const int tiles_k = (n_channels * taps + ${MR - 1}) / ${MR};
    const int tiles_f = (n_filters + ${NR - 1}) / ${NR};
    const int first = channel / n_channels * n_channels;
    const int here = channels - first < n_channels ? channels - first : n_channels;
    const long size = (long)tiles_f * tiles_k * ${MR * NR};
    const long all = groups * blocks_f * blocks_c * size;
    __global const ${TA}* restrict p = part_g
        + (((long)group * blocks_f + filter / n_filters) * blocks_c + channel / n_channels) * size
        + (long)(filter % n_filters / ${NR}) * tiles_k * ${MR * NR};
    __global ${TO}* restrict w
        = w_g + ((long)(group * filters + filter) * channels + channel) * taps;
    for (int i = 0; i < taps_h; i++)
        for (int j = 0; j < taps_w; j++) {
            const long k = ((long)i * here + channel - first) * taps_w + j;
        % for v in range(0, NR, VW):
            vec acc${v} = (vec)(0);
        % endfor
            for (int s = 0; s < splits; s++) {
            % for v in range(0, NR, VW):
                acc${v} += *(__global const uvec*)(p + s * all + k * ${NR} + ${v});
            % endfor
            }
        % for v in range(0, NR, VW):
            *(__local vec*)(t + ${v}) = acc${v};
        % endfor
            for (int l = 0; l < live; l++)
                w[(long)l * channels * taps + i * taps_w + j] = t[l];
        }
}
