## A work-group of a GPU combines `span` neighbours of a lane, ${group * each} after the others: they come
## through local memory, each work-item scans ${each} of them, and some what all of these come to. Modes,
## kinds and what sums keep are those of scan.cl.
<%namespace name="steps" file="scan_steps.cl"/>
<%
    exact = kind == 'sum' and floating
    tile = group * each
    few = max(1, group // 16)
    many = group // few
    start = {'sum': '0', 'product': '1', 'logsumexp': '-INFINITY'}[kind]
    parts = steps.parts(kind, exact)
    place = 'n - 1 - (begin + k)' if reverse else 'begin + k'
%>
<%def name="joined(to, array, at)">
                JOIN(${', '.join(f'{name}{to}' for name in parts)}, ${', '.join(f'{name}_{array}[{at}]' for name in parts)})
</%def>
${steps.macros(kind, exact, A, '1', 'a * b')}
${steps.merge(kind, exact, A)}
#define SLOT(k) ((k) + (k) / 32)
__kernel void scan_gpu(
    __global ${A if mode == 'totals' else T}* restrict y_g, __global const ${T}* restrict x_g,
% if mode == "carried":
    __global const ${A}* restrict total_g,
% endif
    const ${index} x_start, const ${index} n, const ${index} blocks, const ${index} span
) {
    __local ${A} keep[${tile + tile // 32}];
% for name in parts:
    __local ${A} ${name}_of[${group}], ${name}_few[${few}];
% endfor
    const int item = get_local_id(0);
    const ${index} lane = (${index})get_group_id(0) / blocks, b = (${index})get_group_id(0) - lane * blocks;
    const ${index} low = b * span, end = n - low < span ? n : low + span;
    x_g += x_start + lane * n;
% if mode != "totals":
    y_g += lane * n;
% endif
    ${A} acc, rest, top, acc_all, rest_all, top_all;
% if mode == "carried":
    const ${A} before = b > 0 ? total_g[lane * blocks + b - 1] : ${start};
    BEGIN(acc_all, rest_all, top_all, before)
% else:
    BEGIN(acc_all, rest_all, top_all, ${start})
% endif
    for (${index} begin = low; begin < end; begin += ${tile}) {
        const int count = end - begin < ${tile} ? (int)(end - begin) : ${tile};
        for (int k = item; k < count; k += ${group})
            keep[SLOT(k)] = x_g[${place}];
        barrier(CLK_LOCAL_MEM_FENCE);
        const int first = item * ${each} < count ? item * ${each} : count;
        const int stop = first + ${each} < count ? first + ${each} : count;
        BEGIN(acc, rest, top, ${start})
        for (int k = first; k < stop; ++k)
            TAKE(acc, rest, top, keep[SLOT(k)])
% for name in parts:
        ${name}_of[item] = ${name};
% endfor
        barrier(CLK_LOCAL_MEM_FENCE);
        /* What each comes after, among ${many}; and what all of these come to. */
        if (item < ${few}) {
            BEGIN(acc, rest, top, ${start})
            for (int k = item * ${many}; k < (item + 1) * ${many}; ++k) {
                const ${A} ${', '.join(f'{name}_next = {name}_of[k]' for name in parts)};
% for name in parts:
                ${name}_of[k] = ${name};
% endfor
                JOIN(${', '.join(parts)}, ${', '.join(f'{name}_next' for name in parts)})
            }
% for name in parts:
            ${name}_few[item] = ${name};
% endfor
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int k = 0; k < ${few}; ++k) {
% if mode != "totals":
            if (k == item / ${many}) {
% for name in ('acc', 'rest', 'top'):
                ${name} = ${name}_all;
% endfor
            }
% endif
${joined('_all', 'few', 'k')}
        }
% if mode != "totals":
${joined('', 'of', 'item')}
        for (int k = first; k < stop; ++k) {
            TAKE(acc, rest, top, keep[SLOT(k)])
            keep[SLOT(k)] = RESULT(acc, rest, top);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int k = item; k < count; k += ${group})
            y_g[${place}] = keep[SLOT(k)];
% endif
        barrier(CLK_LOCAL_MEM_FENCE);
    }
% if mode == "totals":
    if (item == 0)
        y_g[lane * blocks + b] = RESULT(acc_all, rest_all, top_all);
% endif
}
