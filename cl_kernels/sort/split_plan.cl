## Digits that follow each other make a part, of about as many elements as each of the others, ${parts}
## parts at most. bound[lane] has the first digit of each part and of the end, then the first element;
## part[lane][digit] the part; at[lane][block][part] where the block's elements of a part go. A
## work-item has a lane.
__kernel void split_plan(
    __global uchar* restrict part_g, __global int* restrict bound_g, __global int* restrict at_g,
    __global const int* restrict count_g, const int n, const int blocks
) {
    const long lane = get_global_id(0);
    __global int* bound = bound_g + lane * ${2 * (parts + 1)};
    part_g += lane << ${top};
    at_g += lane * blocks * ${parts};
    count_g += lane * blocks << ${top};
    for (int k = 0; k < blocks * ${parts}; ++k)
        at_g[k] = 0;
    int part = 0, done = 0;
    bound[0] = bound[${parts + 1}] = 0;
    for (int d = 0; d < ${1 << top}; ++d) {
        int each = 0;
        for (int k = 0; k < blocks; ++k)
            each += count_g[((long)k << ${top}) + d];
        part_g[d] = (uchar)part;
        if (each == 0)
            continue;
        for (int k = 0; k < blocks; ++k)
            at_g[k * ${parts} + part] += count_g[((long)k << ${top}) + d];
        done += each;
        if (part < ${parts - 1} && done >= (part + 1L) * n / ${parts}) {
            ++part;
            bound[part] = d + 1;
            bound[${parts + 1} + part] = done;
        }
    }
    for (++part; part <= ${parts}; ++part) {
        bound[part] = ${1 << top};
        bound[${parts + 1} + part] = n;
    }
    for (int p = 0; p < ${parts}; ++p) {
        int to = bound[${parts + 1} + p];
        for (int k = 0; k < blocks; ++k) {
            const int each = at_g[k * ${parts} + p];
            at_g[k * ${parts} + p] = to;
            to += each;
        }
    }
}
