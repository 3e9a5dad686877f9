## A work-group of DI x DK items computes DI rows of a product with N columns at most; DK items
## share the sum of a row. The fast axis of a in memory is that of the items: k (by_k) or rows.
<%page args="TI='float', TA='float', TO='float', N=1, by_k=True, DI=8, DK=32,
             side=None, keep=True"/>\
<%namespace name="place" file="gemm_place.cl"/>\
<%namespace name="store" file="store_side.cl"/>\
<% fast, slow = (DK, DI) if by_k else (DI, DK) %>\
__kernel __attribute__((reqd_work_group_size(${fast}, ${slow}, 1)))
void gemm_thin_gpu(${place.parameters(TI, TO)}${store.parameters(side)})
{
    __local ${TA} sums[${N}][${DI}][${DK}];
    ${place.begin()}
    const int dk = get_local_id(${0 if by_k else 1}), di = get_local_id(${1 if by_k else 0});
    const int row = get_group_id(0) * ${DI} + di;
    const long last = n - 1;
% for j in range(N):
    ${TA} acc${j} = 0;
% endfor
    if (row < m) {
        a_g += row * a_m;
        for (int t = k_begin + dk; t < k_end; t += ${DK}) {
            const ${TA} a = a_g[t * a_k];
        % for j in range(N):
            acc${j} = a * b_g[t * b_k + (${j} < last ? ${j} : last) * b_n] + acc${j};
        % endfor
        }
    }
% for j in range(N):
    sums[${j}][di][dk] = acc${j};
% endfor
    for (int half_group = ${DK // 2}; half_group > 0; half_group /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (dk < half_group)
            for (int j = 0; j < ${N}; j++) sums[j][di][dk] += sums[j][di][dk + half_group];
    }
    if (dk == 0 && row < m)
        for (int j = 0; j <= last && j < ${N}; j++) {
            ${store.one(side, keep, TO, 'c_g[row * c_m + j * c_n]',
                        'c_at + row * c_m + j * c_n', 'sums[j][di][0]')}
        }
}
