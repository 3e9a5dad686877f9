## One work-item computes `rows` rows of a product with N columns at most: the long matrix a is
## read once, in place, as it lies: row by row where k is its fast axis (by_k), else column by
## column. For devices whose local memory is cache.
<%page args="TI='float', TA='float', TO='float', VW=8, N=1, by_k=True, cap=4096, side=None,
             keep=True"/>\
<%namespace name="place" file="gemm_place.cl"/>\
<%namespace name="tile" file="gemm_tile.cl"/>\
<%namespace name="store" file="store_side.cl"/>\
<%
    MR = min(4, 8 // N)
    U = 8 // (N * MR)
    KU = max(1, 8 // N)
%>\
${tile.vectors(TA, VW)}
__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void gemm_thin_cpu(${place.parameters(TI, TO)}, const int rows${store.parameters(side)})
{
    __local ${TA} held[${N * cap}] __attribute__((aligned(64)));
    ${place.begin()}
    const int begin = get_group_id(0) * rows, end = m - begin < rows ? m : begin + rows;
% if by_k:
    ## held: N columns of b, a chunk of k at a time.
    for (int step = k_begin; step < k_end; step += ${cap}) {
        const int depth = k_end - step < ${cap} ? k_end - step : ${cap};
    % for j in range(N):
        {
            __global const ${TI}* restrict b = b_g + step * b_k + (${j} < n ? ${j} : n - 1) * b_n;
            for (int t = 0; t < depth; t++) held[${j * cap} + t] = b[t * b_k];
        }
    % endfor
        for (int i = begin; i < end; i += ${MR}) {
        % for r in range(MR):
            __global const ${TI}* restrict a${r} =
                a_g + step + (i + ${r} < end ? i + ${r} : end - 1) * a_m;
            vec ${', '.join(f'v{r}_{j}_{u} = (vec)(0)' for j in range(N) for u in range(U))};
            ${TA} ${', '.join(f's{r}_{j} = 0' for j in range(N))};
        % endfor
            int t = 0;
#pragma clang loop unroll(disable)
            for (; t + ${VW * U} <= depth; t += ${VW * U}) {
            % for u in range(U):
            % for j in range(N):
                const vec b${j}_${u} = *(__local const vec*)(held + t + ${j * cap + u * VW});
            % endfor
            % endfor
            % for r in range(MR):
            % for u in range(U):
                {
                    const vec a = ${tile.load(TI, TA, VW, f'a{r} + t + {u * VW}')};
                % for j in range(N):
                    v${r}_${j}_${u} = a * b${j}_${u} + v${r}_${j}_${u};
                % endfor
                }
            % endfor
            % endfor
            }
            for (; t < depth; t++) {
            % for r in range(MR):
            % for j in range(N):
                s${r}_${j} = a${r}[t] * held[${j * cap} + t] + s${r}_${j};
            % endfor
            % endfor
            }
            ${TA} sums[${MR * N}];
        % for r in range(MR):
        % for j in range(N):
            {
                const vec v = ${' + '.join(f'v{r}_{j}_{u}' for u in range(U))};
                sums[${r * N + j}] = s${r}_${j} + ${tile.lanes('v', VW)};
            }
        % endfor
        % endfor
            for (int r = 0; r < ${MR} && i + r < end; r++)
                for (int j = 0; j < ${N} && j < n; j++) {
                    const long at = (i + r) * c_m + j * c_n;
                    ${TA} acc = sums[r * ${N} + j];
                % if side:
                    if (step + depth == k_end) {
                        if (step != k_begin) acc += c_g[at];
                    % if keep:
                        c_g[at] = acc;
                    % endif
                        ${store.run(side, 'c_at + at', '1', 'acc', 'c_g[at]')}
                        continue;
                    }
                % endif
                    ${tile.put(TO, 'c_g[at]', 'acc', 'step == k_begin')}
                }
        }
    }
% else:
    ## held: the sums of `cap` rows, for each column of b.
    for (int top = begin; top < end; top += ${cap}) {
        const int count = end - top < ${cap} ? end - top : ${cap};
        int step = k_begin;
    % for steps in sorted({KU, 1}, reverse=True):
        for (; step + ${steps} <= k_end; step += ${steps}) {
        % for u in range(steps):
            __global const ${TI}* restrict a${u} = a_g + top + (step + ${u}) * a_k;
        % for j in range(N):
            const ${TA} b${u}_${j} = b_g[(step + ${u}) * b_k + (${j} < n ? ${j} : n - 1) * b_n];
        % endfor
        % endfor
            int i = 0;
#pragma clang loop unroll(disable)
            for (; i + ${VW} <= count; i += ${VW}) {
            % for u in range(steps):
                const vec x${u} = ${tile.load(TI, TA, VW, f'a{u} + i')};
            % endfor
            % for j in range(N):
                {
                    __local vec* s = (__local vec*)(held + ${j * cap} + i);
                    vec sum = step != k_begin ? *s : (vec)(0);
                % for u in range(steps):
                    sum = x${u} * b${u}_${j} + sum;
                % endfor
                    *s = sum;
                }
            % endfor
            }
            for (; i < count; i++) {
            % for j in range(N):
                ${TA} sum${j} = step != k_begin ? held[${j * cap} + i] : 0;
            % for u in range(steps):
                sum${j} = a${u}[i] * b${u}_${j} + sum${j};
            % endfor
                held[${j * cap} + i] = sum${j};
            % endfor
            }
        }
    % endfor
    % if side and N == 1 and not keep:
        ## A single column, or a single row, lies in one piece.
        ${store.run(side, 'c_at + top', 'count', 'held[l]', lanes=VW)}
    % else:
        for (int i = 0; i < count; i++)
            for (int j = 0; j < ${N} && j < n; j++) {
                ${store.one(side, keep, TO, 'c_g[(top + i) * c_m + j * c_n]',
                            'c_at + (top + i) * c_m + j * c_n', 'held[j * %d + i]' % cap)}
            }
    % endif
    }
% endif
}
