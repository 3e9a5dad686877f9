## A work-item copies a block of rows of a strided window (cpu) or one element of it (otherwise).
## The source is another window or one scalar; one axis of either side may look its offsets up in a
## table, which makes the same kernel gather and scatter. T is an unsigned type of the element size.
<%def name="step(d, i)">
% if d == to_table:
y_at += table_g[${i}];
% else:
y_at += ${i} * ys${d};
% endif
% if d == source_table:
x_at += table_g[${i}];
% elif not scalar:
x_at += ${i} * xs${d};
% endif
</%def>
<%
last = rank - 1
y_inner = "table_g[j]" if to_table == last else "j" if to_unit else f"j * ys{last}"
x_inner = "table_g[j]" if source_table == last else "j" if source_unit else f"j * xs{last}"
%>
__kernel void copy(
    __global ${T}* restrict y_g,
% if not scalar:
    __global const ${T}* restrict x_g,
% endif
% if to_table >= 0 or source_table >= 0:
    __global const ${index}* restrict table_g,
% endif
% for d in range(rank):
    const ${index} n${d}, const ${index} ys${d}, const ${index} xs${d},
% endfor
    const ${index} y_start, const ${index} x_start,
    const ${index} rows, const ${index} rows_each, const ${index} segment
% if scalar:
    , const ${T} value
% endif
) {
% if cpu:
    const ${index} first = (${index})get_global_id(0) * rows_each;
    const ${index} end = first + rows_each < rows ? first + rows_each : rows;
    const ${index} low = (${index})get_global_id(1) * segment;
    const ${index} high = low + segment < n${last} ? low + segment : n${last};
    for (${index} row = first; row < end; ++row) {
        ${index} rest = row, y_at = y_start, x_at = x_start;
% for d in reversed(range(last)):
        {
            const ${index} i = rest ${"" if d == 0 else f"% n{d}"};
            rest /= n${d};
            ${step(d, "i")}
        }
% endfor
        __global ${T}* restrict to = y_g + y_at;
% if not scalar:
        __global const ${T}* restrict from = x_g + x_at;
% endif
        for (${index} j = low; j < high; ++j)
            to[${y_inner}] = ${"value" if scalar else f"from[{x_inner}]"};
    }
% else:
    ${index} rest = (${index})get_global_id(0), y_at = y_start, x_at = x_start;
    if (rest >= rows * n${last})
        return;
% for d in reversed(range(rank)):
    {
        const ${index} i = rest ${"" if d == 0 else f"% n{d}"};
        rest /= n${d};
        ${step(d, "i")}
    }
% endfor
    y_g[y_at] = ${"value" if scalar else "x_g[x_at]"};
% endif
}
