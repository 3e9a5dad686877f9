## A work-item (of a CPU) sorts `each` lanes by their digits of 8 bits, the last first. Digits that
## all elements of a lane share are left out. `keep_g` and `place_g` have room for two lanes for each
## work-item.
<%namespace name="each" file="each_digit.cl"/>
<%include file="sort_key.cl"/>
<% digit = '(int)(sort_key({}) >> shift & 255)' %>
__kernel void radix_rows(
% if values:
    __global ${U}* restrict y_g,
% endif
% if order:
    __global ${O}* restrict order_g,
% endif
    __global const ${U}* restrict x_g, __global ${U}* restrict keep_g,
% if order:
    __global int* restrict place_g,
% endif
    const long x_start, const long lanes, const long n, const long each
) {
    const long item = get_global_id(0);
    const long end = (item + 1) * each < lanes ? (item + 1) * each : lanes;
    for (long lane = item * each; lane < end; ++lane) {
        int counts[${digits * 256}];
        for (int k = 0; k < ${digits * 256}; ++k)
            counts[k] = 0;
        __global const ${U}* from = x_g + x_start + lane * n;
        for (int p = 0; p < ${digits}; ++p) {
            const int shift = 8 * p;
            int* count = counts + 256 * p;
<%each:each_digit source="from" count="n" digit="${digit}" args="d, v, i">
                ++count[${d}];
</%each:each_digit>
        }
        const ${U} one = sort_key(from[0]);
        int last = -1;
        for (int p = 0; p < ${digits}; ++p)
            if (counts[256 * p + ((one >> 8 * p) & 255)] != n)
                last = p;
        if (last < 0) {
            for (int i = 0; i < n; ++i) {
% if values:
                y_g[lane * n + i] = from[i];
% endif
% if order:
                order_g[lane * n + i] = i;
% endif
            }
            continue;
        }
        bool first = true;
        long half_of = 0;
% if order:
        __global const int* place = place_g;
% endif
        for (int p = 0; p <= last; ++p) {
            int* count = counts + 256 * p;
            if (count[(one >> 8 * p) & 255] == n)
                continue;
            int total = 0;
            for (int d = 0; d < 256; ++d) {
                const int c = count[d];
                count[d] = total;
                total += c;
            }
            const int shift = 8 * p;
            const long room = (2 * item + half_of) * n;
            if (p < last) {
                __global ${U}* to = keep_g + room;
% if order:
                __global int* to_place = place_g + room;
% endif
<%each:each_digit source="from" count="n" digit="${digit}" args="d, v, i">
                const int at = count[${d}]++;
                to[at] = ${v};
% if order:
                to_place[at] = first ? ${i} : place[${i}];
% endif
</%each:each_digit>
                from = to;
% if order:
                place = to_place;
% endif
            } else {
<%each:each_digit source="from" count="n" digit="${digit}" args="d, v, i">
                const long at = lane * n + count[${d}]++;
% if values:
                y_g[at] = ${v};
% endif
% if order:
                order_g[at] = first ? ${i} : place[${i}];
% endif
</%each:each_digit>
            }
            first = false;
            half_of = 1 - half_of;
        }
    }
}
