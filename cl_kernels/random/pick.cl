## A work-item finds, for `each` consecutive draws, the first class of its row whose cumulative chance
## is above the draw (one from [0, 1) of the row's sum).
__kernel void pick(
    __global long* restrict y_g, __global const ${T}* restrict below_g,
    __global const ${T}* restrict draw_g, const ${index} below_start, const ${index} draw_start,
    const ${index} count, const ${index} samples, const ${index} classes, const ${index} each
) {
    const ${index} first = (${index})get_global_id(0) * each;
    const ${index} end = first + each < count ? first + each : count;
    for (${index} i = first; i < end; ++i) {
        __global const ${T}* below = below_g + below_start + i / samples * classes;
        const ${T} total = below[classes - 1], place = draw_g[draw_start + i] * total;
        ${index} low = 0, high = classes - 1;
        while (low < high) {
            const ${index} middle = low + (high - low) / 2;
            if (below[middle] > place) high = middle;
            else low = middle + 1;
        }
        // Rounded up to the total, a draw would be of the last class, whose chance may be 0.
        while (low > 0 && !(below[low] > below[low - 1])) --low;
        y_g[i] = low;
    }
}
