## One work-item correlates a block of output rows of some images with all filters of a group, as
## conv_cpu does, but with filters as lanes and pixels as rows of the register tile: no lane is idle
## however narrow the image, if filters come by whole vectors.
<%page args="TI='float', TA='float', TO='float', VW=8, MR=6, NV=2, patch_cap=65536, k_cap=4096,
             p_cap=1024"/>\
<%namespace name="tile" file="gemm_tile.cl"/>\
<%namespace name="conv" file="conv_patch.cl"/>\
<% NR = NV * VW %>
${tile.vectors(TA, VW)}
typedef ${TA} __attribute__((ext_vector_type(4), aligned(sizeof(${TA})))) four;
typedef ${TA} __attribute__((ext_vector_type(2), aligned(sizeof(${TA})))) two;
