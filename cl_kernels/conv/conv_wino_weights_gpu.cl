## A work-item transforms one filter in one channel for conv_wino_gpu: u[group][element][channel]
## [filter] = G w G' of F(2, 3), with zeros up to c_pitch channels and f_pitch filters. back: filters
## are turned over.
<%page args="back=False"/>\
__kernel void conv_wino_weights_gpu(__global float* restrict u_g, __global const float* restrict w_g,
                                    const long w_offset, const int group_first, const int filters,
                                    const int channels, const int c_pitch, const int f_pitch,
                                    const long w_group, const long w_filter, const long w_channel)
{
    const int c = get_global_id(0) / f_pitch, f = get_global_id(0) % f_pitch;
    const int group = get_global_id(1) + group_first, there = f < filters && c < channels;
    __global const float* restrict w
        = w_g + w_offset + group * w_group + (there ? f * w_filter + c * w_channel : 0);
    __global float* restrict u = u_g + ((long)group * 16 * c_pitch + c) * f_pitch + f;
    const long next = (long)c_pitch * f_pitch;
% for j in range(3):
    const float ${', '.join(f'w{i}_{j} = there ? w[{8 - 3 * i - j if back else 3 * i + j}] : 0' for i in range(3))};
    const float g0_${j} = w0_${j}, g3_${j} = w2_${j}, e_${j} = 0.5f * (w0_${j} + w2_${j});
    const float g1_${j} = e_${j} + 0.5f * w1_${j}, g2_${j} = e_${j} - 0.5f * w1_${j};
% endfor
% for i in range(4):
    {
        const float even = 0.5f * (g${i}_0 + g${i}_2), odd = 0.5f * g${i}_1;
        u[${4 * i} * next] = g${i}_0;
        u[${4 * i + 1} * next] = even + odd;
        u[${4 * i + 2} * next] = even - odd;
        u[${4 * i + 3} * next] = g${i}_2;
    }
% endfor
}
