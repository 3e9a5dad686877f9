## A work-group computes one tile of a convolution seen as a matrix product (see gemm_grid.cl) whose
## operands are read straight from image and filters. kind: "forward" (filters x pixels of y),
## "data" (channels x pixels of x) or "weight" (filters x taps, summed over a slice of the pixels).
<%page args="kind, TI='float', TA='float', TO='float', DM=16, DN=16, RM=4, RN=4, KW=16, side=None,
             keep=True"/>\
<%namespace name="grid" file="gemm_grid.cl"/>\
<%namespace name="conv" file="conv_patch.cl"/>\
<%namespace name="store" file="store_side.cl"/>\
/* Element of x under tap t of output pixel p, or 0 outside the image. */
static ${TA} x_at(__global const ${TI}* x, const int p, const int t, ${conv.geometry()})
{
    const int ih = p / out_w * step_h + start_h + t / taps_w * tap_h;
    const int iw = p % out_w * step_w + start_w + t % taps_w * tap_w;
    return ih >= 0 && ih < h && iw >= 0 && iw < w ? x[(long)ih * w + iw] : (${TI})0;
}

/* Element of y whose tap t falls on input pixel p, or 0 when there is none. */
static ${TA} y_at(__global const ${TI}* y, const int p, const int t, ${conv.geometry()})
{
    const int oh = p / w - start_h - t / taps_w * tap_h, ow = p % w - start_w - t % taps_w * tap_w;
    return oh >= 0 && oh % step_h == 0 && oh / step_h < out_h
        && ow >= 0 && ow % step_w == 0 && ow / step_w < out_w
        ? y[(long)(oh / step_h) * out_w + ow / step_w] : (${TI})0;
}

<%def name="put(at)">${store.one(side, keep, TO, f'out_g[{at}]', at, 'acc')}</%def>\
<%
    y_plane = '(((long)(%s) * groups + group) * filters + %s) * pixels'
    x_plane = '(((long)(%s) * groups + group) * channels + %s) * places'
    names = conv.geometry_names()
%>\
/* p_g and q_g: forward w, x; data w, y; weight y, x. */
__kernel __attribute__((reqd_work_group_size(${DN}, ${DM}, 1)))
void conv_gpu(__global ${TO}* restrict out_g, __global const ${TI}* restrict p_g,
              __global const ${TI}* restrict q_g, const long p_offset, const long q_offset,
              const int images, const int channels, const int filters, const int groups,
              const int slice, ${conv.geometry()}${store.parameters(side)})
{
    const int taps = taps_h * taps_w, pixels = out_h * out_w, places = h * w;
    const int group = get_group_id(2) % groups;
    p_g += p_offset;
    q_g += q_offset;
% if kind == 'forward':
    const int m = filters, n = images * pixels, k_begin = 0, k_end = channels * taps;
    ${grid.product(TA, DM, DN, RM, RN, KW,
                   'p_g[((long)group * filters + row) * k_end + k]',
                   'x_at(q_g + %s, col %% pixels, k %% taps, %s)'
                   % (x_plane % ('col / pixels', 'k / taps'), names),
                   '1', '0', capture(put, y_plane % ('col / pixels', 'row') + ' + col % pixels'))}
% elif kind == 'data':
    const int m = channels, n = images * places, k_begin = 0, k_end = filters * taps;
    ${grid.product(TA, DM, DN, RM, RN, KW,
                   'p_g[(((long)group * filters + k / taps) * channels + row) * taps + k % taps]',
                   'y_at(q_g + %s, col %% places, k %% taps, %s)'
                   % (y_plane % ('col / places', 'k / taps'), names),
                   '1', '0', capture(put, x_plane % ('col / places', 'row') + ' + col % places'))}
% else:
    const int m = filters, n = channels * taps, all = images * pixels;
    const int k_begin = get_group_id(2) / groups * slice;
    const int k_end = all - k_begin < slice ? all : k_begin + slice;
    ${grid.product(TA, DM, DN, RM, RN, KW,
                   'p_g[%s + k %% pixels]' % (y_plane % ('k / pixels', 'row')),
                   'x_at(q_g + %s, k %% pixels, col %% taps, %s)'
                   % (x_plane % ('k / pixels', 'col / taps'), names),
                   '1', '1', capture(put, '((long)get_group_id(2) * filters + row) * n + col'))}
% endif
}
