## y[o, q, k] = sum over t of weight[q, t] * x[o, place[q, t], k]. By rows, a work-item takes `each`
## pairs (o, q) with all k; else it takes `each` elements in a row.
__kernel void resample(
    __global ${T}* restrict y_g, __global const ${T}* restrict x_g,
    __global const int* restrict place_g, __global const ${TA}* restrict weight_g,
    const ${index} x_start, const ${index} total, const ${index} n, const ${index} out,
    const ${index} several, const ${index} inner, const ${index} each
) {
<% count = taps or "several" %>
    const ${index} first = (${index})get_global_id(0) * each;
    const ${index} end = first + each < total ? first + each : total;
    for (${index} item = first; item < end; ++item) {
% if rows:
        const ${index} q = item % out, o = item / out;
        __global const ${T}* x = x_g + x_start + o * n * inner;
        __global ${T}* y = y_g + item * inner;
        for (${index} k = 0; k < inner; ++k) {
% else:
        const ${index} k = item % inner, q = item / inner % out, o = item / inner / out;
        __global const ${T}* x = x_g + x_start + o * n * inner;
        {
% endif
            ${TA} sum = (${TA})(total < 0);  // a constant 0 would vanish, with its sign, on Mesa
            for (${index} t = 0; t < ${count}; ++t)
            {
                const ${TA} weight = weight_g[q * ${count} + t];  // of 0, nothing: not even NaN
                sum += weight == 0 ? 0 : weight * x[(${index})place_g[q * ${count} + t] * inner + k];
            }
% if rows:
            y[k] = (${T})sum;
% else:
            y_g[item] = (${T})sum;
% endif
        }
    }
}
