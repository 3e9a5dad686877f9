## One work-item transforms MR filters of one group for conv_wino, channel by channel:
## u[group][filter / MR][element][channel][MR] = G w G'. Strides let it turn filters over.
<%page args="G, MR=6"/>\
<%namespace name="tile" file="gemm_tile.cl"/>\
<%namespace name="wino" file="wino_tile.cl"/>\
<% T, R = len(G), len(G[0]) %>
${tile.vectors('float', 8)}

__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_wino_weights(__global float* restrict u_g, __global const float* restrict w_g,
                       const long w_offset, const int filters, const int channels,
                       const long w_group, const long w_filter, const long w_channel,
                       const long w_row, const long w_col)
{
    __local vec t_l[${T * R}];
    const int blocks = (filters + ${MR - 1}) / ${MR};
    const int group = get_group_id(0) / blocks, f = get_group_id(0) % blocks * ${MR};
    __global float* restrict u = u_g + (long)get_group_id(0) * ${T * T} * channels * ${MR};
% for r in range(MR):
    __global const float* restrict w${r} = w_g + w_offset + group * w_group
        + (f + ${r} < filters ? f + ${r} : f) * w_filter;
% endfor
    const long next = (long)channels * ${MR};
    for (int c = 0; c < channels; c++) {
    <%wino:transform matrix="${G}">
    <%def name="column(j)">
        const long at = c * w_channel + ${j} * w_col;
    % for i in range(R):
        const vec r${i} = (vec)(${', '.join(
            'w%d[at + %d * w_row]' % (min(l, MR - 1), i) for l in range(8))});
    % endfor
    </%def>
    <%def name="row(i)">
    % for j in range(T):
        {
            __global float* restrict d = u + ${i * T + j} * next;
        % for r in range(MR):
            d[${r}] = h${j}.s${r};
        % endfor
        }
    % endfor
    </%def>
    </%wino:transform>
        u += ${MR};
    }
}
