## How often each digit comes in a block of a lane: count[lane][block][digit]. A work-item (of a CPU)
## has a block.
<%namespace name="each" file="each_digit.cl"/>
<%include file="split_digit.cl"/>
__kernel void split_count(
    __global int* restrict count_g, __global const ${U}* restrict x_g,
    __global const ${U}* restrict range_g,
    const long x_start, const int n, const int blocks, const int block
) {
    const long b = get_global_id(0);
    const int low = (int)(b % blocks) * block;
    const int high = n - low < block ? n : low + block;
    SPLIT_LANE(b / blocks)
    x_g += x_start + b / blocks * n + low;
    count_g += b << ${top};
    for (int d = 0; d < ${1 << top}; ++d)
        count_g[d] = 0;
<%each:each_digit source="x_g" count="high - low" digit="split_digit({}, least, shift)" args="d, v, i">
                ++count_g[${d}];
</%each:each_digit>
}
