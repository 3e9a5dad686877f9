## A work-group computes one tile of one product of a batch; see gemm_grid.cl, or, where there is a
## `tile` of instructions of matrix units, matrix_unit.cl. along_a, along_b: whether k is the fast
## axis of an operand in memory; unit_a, unit_b: whether neighbours along the fast axis lie side by
## side; wide_a, wide_b: lanes of the vectors in which they are read. staged: through local memory;
## else every work-item reads for itself (gemm_straight.cl).
<%page args="TI='float', TA='float', TO='float', DM=16, DN=16, RM=4, RN=4, KW=16, along_a=True,
             along_b=False, unit_a=False, unit_b=False, wide_a=1, wide_b=1, staged=True, side=None,
             keep=True, tile=None"/>\
<%namespace name="grid" file="gemm_grid.cl"/>\
<%namespace name="straight" file="gemm_straight.cl"/>\
<%namespace name="units" file="matrix_unit.cl"/>\
<%namespace name="place" file="gemm_place.cl"/>\
<%namespace name="store" file="store_side.cl"/>\
<%
    from collections import namedtuple
    items, BM, BN, depth, per, local = DM * DN, DM * RM, DN * RN, KW, 1, (DN, DM)
    rows, columns, cols, elements = RM, RN, grid.module.run(RN), TA
    if tile:
        items, BM, BN, depth, per, local = tile.items, tile.rows, tile.cols, tile.depth, tile.unit.per, tile.local
        rows, columns, cols, elements = len(tile.sum_rows), len(tile.sum_cols), tile.run_n, TI
    Operand = namedtuple("Operand", "x width along most first limit step step_k")
    operands = [
        Operand("a", BM, along_a, wide_a, "first_row", "m", *("1" if unit_a and not along_a else "a_m",
                "1" if unit_a and along_a else "a_k")),
        Operand("b", BN, along_b, wide_b, "first_col", "n", *("1" if unit_b and not along_b else "b_n",
                "1" if unit_b and along_b else "b_k")),
    ]
%>\
<%def name="fetch(k)">
        if (whole && ${k} + ${depth} <= k_end) {
        % for o in operands:
            ${grid.fetch(o.x, TI, o.width, depth, items, o.along, o.most, o.first, o.limit, o.step,
                         o.step_k, True, k, 'k_end', per)}
        % endfor
        } else {
        % for o in operands:
            ${grid.fetch(o.x, TI, o.width, depth, items, o.along, o.most, o.first, o.limit, o.step,
                         o.step_k, False, k, 'k_end', per)}
        % endfor
        }
        a_p += ${depth} * ${operands[0].step_k};
        b_p += ${depth} * ${operands[1].step_k};
</%def>\
<%def name="row(r)">${units.row(tile, r) if tile else grid.row(r, DM, RM)}</%def>\
<%def name="col(c)">${units.col(tile, c) if tile else grid.col(c, DN, RN)}</%def>\
<%def name="result(r, c)">${units.result(tile, r, c) if tile else grid.result(r, c, RN)}</%def>\
% if tile:
${units.functions(tile, TI)}
% endif
__kernel __attribute__((reqd_work_group_size(${local[0]}, ${local[1]}, 1))) ${tile.unit.attributes if tile else ''}
void gemm_gpu(${place.parameters(TI, TO)}${store.parameters(side)})
{
    ${place.begin()}
    ${units.begin(tile) if tile else grid.begin(TA, DM, DN, RM, RN, KW, staged)}
    const int inside = first_row + ${BM} <= m && first_col + ${BN} <= n;
    const int whole = inside && a_offset % ${wide_a} == 0 && b_offset % ${wide_b} == 0;
% if staged:
% for o in operands:
    ${grid.operand(o.x, TI, elements, o.width, depth, items, o.along, o.most, o.first, o.step,
                   o.step_k, 'k_begin', per)}
% endfor
    ${fetch('k_begin')}
    for (int step = k_begin + ${depth};; step += ${depth}) {
        barrier(CLK_LOCAL_MEM_FENCE);
    % for o in operands:
    % if tile:
        ${units.put(tile, o.x, o.width, o.along, o.most)}
    % else:
        ${grid.put(o.x, TA, o.width, KW, items, o.along, o.most)}
    % endif
    % endfor
        barrier(CLK_LOCAL_MEM_FENCE);
        const int more = step < k_end;
        if (more) {
            ${fetch('step')}
        }
    % if tile:
        ${units.multiply(tile, 1 if device.kind == "cpu" else tile.words // tile.unit.words)}
    % else:
        ${grid.multiply(TA, DM, DN, RM, RN, KW, 1 if device.kind == "cpu" else KW)}
    % endif
        if (!more) break;
    }
% else:
    ${straight.pointers(TI, operands, RM, RN)}
    int step = k_begin;
    if (whole)
        for (; step + ${KW} <= k_end; step += ${KW}) {
        % for start in range(0, KW, straight.module.LANES):
            ${straight.multiply(TI, TA, operands, DM, DN, RM, RN, start)}
        % endfor
            ${straight.advance(operands, KW)}
        }
    for (; step < k_end; ++step) {
        ${straight.multiply_one(TA, operands, DM, DN, RM, RN)}
        ${straight.advance(operands, 1)}
    }
% endif
% if not side and TO == TA:
    if (inside && c_at % ${cols} == 0 && c_m % ${cols} == 0) {
    % for r in range(rows):
    % for c in range(0, columns, cols):
        *(__global ${grid.module.vector(TO, cols)}*)(c_g + (${row(r)}) * c_m + ${col(c)})
            = ${units.results(tile, r, c) if tile else f'acc{r}_{c // cols}'};
    % endfor
    % endfor
        return;
    }
% endif
% for r in range(rows):
    {
        const int row = ${row(r)};
    % for c in range(columns):
        {
            const int col = ${col(c)};
            const ${TA} acc = ${result(r, c)};
            if (row < m && col < n) {
                ${store.one(side, keep, TO, 'c_g[row * c_m + col * c_n]',
                            'c_at + row * c_m + col * c_n', 'acc')}
            }
        }
    % endfor
    }
% endfor
}
