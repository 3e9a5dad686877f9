## A work-item does `each` small transforms of ${radix} elements, of one of Stockham's stages: lines
## of n elements, `inner` apart, of which transforms of done elements are there.
<%
    C = {'float': 'float2', 'double': 'double2'}[R]
    RE, IM = ('i', 'r') if inverse else ('r', 'i')  # with parts exchanged, a transform is its inverse
%>\
typedef ${R} R;
typedef ${R} V;
__kernel void fft_pass(
    __global ${C}* restrict y_g, __global const ${C}* restrict x_g,
    __global const ${C}* restrict w_g,
    const ${index} x_start, const ${index} count, const ${index} each, const ${index} n,
    const ${index} inner, const ${index} done, const ${R} scale
) {
    const ${index} first = (${index})get_global_id(0) * each;
    const ${index} end = first + each < count ? first + each : count;
    const ${index} m = n / (done * ${radix});
    for (${index} at = first; at < end; ++at) {
        const ${index} i = at % inner, rest = at / inner;
        const ${index} q = rest % done, more = rest / done;
        const ${index} p = more % m, o = more / m;
        __global const ${C}* restrict x = x_g + x_start + o * n * inner + i;
        __global ${C}* restrict y = y_g + o * n * inner + i;
% for k in range(radix):
        const ${C} f${k} = x[(q + done * (p + m * ${k})) * inner];
        const V x${k}${RE} = f${k}.x, x${k}${IM} = f${k}.y;
% endfor
% for line in butterfly(radix):
        ${line}
% endfor
% for k in range(radix):
        {
            const ${C} w = w_g[done * p * ${k}];
            const V gr = (y${k}r * w.x - y${k}i * w.y) * scale, gi = (y${k}r * w.y + y${k}i * w.x) * scale;
            y[(q + done * (${radix} * p + ${k})) * inner] = (${C})(g${RE}, g${IM});
        }
% endfor
    }
}
