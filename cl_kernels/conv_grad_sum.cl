## One work-item adds the partial sums of one weight left by conv_grad_cpu, in a fixed order.
<%page args="TA='float', TO='float', MR=6, NR=16"/>\

__kernel void conv_grad_sum(__global ${TO}* restrict w_g, __global const ${TA}* restrict part_g,
                            const long size, const int splits, const int groups, const int filters,
                            const int channels, const int taps, const int taps_w,
                            const int n_filters, const int n_channels)
{
    const long gid = get_global_id(0);
    if (gid >= size) return;
    const int tap = gid % taps, channel = gid / taps % channels;
    const int filter = gid / taps / channels % filters, group = gid / taps / channels / filters;
    const int blocks_f = (filters + n_filters - 1) / n_filters;
    const int blocks_c = (channels + n_channels - 1) / n_channels;
    const int tiles_k = (n_channels * taps + ${MR - 1}) / ${MR};
    const int tiles_f = (n_filters + ${NR - 1}) / ${NR};
    const int first = channel / n_channels * n_channels;
    const int here = channels - first < n_channels ? channels - first : n_channels;
    const int k = (tap / taps_w * here + channel - first) * taps_w + tap % taps_w;
    const int f = filter % n_filters;
    const long block
        = ((long)group * blocks_f + filter / n_filters) * blocks_c + channel / n_channels;
    const long inside = ((long)(f / ${NR}) * tiles_k + k / ${MR}) * ${MR * NR}
        + k % ${MR} * ${NR} + f % ${NR};
    const long all = (long)groups * blocks_f * blocks_c * tiles_f * tiles_k * ${MR * NR};
    __global const ${TA}* restrict p = part_g + block * tiles_f * tiles_k * ${MR * NR} + inside;
    ${TA} acc = 0;
    for (int s = 0; s < splits; s++) acc += p[s * all];
    w_g[gid] = acc;
}
