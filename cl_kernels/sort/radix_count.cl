## How often each digit of ${bits} bits from `shift` on comes in a block of a lane:
## count[lane][digit][block]. A work-item (cpu) or a work-group (otherwise) has one block. chosen:
## only elements count whose digits before are those of chosen[lane].
<%include file="sort_key.cl"/>
<%
    D = 1 << bits
    key = 'sort_key(x_g[{}])'.format
%>
__kernel void radix_count(
    __global int* restrict count_g, __global const ${U}* restrict x_g,
% if chosen:
    __global const ${U}* restrict chosen_g,
% endif
    const long x_start, const int n, const int blocks, const int block, const int shift
) {
    const int b = (int)(get_group_id(0) % blocks);
    const long lane = get_group_id(0) / blocks;
    const int low = b * block;
    const int high = n - low < block ? n : low + block;
    x_g += x_start + lane * n;
    count_g += lane * ${D} * blocks + b;
% if chosen:
    const ${U} chosen = chosen_g[lane];
% endif
% if cpu:
    /* Equal neighbours would wait for each other's counter. */
    int counts[${1 if chosen else 4}][${D}];
    for (int k = 0; k < ${1 if chosen else 4}; ++k)
        for (int d = 0; d < ${D}; ++d)
            counts[k][d] = 0;
    int i = low;
% if chosen:
    for (; i + 16 <= high; i += 16) {
        int some = 0;
        for (int k = 0; k < 16; ++k)
            some |= ${key('i + k')} >> shift >> ${bits} == chosen;
        for (int k = 0; some && k < 16; ++k) {
            const ${U} rest = ${key('i + k')} >> shift;
            if (rest >> ${bits} == chosen)
                ++counts[0][rest & ${D - 1}];
        }
    }
    for (; i < high; ++i) {
        const ${U} rest = ${key('i')} >> shift;
        if (rest >> ${bits} == chosen)
            ++counts[0][rest & ${D - 1}];
    }
    for (int d = 0; d < ${D}; ++d)
        count_g[(long)d * blocks] = counts[0][d];
% else:
    for (; i + 4 <= high; i += 4) {
% for k in range(4):
        ++counts[${k}][(${key(f'i + {k}')} >> shift) & ${D - 1}];
% endfor
    }
    for (; i < high; ++i)
        ++counts[0][(${key('i')} >> shift) & ${D - 1}];
    for (int d = 0; d < ${D}; ++d)
        count_g[(long)d * blocks] = counts[0][d] + counts[1][d] + counts[2][d] + counts[3][d];
% endif
% else:
    __local int counts[${D}];
    const int item = get_local_id(0);
    for (int d = item; d < ${D}; d += ${group})
        counts[d] = 0;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int i = low + item; i < high; i += ${group})
        atomic_inc(counts + (int)((${key('i')} >> shift) & ${D - 1}));
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int d = item; d < ${D}; d += ${group})
        count_g[(long)d * blocks] = counts[d];
% endif
}
