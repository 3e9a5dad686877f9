## One work-item adds the partial sums of conv_wino_grad for 8 channels of a filter and transforms
## them back to the gradient of its taps: out = E' S E.
<%page args="E, MR=6"/>\
<%namespace name="tile" file="gemm_tile.cl"/>\
<%namespace name="wino" file="wino_tile.cl"/>\
<% R, T = len(E), len(E[0]) %>
${tile.vectors('float', 8)}

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_wino_grad_sum(__global float* restrict out_g, __global const float* restrict part_g,
                        const int splits, const int groups, const int filters, const int channels,
                        const int n_filters, const int n_channels)
{
    __local vec t_l[${R * T}];
    __local float o_l[${R * R * 8}] __attribute__((aligned(32)));
    const int group = get_group_id(1) / filters, f = get_group_id(1) % filters;
    const int c = get_group_id(0) * 8;
    const int blocks_f = (filters + n_filters - 1) / n_filters;
    const int blocks_c = (channels + n_channels - 1) / n_channels;
    const int panels_f = (n_filters + ${MR - 1}) / ${MR}, panels_c = (n_channels + 15) / 16;
    const int in_f = f % n_filters, in_c = c % n_channels;
    const long size = (long)${T * T * MR * 16} * panels_f * panels_c;
    const long next = (long)${MR * 16} * panels_f * panels_c;
    const long split = size * groups * blocks_f * blocks_c;
    __global const float* restrict part = part_g
        + (((long)group * blocks_f + f / n_filters) * blocks_c + c / n_channels) * size
        + ((in_f / ${MR}) * panels_c + in_c / 16) * ${MR * 16} + in_f % ${MR} * 16 + in_c % 16;
    <%wino:transform matrix="${E}">
    <%def name="column(j)">
    % for i in range(T):
        vec r${i} = (vec)(0);
        for (int s = 0; s < splits; s++)
            r${i} += *(__global const uvec*)(part + s * split + ${i * T + j} * next);
    % endfor
    </%def>
    <%def name="row(i)">
    % for j in range(R):
        *(__local vec*)(o_l + ${(i * R + j) * 8}) = h${j};
    % endfor
    </%def>
    </%wino:transform>
    __global float* restrict out = out_g + ((long)get_group_id(1) * channels + c) * ${R * R};
    const int live = channels - c < 8 ? channels - c : 8;
    for (int l = 0; l < live; l++)
        for (int i = 0; i < ${R * R}; i++) out[l * ${R * R} + i] = o_l[i * 8 + l];
}
