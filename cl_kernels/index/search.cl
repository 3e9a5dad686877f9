## A work-item finds for `each` consecutive values where they belong in a row of sorted elements: in
## front of the first that is not less (left), or of the first that is greater (right). NaN is the
## largest. shared: there is one row for all.
% if sorter:
<%include file="fault.cl"/>
% endif
% if kind == 'f':
<% less = '({0} < {1} || ({1} != {1} && {0} == {0}))'.format %>
% else:
<% less = '({0} < {1})'.format %>
% endif
__kernel void search(
    __global ${O}* restrict y_g, __global const ${T}* restrict row_g,
    __global const ${T}* restrict x_g,
% if sorter:
    __global const long* restrict sorter_g,
% endif
    const long row_start, const long x_start,
% if sorter:
    const long sorter_start,
% endif
    const long count, const long n, const long m, const long each
% if sorter:
    , __global long* fault_g, const int site
% endif
) {
    const long first = (long)get_global_id(0) * each;
    const long end = first + each < count ? first + each : count;
    for (long at = first; at < end; ++at) {
        const ${T} v = x_g[x_start + at];
        const long row = ${'0' if shared else 'at / m * n'};
        long low = 0, high = n;
        while (low < high) {
            const long middle = low + (high - low) / 2;
% if sorter:
            long place = sorter_g[sorter_start + row + middle];
            if (place < 0 || place >= n) {
                note_fault(fault_g, site, place, n);
                place = 0;
            }
            const ${T} e = row_g[row_start + row + place];
% else:
            const ${T} e = row_g[row_start + row + middle];
% endif
            if (${'!' + less('v', 'e') if right else less('e', 'v')})
                low = middle + 1;
            else
                high = middle;
        }
        y_g[at] = low;
    }
}
