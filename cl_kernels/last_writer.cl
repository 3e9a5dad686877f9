## For each index, which of the positions that write to the same place comes last, in three launches:
## clear the marks, raise each to its last position, read them (times a stride).
__kernel void last_writer(
    __global int* restrict ${"y_g" if stage == 2 else "mark_g"},
% if stage == 2:
    __global const int* restrict mark_g,
% endif
    __global const int* restrict at_g, const int count
) {
    const int b = (int)get_global_id(0);
    if (b >= count)
        return;
% if stage == 0:
    mark_g[at_g[b]] = -1;
% elif stage == 1:
    atomic_max((volatile __global int*)mark_g + at_g[b], b);
% else:
    y_g[b] = mark_g[at_g[b]];
% endif
}
