## A work-group computes one tile of the gradient of filters, over a slice of the pixels, seen as a
## matrix product (see gemm_grid.cl) of the gradients of outputs and of the pixels under the taps.
## Columns are taps, and channels of each; even: those that a work-item reads at a time lie in one
## tap. index: what counts the elements of an image. magic, shift: what divides by the pixels of an
## image, and by those of a row (see divide).
<%page args="even=True, index='int', TI='float', TA='float', TO='float', DM=16, DN=16, RM=4, RN=4,
             KW=16, side=None, keep=True"/>\
<%namespace name="grid" file="gemm_grid.cl"/>\
<%namespace name="conv" file="conv_patch.cl"/>\
<%namespace name="store" file="store_side.cl"/>\
<%
    items, BM, BN = DM * DN, DM * RM, DN * RN
    lines = items // KW
    rows, cols = range(0, BM, lines), range(0, BN, lines)
%>\
/* a / d for 0 <= a < 2^31: Granlund and Montgomery 1994. */
static int divide(const int a, const uint magic, const int shift)
{
    return (uint)(((ulong)magic * (uint)a >> 32) + a) >> shift;
}

<%def name="fetch(k)">
        {
            const int k = ${k} + t;
            const int live = k < k_end, image = divide(k, image_magic, image_shift);
            const int p = k - image * pixels, oh = divide(p, row_magic, row_shift);
            const int ih0 = oh * step_h + start_h, iw0 = (p - oh * out_w) * step_w + start_w;
            const long plane = (long)image * groups + group;
            __global const ${TI}* a_p = y_p + plane * filters * pixels + p;
            __global const ${TI}* b_p = x_p + plane * channels * places;
            const int place = ih0 * w + iw0;
        % for s in range(len(rows)):
            a_r${s} = live ? a_p[a_step${s}] : (${TI})0;
        % endfor
        % for s in range(len(cols)):
            {
                const int ih = ih0 + dh${s}, iw = iw0 + dw${s};
                const int ok = live && ih >= 0 && ih < h && iw >= 0 && iw < w;
                b_r${s} = ok ? b_p[b_step${s} + place] : (${TI})0;
            }
        % endfor
        }
</%def>\
__kernel __attribute__((reqd_work_group_size(${DN}, ${DM}, 1)))
void conv_grad_gpu(__global ${TO}* restrict w_g, __global const ${TI}* restrict y_g,
                   __global const ${TI}* restrict x_g, const long y_offset, const long x_offset,
                   const int images, const int channels, const int filters, const int groups,
                   const int slice, const uint image_magic, const int image_shift,
                   const uint row_magic, const int row_shift,
                   ${conv.geometry()}${store.parameters(side)})
{
    ${grid.begin(TA, DM, DN, RM, RN, KW)}
    const int taps = taps_h * taps_w, pixels = out_h * out_w, all = images * pixels;
    const int n = channels * taps, group = get_group_id(2) % groups;
    const int k_begin = get_group_id(2) / groups * slice;
    const int k_end = all - k_begin < slice ? all : k_begin + slice;
    const long places = h * w;
    const int t = lid % ${KW}, line = lid / ${KW};
    __global const ${TI}* y_p = y_g + y_offset;
    __global const ${TI}* x_p = x_g + x_offset${' + line * places' if even else ''};
    ${TA} ${', '.join(f'a_r{s}' for s in range(len(rows)))};
    ${TA} ${', '.join(f'b_r{s}' for s in range(len(cols)))};
    /* What is read for rows and columns beyond the last is not stored. */
% for s, a in enumerate(rows):
    const int row${s} = first_row + line + ${a};
    const ${index} a_step${s} = (${index})(row${s} < filters ? row${s} : filters - 1) * pixels;
% endfor
% for s, b in enumerate(cols):
    const int col${s} = first_col + ${b}${'' if even else ' + line'};
    const int tap${s} = (col${s} < n ? col${s} : n - 1) / channels;
    const int dh${s} = tap${s} / taps_w * tap_h, dw${s} = tap${s} % taps_w * tap_w;
    const ${index} b_step${s} = (${index})((col${s} < n ? col${s} : ${'0' if even else 'n - 1'}) % channels) * (h * w)
        + dh${s} * w + dw${s};
% endfor
    ${fetch('k_begin')}
    for (int step = k_begin + ${KW};; step += ${KW}) {
        barrier(CLK_LOCAL_MEM_FENCE);
    % for s, a in enumerate(rows):
        ${f'if (line < {BM})' if lines > BM else ''} a_l[t][line + ${a}] = a_r${s};
    % endfor
    % for s, b in enumerate(cols):
        ${f'if (line < {BN})' if lines > BN else ''} b_l[t][line + ${b}] = b_r${s};
    % endfor
        barrier(CLK_LOCAL_MEM_FENCE);
        const int more = step < k_end;
        if (more) {
            ${fetch('step')}
        }
        ${grid.multiply(TA, DM, DN, RM, RN, KW, 1 if device.kind == "cpu" else KW)}
        if (!more) break;
    }
    const long first = (long)get_group_id(2) * filters * n;
% for c in range(RN):
    {
        const int col = ${grid.col(c, DN, RN)}, tap = col / channels, channel = col - tap * channels;
    % for r in range(RM):
        {
            const int row = ${grid.row(r, DM, RM)};
            const ${TA} acc = ${grid.result(r, c, RN)};
            const long at = first + (long)row * n + channel * taps + tap;
            if (row < filters && col < n) {
                ${store.one(side, keep, TO, 'w_g[at]', 'at', 'acc')}
            }
        }
    % endfor
    }
% endfor
}
