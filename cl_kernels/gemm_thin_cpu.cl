## One work-item computes `rows` rows of a product with N columns at most: the long matrix a is
## read once, in place, as it lies: row by row where k is its fast axis (by_k), else column by
## column. For devices whose local memory is cache.
<%page args="TI='float', TA='float', TO='float', VW=8, N=1, by_k=True, cap=4096"/>\
<%namespace name="place" file="gemm_place.cl"/>\
<%namespace name="tile" file="gemm_tile.cl"/>\
<%
    MR = min(4, 8 // N)
    U = 8 // (N * MR)
    KU = max(1, 8 // N)
%>\
${tile.vectors(TA, VW)}
__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void gemm_thin_cpu(${place.parameters(TI, TO)}, const int rows)
{
    __local ${TA} store[${N * cap}] __attribute__((aligned(64)));
    ${place.begin()}
    const int begin = get_group_id(0) * rows, end = m - begin < rows ? m : begin + rows;
% if by_k:
    ## store: N columns of b, a chunk of k at a time.
    for (int k0 = k_begin; k0 < k_end; k0 += ${cap}) {
        const int depth = k_end - k0 < ${cap} ? k_end - k0 : ${cap};
    % for j in range(N):
        {
            __global const ${TI}* restrict b = b_g + k0 * b_k + (${j} < n ? ${j} : n - 1) * b_n;
            for (int t = 0; t < depth; t++) store[${j * cap} + t] = b[t * b_k];
        }
    % endfor
        for (int i = begin; i < end; i += ${MR}) {
        % for r in range(MR):
            __global const ${TI}* restrict a${r} =
                a_g + k0 + (i + ${r} < end ? i + ${r} : end - 1) * a_m;
            vec ${', '.join(f'v{r}_{j}_{u} = (vec)(0)' for j in range(N) for u in range(U))};
            ${TA} ${', '.join(f's{r}_{j} = 0' for j in range(N))};
        % endfor
            int t = 0;
#pragma clang loop unroll(disable)
            for (; t + ${VW * U} <= depth; t += ${VW * U}) {
            % for u in range(U):
            % for j in range(N):
                const vec b${j}_${u} = *(__local const vec*)(store + t + ${j * cap + u * VW});
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
                s${r}_${j} = a${r}[t] * store[${j * cap} + t] + s${r}_${j};
            % endfor
            % endfor
            }
        % for r in range(MR):
        % for j in range(N):
            if (i + ${r} < end && ${j} < n) {
                const vec v = ${' + '.join(f'v{r}_{j}_{u}' for u in range(U))};
                const ${TA} acc = s${r}_${j} + ${tile.lanes('v', VW)};
                ${tile.put(TO, f'c_g[(i + {r}) * c_m + {j} * c_n]', 'acc', 'k0 == k_begin')}
            }
        % endfor
        % endfor
        }
    }
% else:
    ## store: the sums of `cap` rows, for each column of b.
    for (int i0 = begin; i0 < end; i0 += ${cap}) {
        const int count = end - i0 < ${cap} ? end - i0 : ${cap};
        int k0 = k_begin;
    % for steps in sorted({KU, 1}, reverse=True):
        for (; k0 + ${steps} <= k_end; k0 += ${steps}) {
        % for u in range(steps):
            __global const ${TI}* restrict a${u} = a_g + i0 + (k0 + ${u}) * a_k;
        % for j in range(N):
            const ${TA} b${u}_${j} = b_g[(k0 + ${u}) * b_k + (${j} < n ? ${j} : n - 1) * b_n];
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
                    __local vec* s = (__local vec*)(store + ${j * cap} + i);
                    vec sum = k0 != k_begin ? *s : (vec)(0);
                % for u in range(steps):
                    sum = x${u} * b${u}_${j} + sum;
                % endfor
                    *s = sum;
                }
            % endfor
            }
            for (; i < count; i++) {
            % for j in range(N):
                ${TA} sum${j} = k0 != k_begin ? store[${j * cap} + i] : 0;
            % for u in range(steps):
                sum${j} = a${u}[i] * b${u}_${j} + sum${j};
            % endfor
                store[${j * cap} + i] = sum${j};
            % endfor
            }
        }
    % endfor
        for (int i = 0; i < count; i++)
            for (int j = 0; j < ${N} && j < n; j++) {
                ${tile.put(TO, f'c_g[(i0 + i) * c_m + j * c_n]', f'store[j * {cap} + i]', '1')}
            }
    }
% endif
}
