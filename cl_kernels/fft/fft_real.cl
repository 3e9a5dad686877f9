## A work-item takes `each` elements of the spectra of real lines, of n = 2 m elements seen as m complex
## ones. From their transform, m elements, it makes the spectrum of the reals, m + 1; backwards
## (inverse) it makes what a transform turns into pairs of reals.
<% C = {'float': 'float2', 'double': 'double2'}[R] %>\
__kernel void fft_real(
    __global ${C}* restrict y_g, __global const ${C}* restrict x_g,
    __global const ${C}* restrict w_g,
    const ${index} x_start, const ${index} count, const ${index} each, const ${index} m
) {
    const ${index} first = (${index})get_global_id(0) * each;
    const ${index} end = first + each < count ? first + each : count;
    for (${index} at = first; at < end; ++at) {
% if inverse:
        const ${index} line = at / m, k = at - line * m;
        __global const ${C}* x = x_g + x_start + line * (m + 1);
        ${C} p = x[k], q = x[m - k];
        if (k == 0)
            p.y = q.y = 0;  // of a real line they are nothing else
        const ${C} w = (${C})(w_g[k].x, -w_g[k].y);
        const ${C} even = (${C})(p.x + q.x, p.y - q.y), odd = (${C})(p.x - q.x, p.y + q.y);
        y_g[at] = even + (${C})(-(w.x * odd.y + w.y * odd.x), w.x * odd.x - w.y * odd.y);
% else:
        const ${index} line = at / (m + 1), k = at - line * (m + 1);
        __global const ${C}* x = x_g + x_start + line * m;
        const ${C} p = x[k == m ? 0 : k], q = x[k == 0 ? 0 : m - k];
        const ${C} w = k == m ? (${C})(-1, 0) : w_g[k];
        const ${C} even = (${C})(p.x + q.x, p.y - q.y), odd = (${C})(p.x - q.x, p.y + q.y);
        y_g[at] = (even + (${C})(w.x * odd.y + w.y * odd.x, w.y * odd.y - w.x * odd.x)) / 2;
% endif
    }
}
