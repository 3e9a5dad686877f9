## A work-item (of a CPU) sorts a group of the parts of a lane, see split_plan, one after the other in its
## cache: by digits of as many bits as make the fewest passes over what the keys of a part have in
## range, the last digit first. Elements, and places, come from from_g and place_g, and go there and to
## the beginning of the group's share of keep_g in turn.
<%namespace name="each" file="each_digit.cl"/>
<%include file="split_digit.cl"/>
<%
    counters = max(-(-8 * size // bits) << bits for bits in (8, 11))
    digit = f'(int)(({U})(sort_key({{}}) - base) >> turn & mask)'
%>
__kernel void split_sort(
% if values:
    __global ${U}* restrict y_g,
% endif
% if order:
    __global ${O}* restrict order_g, __global int* place_g, __global int* keep_place_g,
% endif
    __global ${U}* from_g, __global ${U}* keep_g,
    __global const ${U}* restrict range_g, __global const int* restrict bound_g,
    const int n, const int blocks, const int groups
) {
    const long lane = get_global_id(0) / groups;
    const int group = (int)(get_global_id(0) % groups);
    const int end = (group + 1) * ${parts} / groups;
    int part = group * ${parts} / groups;
    SPLIT_LANE(lane)
    int counts[${counters}];
    __global const int* bound = bound_g + lane * ${2 * (parts + 1)};
    const long spare = lane * n + bound[${parts + 1} + part];
    for (; part < end; ++part) {
        const int low = bound[${parts + 1} + part], count = bound[${parts + 2} + part] - low;
        if (count == 0)
            continue;
        const ${U} base = least + (${U})((${U})bound[part] << shift);
        const ulong wide = ((ulong)(bound[part + 1] - bound[part]) << shift) - 1;
        const ${U} rest = most - base, top = rest < wide ? rest : (${U})wide;
        const int bits = BITS(top), widest = count < 4096 ? 8 : 11;
        const int passes = (bits + widest - 1) / widest;
        const int each = passes ? (bits + passes - 1) / passes : 0;
        const int mask = (1 << each) - 1;
        const long start = lane * n + low;
        __global ${U}* from = from_g + start;
        __global ${U}* to = keep_g + spare;
% if order:
        __global int* place = place_g + start;
        __global int* to_place = keep_place_g + spare;
% endif
        for (int k = 0; k < passes << each; ++k)
            counts[k] = 0;
        for (int p = 0; p < passes; ++p) {
            int* count_of = counts + (p << each);
            const int turn = each * p;
<%each:each_digit source="from" count="count" digit="${digit}" args="d, v, i">
                ++count_of[${d}];
</%each:each_digit>
        }
        for (int p = 0; p < passes; ++p) {
            int* at = counts + (p << each);
            int total = 0;
            for (int d = 0; d <= mask; ++d) {
                const int c = at[d];
                at[d] = total;
                total += c;
            }
            const int turn = each * p;
<%each:each_digit source="from" count="count" digit="${digit}" args="d, v, i">
                const int goal = at[${d}]++;
                to[goal] = ${v};
% if order:
                to_place[goal] = place[${i}];
% endif
</%each:each_digit>
            __global ${U}* kept = from;
            from = to;
            to = kept;
% if order:
            __global int* kept_place = place;
            place = to_place;
            to_place = kept_place;
% endif
        }
        for (int i = 0; i < count; ++i) {
% if values:
            y_g[start + i] = from[i];
% endif
% if order:
            order_g[start + i] = place[i];
% endif
        }
    }
}
