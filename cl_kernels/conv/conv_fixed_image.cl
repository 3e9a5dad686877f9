## Images with zeros around them: element (i, j) is that of x at (i + start_h, j + start_w). A task copies
## a row.
<%namespace name="tree" file="tree.cl"/>\
__kernel void conv_fixed_image(
    __global ${T}* restrict y_g, __global const ${T}* restrict x_g, const long x_o, const int h, const int w,
    const int rows, const int cols, const int start_h, const int start_w, const long tasks, const long chunk
) {
${tree.each_task()}
        const long plane = task / rows;
        const int i = (int)(task - plane * rows) + start_h;
        __global ${T}* y = y_g + task * cols;
        __global const ${T}* x = x_g + x_o + (plane * h + i) * w + start_w;
        /* Columns [lo, hi) are x's. */
        const int lo = clamp(-start_w, 0, cols), hi = i >= 0 && i < h ? clamp(w - start_w, lo, cols) : lo;
        for (int j = 0; j < lo; ++j) y[j] = 0;
        for (int j = lo; j < hi; ++j) y[j] = x[j];
        for (int j = hi; j < cols; ++j) y[j] = 0;
    }
}
