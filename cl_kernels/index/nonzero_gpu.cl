## A work-group of a GPU counts the non-zero elements of its block of ${group * each} (mode "count"), or
## writes their coordinates (mode "write"), one row per axis, from the place on that the running total of
## the blocks before it gives. It reads neighbours together; each work-item then has ${each} in a row.
<%namespace name="coordinates" file="coordinates.cl"/>\
<%
    block = group * each
    few = max(1, group // 16)
    many = group // few
%>
__kernel void nonzero_gpu(
    __global long* restrict y_g, __global const ${T}* restrict x_g,
% if mode == "write":
    __global const long* restrict total_g, const long found,
% for d in range(rank):
    const long n${d},
% endfor
% endif
    const long x_start, const long count
) {
    __local int sums[${group}], few[${few}];
    const int item = get_local_id(0);
    const long low = (long)get_group_id(0) * ${block};
    const int size = count - low < ${block} ? (int)(count - low) : ${block};
    x_g += x_start + low;
    int mine = 0;
% if mode == "write":
    __local uchar flags[${block}];
    for (int k = item; k < ${block}; k += ${group})
        flags[k] = k < size ? x_g[k] != 0 : 0;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int k = 0; k < ${each}; ++k)
        mine += flags[item * ${each} + k];
% else:
    for (int k = item; k < size; k += ${group})
        mine += x_g[k] != 0;
% endif
    sums[item] = mine;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (item < ${few}) {
        int sum = 0;
        for (int k = item * ${many}; k < (item + 1) * ${many}; ++k) {
            const int next = sums[k];
            sums[k] = sum;
            sum += next;
        }
        few[item] = sum;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
% if mode == "count":
    if (item == 0) {
        int sum = 0;
        for (int k = 0; k < ${few}; ++k)
            sum += few[k];
        y_g[get_group_id(0)] = sum;
    }
% else:
    long to = (get_group_id(0) ? total_g[get_group_id(0) - 1] : 0) + sums[item];
    for (int k = 0; k < item / ${many}; ++k)
        to += few[k];
    if (mine) {
        long rest = low + item * ${each};
${coordinates.of(rank)}
        for (int k = 0; k < ${each}; ++k) {
            if (flags[item * ${each} + k]) {
% for d in range(rank):
                y_g[${d} * found + to] = c${d};
% endfor
                ++to;
            }
${coordinates.advance(rank)}
        }
    }
% endif
}
