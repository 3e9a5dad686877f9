## What the kernels of one order share: tasks, and the tree by which a task adds up the 2^below leaves
## of its subtree, of 2^depth in all. No kernel of its own. Names: part, the subtree; i, a leaf of it;
## held, what the levels keep: held[level][k] of the k-th sum.

## Opens the loop over all tasks.
<%def name="each_task()">
% if device.is_cpu:
    const long first = get_group_id(0) * chunk, stop = first + chunk < tasks ? first + chunk : tasks;
    for (long task = first; task < stop; ++task) {
% else:
    for (long task = get_global_id(0); task < tasks; task += get_global_size(0)) {
% endif
</%def>

## Declares the range of leaf i, of n elements.
<%def name="leaf(n)">
            const long begin = (part << below | i) * ${n} >> depth, end = ((part << below | i) + 1) * ${n} >> depth;
</%def>

## Takes the sums of leaf i into the tree: `names` are their variables, add(left, right) C for what two
## neighbours become.
<%def name="carry(names, add)">
            int level = 0;
            for (long turn = i; turn & 1; turn >>= 1, ++level) {
% for k, name in enumerate(names):
                ${name} = ${add(f'held[level][{k}]', name)};
% endfor
            }
% for k, name in enumerate(names):
            held[level][${k}] = ${name};
% endfor
</%def>
