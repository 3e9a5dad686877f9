## A work-group computes one tile of one product of a batch; see gemm_grid.cl.
<%page args="TI='float', TA='float', TO='float', DM=16, DN=16, RM=4, RN=4, KW=16"/>\
<%namespace name="tile" file="gemm_tile.cl"/>\
<%namespace name="grid" file="gemm_grid.cl"/>\
<%def name="put()">${tile.put(TO, 'c_g[(long)row * n + col]', 'acc', '1')}</%def>\
__kernel __attribute__((reqd_work_group_size(${DN}, ${DM}, 1)))
void gemm_gpu(__global ${TO}* restrict c_g, __global const ${TI}* restrict a_g,
              __global const ${TI}* restrict b_g, const long c_offset,
              const long a_offset, const long b_offset,
              const int m, const int n, const int k_end,
              const long a_m, const long a_k, const long b_k, const long b_n,
              const int inner_batch, const long a_outer, const long a_inner,
              const long b_outer, const long b_inner)
{
    const long batch = get_group_id(2), outer = batch / inner_batch, inner = batch % inner_batch;
    const int k_begin = 0;
    a_g += a_offset + outer * a_outer + inner * a_inner;
    b_g += b_offset + outer * b_outer + inner * b_inner;
    c_g += c_offset + batch * m * n;
    ${grid.product(TA, DM, DN, RM, RN, KW, 'a_g[row * a_m + k * a_k]', 'b_g[k * b_k + col * b_n]',
                   'a_k == 1', 'b_k == 1', capture(put))}
}
