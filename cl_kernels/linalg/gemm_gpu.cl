## A work-group computes one tile of one product of a batch; see gemm_grid.cl.
<%page args="TI='float', TA='float', TO='float', DM=16, DN=16, RM=4, RN=4, KW=16, side=None,
             keep=True"/>\
<%namespace name="grid" file="gemm_grid.cl"/>\
<%namespace name="place" file="gemm_place.cl"/>\
<%namespace name="store" file="store_side.cl"/>\
__kernel __attribute__((reqd_work_group_size(${DN}, ${DM}, 1)))
void gemm_gpu(${place.parameters(TI, TO)}${store.parameters(side)})
{
    ${place.begin()}
    ${grid.product(TA, DM, DN, RM, RN, KW, 'a_g[row * a_m + k * a_k]', 'b_g[k * b_k + col * b_n]',
                   'a_k == 1', 'b_k == 1',
                   capture(store.one, side, keep, TO, 'c_g[row * c_m + col * c_n]',
                           'c_at + row * c_m + col * c_n', 'acc'))}
}
