## Shared body of the matrix kernels for devices with many small work-items: a work-group of
## DM x DN items computes a tile of DM*RM x DN*RN results, staged through local memory KW steps of k
## at a time. No kernel of its own.

## Copies the tile `tile` of `width` rows, or columns, and KW steps to local memory. which: what
## `value`, a C expression like a or b of product, calls its row or column, counted from `first`.
<%def name="stage(TA, tile, width, items, KW, which, first, limit, value, by_k)">
        for (int i = lid; i < ${KW * width}; i += ${items}) {
            const int at_k = (${by_k}) ? i % ${KW} : i / ${width};
            const int at = (${by_k}) ? i / ${KW} : i % ${width};
            const int ${which} = ${first} + at, k = step + at_k;
            ${TA} x = 0;
            if (${which} < ${limit} && k < k_end) x = ${value};
            ${tile}[at_k][at] = x;
        }
</%def>

## a, b: C expressions for the elements at (row, k) and (k, col), only evaluated inside m, n, depth
## [k_begin, k_end); a_by_k, b_by_k: C conditions telling that k is the fast axis in memory;
## put: C statement that stores acc at (row, col).
<%def name="product(TA, DM, DN, RM, RN, KW, a, b, a_by_k, b_by_k, put)">
    __local ${TA} a_l[${KW}][${DM * RM + 1}];
    __local ${TA} b_l[${KW}][${DN * RN + 1}];
    const int ln = get_local_id(0), lm = get_local_id(1), lid = lm * ${DN} + ln;
    const int first_col = get_group_id(0) * ${DN * RN}, first_row = get_group_id(1) * ${DM * RM};
% for r in range(RM):
    ${TA} ${', '.join('acc%d_%d = 0' % (r, c) for c in range(RN))};
% endfor
    for (int step = k_begin; step < k_end; step += ${KW}) {
        ${stage(TA, 'a_l', DM * RM, DM * DN, KW, 'row', 'first_row', 'm', a, a_by_k)}
        ${stage(TA, 'b_l', DN * RN, DM * DN, KW, 'col', 'first_col', 'n', b, b_by_k)}
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int k = 0; k < ${KW}; k++) {
        % for r in range(RM):
            const ${TA} a${r} = a_l[k][lm + ${r * DM}];
        % endfor
        % for c in range(RN):
            const ${TA} b${c} = b_l[k][ln + ${c * DN}];
        % endfor
        % for r in range(RM):
        % for c in range(RN):
            acc${r}_${c} = a${r} * b${c} + acc${r}_${c};
        % endfor
        % endfor
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
% for r in range(RM):
% for c in range(RN):
    {
        const int row = first_row + lm + ${r * DM}, col = first_col + ln + ${c * DN};
        const ${TA} acc = acc${r}_${c};
        if (row < m && col < n) { ${put} }
    }
% endfor
% endfor
</%def>
