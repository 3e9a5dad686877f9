## A team factors n rows and columns on the diagonal of its matrix, of which the lower triangle is
## read, into L L^H. info_g gets the first row, counted from 1 in the whole matrix, whose pivot is not
## positive; nothing is done for a matrix that has one.
<%include file="team.cl"/>
__kernel void cholesky_block(
    __global ${T}* a_g, __global int* info_g, const int order, const int first, const int n
) {
    const long matrix = get_group_id(0);
    __global ${T}* a = a_g + matrix * order * order + (long)first * order + first;
    if (info_g[matrix] != 0)
        return;
% if team > 1:
    __local ${T} column[${block}];
% else:
    ${T} column[${block}];
% endif
    for (int j = 0; j < n; ++j) {
        const REAL pivot = RE(a[(long)j * order + j]);
        SYNC
        if (!(pivot > 0)) {
            if (LANE == 0)
                info_g[matrix] = first + j + 1;
            return;
        }
        const REAL root = sqrt(pivot);
        if (LANE == 0)
            a[(long)j * order + j] = NUM(root);
        for (int i = j + 1 + LANE; i < n; i += TEAM)
            a[(long)i * order + j] /= root;
        SYNC
        for (int i = j + 1 + LANE; i < n; i += TEAM)
            column[i] = a[(long)i * order + j];
        SYNC
        for (int i = j + 1 + LANE; i < n; i += TEAM) {
            const ${T} factor = column[i];
            for (int c = j + 1; c <= i; ++c)
                a[(long)i * order + c] -= MUL(factor, CONJ(column[c]));
        }
        SYNC
    }
}
