## One work-item lays MR filters of one group side by side, tap by tap, for the register tile of
## conv_cpu: u[group][filter / MR][channel / n_channels][tap row][channel][tap column][MR]. Strides
## let it turn filters over or take every so many taps.
<%page args="TI='float', TA='float', MR=6"/>\

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_weights(__global ${TA}* restrict u_g, __global const ${TI}* restrict w_g,
                  const long w_offset, const int filters, const int channels, const int n_channels,
                  const int taps_h, const int taps_w, const long w_group,
                  const long w_filter, const long w_channel, const long w_row, const long w_col)
{
    const int blocks = (filters + ${MR - 1}) / ${MR};
    const int group = get_group_id(0) / blocks, f = get_group_id(0) % blocks * ${MR};
    __global ${TA}* restrict u = u_g + (long)get_group_id(0) * channels * taps_h * taps_w * ${MR};
    __global const ${TI}* restrict s = w_g + w_offset + group * w_group + f * w_filter;
    const int live = filters - f;
    for (int c0 = 0; c0 < channels; c0 += n_channels)
        for (int i = 0; i < taps_h; i++)
        for (int c = c0; c < c0 + n_channels && c < channels; c++)
            for (int j = 0; j < taps_w; j++) {
                __global const ${TI}* restrict e = s + c * w_channel + i * w_row + j * w_col;
                % for r in range(MR):
                u[${r}] = ${r} < live ? e[${r} * w_filter] : 0;
                % endfor
                u += ${MR};
            }
}
