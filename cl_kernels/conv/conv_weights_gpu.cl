## Lays filters out for conv_gpu: u[group][tap][channel][filter], with zeros up to c_pitch channels
## and f_pitch filters, and up to `depth` rows of taps and channels in each group.
<%page args="TI='float', TA='float'"/>\
__kernel void conv_weights_gpu(__global ${TA}* restrict u_g, __global const ${TI}* restrict w_g,
                               const long w_offset, const int group_first,
                               const int filters, const int channels, const int taps, const int depth,
                               const int c_pitch, const int f_pitch, const long w_group, const long w_filter,
                               const long w_channel)
{
    const int k = get_global_id(0) / f_pitch, f = get_global_id(0) % f_pitch;
    const int group = get_global_id(1) + group_first;
    const int tap = k / c_pitch, c = k - tap * c_pitch;
    const int there = f < filters && c < channels && tap < taps;
    u_g[((long)group * depth + k) * f_pitch + f]
        = there ? w_g[w_offset + group * w_group + f * w_filter + c * w_channel + tap] : (${TI})0;
}
