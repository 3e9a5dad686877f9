## One work-item transforms MR filters of 3x3 taps for conv_wino, channel by channel:
## u[group][filter / MR][16][channel][MR] = G w G'. Strides let it turn filters over.
<%page args="MR=6"/>\
__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_wino_weights(__global float* restrict u_g, __global const float* restrict w_g,
                       const long w_offset, const int filters, const int channels,
                       const long w_group, const long w_filter, const long w_channel,
                       const long w_row, const long w_col)
{
    const int blocks = (filters + ${MR - 1}) / ${MR};
    const int group = get_group_id(0) / blocks, f = get_group_id(0) % blocks * ${MR};
    __global float* restrict u = u_g + (long)get_group_id(0) * 16 * channels * ${MR};
    for (int c = 0; c < channels; c++)
        for (int r = 0; r < ${MR}; r++) {
            __global const float* restrict s = w_g + w_offset + group * w_group
                + (f + r < filters ? f + r : f) * w_filter + c * w_channel;
            float column[4][3];
            for (int j = 0; j < 3; j++) {
                __global const float* restrict e = s + j * w_col;
                const float top = e[0], mid = e[w_row], low = e[2 * w_row];
                column[0][j] = top;
                column[1][j] = 0.5f * (top + mid + low);
                column[2][j] = 0.5f * (top - mid + low);
                column[3][j] = low;
            }
            for (int i = 0; i < 4; i++) {
                const float left = column[i][0], mid = column[i][1], right = column[i][2];
                __global float* restrict d = u + ((long)4 * i * channels + c) * ${MR} + r;
                d[0] = left;
                d[(long)channels * ${MR}] = 0.5f * (left + mid + right);
                d[(long)2 * channels * ${MR}] = 0.5f * (left - mid + right);
                d[(long)3 * channels * ${MR}] = right;
            }
        }
}
