## Where the innermost dimension is reduced (by_row), a work-group computes one result; else a
## work-item does. The grid's second dimension splits the reduced range into parts of `part`.
<%namespace name="expression" file="expression.cl"/>
<%namespace name="kinds" file="reduce_kinds.cl"/>
<% index, inner, kind, reduced = code.index, code.inner, reduction.kind, code.axes(False) %>
## Every `step`-th element from `first` on, in short blocks for the rounding error.
<%def name="walk(first, step)">
    for (${index} begin = part_begin + ${first}; begin < part_end; begin += ${step} * 128) {
        const ${index} end = part_end - begin < ${step} * 128 ? part_end : begin + ${step} * 128;
% if kind != 'best':
        ${T} ${', '.join(f'b{k} = START' for k in range(totals))};
% endif
% if kind == 'moments':
        ${index} b_n = 0;
% endif
        for (${index} r = begin; r < end; r += ${step}) {
${expression.coordinates(code, reduced, 'r')}
${expression.bases(code)}
${expression.store_bases(code)}
${expression.evaluate(code)}
${kinds.stores(code)}
% if kind == 'best':
            const int wins = BETTER(${code.results[0]}, t0) || t_where < 0;
            t0 = wins ? ${code.results[0]} : t0;
            t_where = wins ? r : t_where;
% elif kind == 'fold':
% for k, name in enumerate(code.results):
            b${k} = COMBINE(b${k}, ${name});
% endfor
% else:
            const ${T} near = ${code.results[0]} - shift, delta = near - b0;
            b_n += 1;
            b0 += delta / (${T})b_n;
            b1 += delta * (near - b0);
% endif
        }
% if kind == 'fold':
% for k in range(totals):
        t${k} = COMBINE(t${k}, b${k});
% endfor
% elif kind == 'moments':
        MERGE(t_n, t0, t1, b_n, b0, b1)
% endif
    }
</%def>
## Combine the totals of a work-group in its first work-item.
<%def name="tree()">
<% extra = {'best': [(index, 't_where')], 'moments': [(index, 't_n')]}.get(kind, []) %>
<% shared = [(T, f't{k}') for k in range(totals)] + extra %>
% for ctype, name in shared:
    __local ${ctype} ${name}_all[256];
    ${name}_all[lid] = ${name};
% endfor
    for (int half_group = group / 2; half_group > 0; half_group /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (lid < half_group) {
            const int there = lid + half_group;
% if kind == 'best':
            PREFER(t0_all[there], t_where_all[there])
% elif kind == 'fold':
% for k in range(totals):
            t${k} = COMBINE(t${k}, t${k}_all[there]);
% endfor
% else:
            const ${index} count = t_n_all[there];
            if (count > 0) MERGE(t_n, t0, t1, count, t0_all[there], t1_all[there])
% endif
% for ctype, name in shared:
            ${name}_all[lid] = ${name};
% endfor
        }
    }
</%def>
${kinds.macros(reduction, T, start)}
__kernel void reduce_gpu(
${kinds.signature(code, reduction, out_type, T, partial)}
) {
${kinds.part(code, reduction, planes, partial)}
% if by_row:
    const ${index} o = get_group_id(0);
    const int lid = get_local_id(0), group = get_local_size(0);
${expression.coordinates(code, code.axes(True), 'o')}
% else:
    const ${index} blocks = (n${inner} + get_local_size(0) - 1) / get_local_size(0);
    const ${index} o = (${index})get_group_id(0) / blocks;
    const ${index} c${inner} =
        ((${index})get_group_id(0) - o * blocks) * get_local_size(0) + get_local_id(0);
    if (c${inner} >= n${inner}) return;
${expression.coordinates(code, code.axes(True)[:-1], 'o')}
% endif
${kinds.totals(reduction, T, index, totals)}
% if kind == 'moments':
    ${T} shift = 0;
${kinds.first_value(code, 'shift')}
% endif
% if by_row:
${walk('lid', 'group')}
${tree()}
    if (lid == 0) {
${kinds.give(reduction, totals, 'o', partial)}
    }
% else:
${walk('0', '1')}
${kinds.give(reduction, totals, f'o * n{inner} + c{inner}', partial)}
% endif
}
