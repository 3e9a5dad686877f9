## How often each number from 0 to `bins` - 1 is among x; others are not counted. By tables (cpu), a
## work-item counts a part of x in `ways` tables of its own in turn, so that equal neighbours need
## not wait for each other's counter; else all count in one table that was zero.
__kernel void tally(
    __global int* restrict table_g, __global const ${T}* restrict x_g,
    const long x_start, const long count, const long bins, const long each
) {
    const long first = (long)get_global_id(0) * each;
    const long end = first + each < count ? first + each : count;
    __global const ${T}* restrict x = x_g + x_start;
% if cpu:
    __global int* restrict table = table_g + (long)get_global_id(0) * ${ways} * bins;
    for (long k = 0; k < ${ways} * bins; ++k)
        table[k] = 0;
    long i = first;
    for (; i + ${ways} <= end; i += ${ways}) {
% for way in range(ways):
        const long v${way} = (long)x[i + ${way}];
        if (v${way} >= 0 && v${way} < bins)
            ++table[${way} * bins + v${way}];
% endfor
    }
    for (; i < end; ++i) {
        const long v = (long)x[i];
        if (v >= 0 && v < bins)
            ++table[v];
    }
% else:
    for (long i = first; i < end; ++i) {
        const long v = (long)x[i];
        if (v >= 0 && v < bins)
            atomic_inc(table_g + v);
    }
% endif
}
