## A work-item (of a CPU) moves a block of a lane: each element, and its place, into its part, see
## split_plan.
<%namespace name="each" file="each_digit.cl"/>
<%include file="split_digit.cl"/>
__kernel void split_move(
    __global ${U}* restrict y_g,
% if order:
    __global int* restrict place_g,
% endif
    __global const ${U}* restrict x_g, __global const ${U}* restrict range_g,
    __global const uchar* restrict part_g, __global const int* restrict at_g,
    const long x_start, const int n, const int blocks, const int block
) {
    const long b = get_global_id(0), lane = b / blocks;
    const int low = (int)(b % blocks) * block;
    const int high = n - low < block ? n : low + block;
    SPLIT_LANE(lane)
    int at[${parts}];
    for (int p = 0; p < ${parts}; ++p)
        at[p] = at_g[b * ${parts} + p];
    x_g += x_start + lane * n + low;
    y_g += lane * n;
    part_g += lane << ${top};
% if order:
    place_g += lane * n;
% endif
<%each:each_digit source="x_g" count="high - low" digit="split_digit({}, least, shift)" args="d, v, i">
                const int to = at[part_g[${d}]]++;
                y_g[to] = ${v};
% if order:
                place_g[to] = low + ${i};
% endif
</%each:each_digit>
}
