## What the matrix kernels have in common: how operands and results lie. No kernel of its own.
##
## A launch covers `batches` products, two dimensions of a batch deep, and cuts the sum along k in
## parts of `part` steps; the third dimension of the grid counts products, then parts. Results of a
## part are `split_step` elements after those of the part before.
<%def name="parameters(TI, TO)">
    __global ${TO}* restrict c_g, __global const ${TI}* restrict a_g,
    __global const ${TI}* restrict b_g, const long c_offset, const long a_offset,
    const long b_offset, const int m, const int n, const int k,
    const long a_m, const long a_k, const long b_k, const long b_n,
    const long c_m, const long c_n, const int batches, const int inner_batch,
    const long a_outer, const long a_inner, const long b_outer, const long b_inner,
    const int part, const long split_step
</%def>

## Moves a_g, b_g and c_g to the first elements of this product, c_at being the index of that of c;
## declares the steps [k_begin, k_end) of the sum that are this part's.
<%def name="begin()">
    const long split = get_group_id(2) / batches, batch = get_group_id(2) % batches;
    const long outer = batch / inner_batch, inner = batch % inner_batch;
    const int k_begin = split * part, k_end = k - k_begin < part ? k : k_begin + part;
    a_g += a_offset + outer * a_outer + inner * a_inner;
    b_g += b_offset + outer * b_outer + inner * b_inner;
    const long c_at = c_offset + split * split_step + batch * m * n;
    c_g += c_at;
</%def>
