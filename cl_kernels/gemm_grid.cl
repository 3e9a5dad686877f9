## Shared body of the matrix kernels for devices with many small work-items: a work-group of
## DM x DN items computes a tile of DM*RM x DN*RN results, staged through local memory KW steps of k
## at a time. No kernel of its own.
##
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
        for (int i = lid; i < ${KW * DM * RM}; i += ${DM * DN}) {
            const int at_k = (${a_by_k}) ? i % ${KW} : i / ${DM * RM};
            const int at_m = (${a_by_k}) ? i / ${KW} : i % ${DM * RM};
            const int row = first_row + at_m, k = step + at_k;
            ${TA} x = 0;
            if (row < m && k < k_end) x = ${a};
            a_l[at_k][at_m] = x;
        }
        for (int i = lid; i < ${KW * DN * RN}; i += ${DM * DN}) {
            const int at_k = (${b_by_k}) ? i % ${KW} : i / ${DN * RN};
            const int at_n = (${b_by_k}) ? i / ${KW} : i % ${DN * RN};
            const int col = first_col + at_n, k = step + at_k;
            ${TA} x = 0;
            if (col < n && k < k_end) x = ${b};
            b_l[at_k][at_n] = x;
        }
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
