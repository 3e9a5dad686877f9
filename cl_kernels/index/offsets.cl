## A work-item turns the index arrays at `each` consecutive positions into one element offset each:
## table[b] = sum over axes of (index wrapped into the axis) * stride.
<%namespace name="w" file="wrap.cl"/>\
${w.function()}__kernel void offsets(
    __global ${out}* restrict table_g,
% for k, I in enumerate(types):
    __global const ${I}* restrict i${k}_g,
% endfor
% for k in range(len(types)):
    const long start${k}, const long n${k}, const long stride${k}, const int site${k},
% endfor
    const ${out} count, const ${out} each, __global long* fault_g
) {
    const ${out} first = (${out})get_global_id(0) * each;
    const ${out} end = first + each < count ? first + each : count;
    for (${out} b = first; b < end; ++b) {
        long at = 0;
% for k in range(len(types)):
        at += ${w.wrap(f'i{k}_g[start{k} + b]', types[k], f'n{k}', f'site{k}')} * stride${k};
% endfor
        table_g[b] = (${out})at;
    }
}
