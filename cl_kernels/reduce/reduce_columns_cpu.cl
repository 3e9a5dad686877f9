## A work-item reduces outer dimensions for up to `columns` neighbours along the innermost, which
## stays. The grid's second dimension splits the reduced range into parts of `part`.
<%namespace name="expression" file="expression.cl"/>
<%namespace name="kinds" file="reduce_kinds.cl"/>
<%namespace name="lanes" file="lanes.cl"/>
<% index, inner, kind = code.index, code.inner, reduction.kind %>
<%def name="evaluate(row, stores)">
${expression.coordinates(code, code.axes(False), row)}
${expression.bases(code)}
${expression.store_bases(code) if stores else ''}
${expression.evaluate(code)}
${kinds.stores(code) if stores else ''}
</%def>
## Take `rows` rows from r on into the accumulators: merged among each other first, which saves
## going over the accumulators, and reads that many streams of memory at once.
<%def name="take(accumulators, rows, stores)">
            for (int l = 0; l < width; ++l) {
                const ${index} c${inner} = column + l;
% if kind == 'moments':
                const ${T} shift = shift_l[l], centre = a0_l[l];
% endif
% for a in accumulators:
                ${a.ctype} ${', '.join(f'{a.name}_{u}' for u in range(rows))};
% endfor
% for u in range(rows):
                {
${evaluate(f'(r + {u})', stores)}
% for a in accumulators:
                    ${a.name}_${u} = VALUE_${a.name}(${a.operand}, r + ${u});
% endfor
                }
% endfor
% for a in accumulators:
% for into, other in merge_order(rows):
                ${a.name}_${into} = MERGE_${a.name}(${a.name}_${into}, ${a.name}_${other});
% endfor
                ${a.name}_l[l] = MERGE_${a.name}(${a.name}_l[l], ${a.name}_0);
% endfor
            }
</%def>
${kinds.macros(reduction, T, start)}
% for p in passes:
${lanes.macros(p.accumulators)}
% endfor
__kernel void reduce_columns_cpu(
${kinds.signature(code, reduction, out_type, T, partial)}
) {
${kinds.part(code, reduction, planes, partial)}
    const ${index} blocks = (n${inner} + ${columns - 1}) / ${columns};
    const ${index} o = (${index})get_group_id(0) / blocks;
    const ${index} column = ((${index})get_group_id(0) - o * blocks) * ${columns};
    const int width = n${inner} - column < ${columns} ? n${inner} - column : ${columns};
${expression.coordinates(code, code.axes(True)[:-1], 'o')}
% for k in range(totals):
    ${T} t${k}_l[${columns}];
    for (int l = 0; l < width; ++l) t${k}_l[l] = START;
% endfor
% if kind == 'best':
    ${index} t_where_l[${columns}];
    for (int l = 0; l < width; ++l) t_where_l[l] = -1;
    for (${index} r = part_begin; r < part_end; ++r)
        for (int l = 0; l < width; ++l) {
            const ${index} c${inner} = column + l;
${evaluate('r', True)}
            const int wins = BETTER(${code.results[0]}, t0_l[l]) || t_where_l[l] < 0;
            t0_l[l] = wins ? ${code.results[0]} : t0_l[l];
            t_where_l[l] = wins ? r : t_where_l[l];
        }
% else:
% for a in sum([p.accumulators for p in passes], []):
    ${a.ctype} ${a.name}_l[${columns}];
% endfor
% if kind == 'moments':
    ${T} shift_l[${columns}];
    for (int l = 0; l < width; ++l) {
        const ${index} c${inner} = column + l;
        shift_l[l] = a0_l[l] = 0;
${kinds.first_value(code, 'shift_l[l]')}
    }
    ${index} done = 0;
    ## Gone over twice while it is in cache.
    const int rows = width > 256 ? ${1 << 16} / width : 256;
% else:
    const int rows = part_end - part_begin > ${1 << 17} ? 1024 : 256;
% endif
    ## Short blocks, and few, keep the rounding error near that of pairwise summation.
    for (${index} begin = part_begin; begin < part_end; begin += rows) {
        const ${index} end = part_end - begin < rows ? part_end : begin + rows;
        const ${index} count = end - begin;
% for turn, p in enumerate(passes):
% for a in p.accumulators:
        for (int l = 0; l < width; ++l) ${a.name}_l[l] = ${a.start};
% endfor
        {
            ${index} r = begin;
            for (; r + ${unroll} <= end; r += ${unroll}) {
${take(p.accumulators, unroll, turn == 0)}
            }
            for (; r < end; ++r) {
${take(p.accumulators, 1, turn == 0)}
            }
        }
% if p.after:
        for (int l = 0; l < width; ++l) {
% if kind == 'moments':
            ${index} t_n = done;
            const ${T} a0 = a0_l[l], a1 = a1_l[l], centre = a0;
% else:
            const ${T} ${', '.join(f'{a.name} = {a.name}_l[l]' for a in p.accumulators)};
% endif
            ${T} ${', '.join(f't{k} = t{k}_l[l]' for k in range(totals))};
            ${p.after}
% for k in range(totals):
            t${k}_l[l] = t${k};
% endfor
        }
% else:
        for (int l = 0; l < width; ++l) a0_l[l] /= (${T})count;
% endif
% endfor
% if kind == 'moments':
        done += count;
% endif
    }
% endif
    for (int l = 0; l < width; ++l) {
% for k in range(totals):
        const ${T} t${k} = t${k}_l[l];
% endfor
% if kind == 'best':
        const ${index} t_where = t_where_l[l];
% elif kind == 'moments':
        const ${T} shift = shift_l[l];
% endif
${kinds.give(reduction, totals, f'o * n{inner} + column + l', partial)}
    }
}
