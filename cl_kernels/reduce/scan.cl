## A work-item sums up a block of elements along the axis, from the far end when reverse. Mode
## "totals" writes only each block's sum, "carried" starts from the sum of the blocks before,
## "alone" from 0. By rows (cpu), it takes `lanes` neighbouring lanes side by side; else one lane.
__kernel void scan(
    __global ${T}* restrict y_g, __global const ${T}* restrict x_g,
% if mode == "carried":
    __global const ${T}* restrict total_g,
% endif
    const ${index} x_start, const ${index} items, const ${index} n, const ${index} inner,
    const ${index} blocks, const ${index} block, const ${index} lanes, const ${index} each
) {
    const ${index} first = (${index})get_global_id(0) * each;
    const ${index} end = first + each < items ? first + each : items;
    const ${index} parts = (inner + lanes - 1) / lanes;
    for (${index} item = first; item < end; ++item) {
        const ${index} i = item % parts * lanes;
        const ${index} b = item / parts % blocks;
        const ${index} o = item / parts / blocks;
        const ${index} low = b * block;
        const ${index} high = low + block < n ? low + block : n;
        __global const ${T}* from = x_g + x_start + o * n * inner + i;
% if mode == "totals":
        __global ${T}* to = y_g + (o * blocks + b) * inner + i;
% else:
        __global ${T}* to = y_g + o * n * inner + i;
% endif
% if rows:
        const ${index} width = lanes < inner - i ? lanes : inner - i;
        for (${index} k = low; k < high; ++k) {
            const ${index} at = ${"n - 1 - k" if reverse else "k"};
            __global const ${T}* x = from + at * inner;
% if mode == "totals":
            for (${index} j = 0; j < width; ++j)
                to[j] = (k == low ? 0 : to[j]) + x[j];
% else:
            __global ${T}* y = to + at * inner;
            __global const ${T}* before = y ${"+" if reverse else "-"} inner;
% if mode == "carried":
            if (k == low && b > 0)
                before = total_g + (o * blocks + b - 1) * inner + i;
% endif
            if (k == 0) {
                for (${index} j = 0; j < width; ++j)
                    y[j] = x[j];
            } else {
                for (${index} j = 0; j < width; ++j)
                    y[j] = before[j] + x[j];
            }
% endif
        }
% else:
% if mode == "carried":
        ${T} acc = b > 0 ? total_g[(o * blocks + b - 1) * inner + i] : 0;
% else:
        ${T} acc = 0;
% endif
        for (${index} k = low; k < high; ++k) {
            const ${index} at = ${"(n - 1 - k)" if reverse else "k"} * inner;
            acc += from[at];
% if mode != "totals":
            to[at] = acc;
% endif
        }
% if mode == "totals":
        *to = acc;
% endif
% endif
    }
}
