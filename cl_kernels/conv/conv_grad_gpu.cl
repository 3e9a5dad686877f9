## A work-group computes one tile of the gradient of filters, over a slice of the pixels, seen as a
## matrix product (see gemm_grid.cl) of the gradients of outputs and of the pixels under the taps.
## Columns are taps, and channels of each; even: those that a work-item reads at a time lie in one
## tap; full: rows are whole tiles. index, and magic and shift, which divide by the pixels of an
## image, and by those of a row: see conv_direct.cl.
<%page args="even=True, full=False, index='uint', TI='float', TA='float', TO='float', DM=16, DN=16, RM=4, RN=4,
             KW=16, side=None, keep=True"/>\
<%namespace name="grid" file="gemm_grid.cl"/>\
<%namespace name="conv" file="conv_patch.cl"/>\
<%namespace name="direct" file="conv_direct.cl"/>\
<%namespace name="store" file="store_side.cl"/>\
<%
    items, BM, BN = DM * DN, DM * RM, DN * RN
    lines = items // KW
    rows, cols = range(0, BM, lines), range(0, BN, lines)
    size, load = direct.module.unit(index, TI), direct.module.load
%>\
${direct.divide()}
<%def name="fetch(k)">
        {
            const int k = ${k} + t;
            const int live = k < k_end, image = divide(k, image_magic, image_shift);
            const int p = k - image * pixels, oh = divide(p, row_magic, row_shift);
            const int ih0 = oh * step_h + start_h, iw0 = (p - oh * out_w) * step_w + start_w;
            const ${index} plane = (${index})image * groups + group;
            const ${index} y_at = live ? (plane * filters * pixels + p) * ${size} : 0;
            const ${index} x_at = plane * image_step + (${index})(ih0 * w + iw0) * ${size};
        % for s, a in enumerate(rows):
            a_r${s} = ${load(index, TI, f'y_at + a_step + {a} * line_step' if full else f'y_at + a_step{s}', 'y_p')};
            a_r${s} = live ? a_r${s} : 0;
        % endfor
        % for s in range(len(cols)):
            {
                const int ok = live && (uint)(ih0 + dh${s}) < (uint)h && (uint)(iw0 + dw${s}) < (uint)w;
                b_r${s} = ok ? ${load(index, TI, f'x_at + b_step{s}')} : 0;
            }
        % endfor
        }
</%def>\
__kernel __attribute__((reqd_work_group_size(${DN}, ${DM}, 1)))
void conv_grad_gpu(__global ${TO}* restrict w_g, __global const ${TI}* restrict y_g,
                   __global const ${TI}* restrict x_g, const long y_offset, const long x_offset,
                   const int tile_first, const int deep_first, const int images,
                   const int channels, const int filters, const int groups,
                   const int slice, const uint image_magic, const int image_shift,
                   const uint row_magic, const int row_shift,
                   ${conv.geometry()}${store.parameters(side)})
{
    ${grid.begin(TA, DM, DN, RM, RN, KW, True, 'get_group_id(0) + tile_first')}
    const int deep = get_group_id(2) + deep_first;
    const int taps = taps_h * taps_w, pixels = out_h * out_w, all = images * pixels;
    const int n = channels * taps, group = deep % groups;
    const int k_begin = deep / groups * slice;
    const int k_end = all - k_begin < slice ? all : k_begin + slice;
    const ${index} image_step = (${index})channels * h * w * ${size};
    const int t = lid % ${KW}, line = lid / ${KW};
    __global const char* y_p = (__global const char*)(y_g + y_offset);
    __global const char* x_p = (__global const char*)(x_g + x_offset);
    ${TA} ${', '.join(f'a_r{s}' for s in range(len(rows)))};
    ${TA} ${', '.join(f'b_r{s}' for s in range(len(cols)))};
    /* What is read for rows and columns beyond the last is not stored. */
% if full:
    const ${index} line_step = pixels * ${size}, a_step = (first_row + line) * line_step;
% endif
% for s, a in enumerate([] if full else rows):
    const int row${s} = first_row + line + ${a};
    const ${index} a_step${s} = (${index})(row${s} < filters ? row${s} : filters - 1) * pixels * ${size};
% endfor
% for s, b in enumerate(cols):
    const int col${s} = first_col + ${b}${'' if even else ' + line'};
    const int tap${s} = (col${s} < n ? col${s} : n - 1) / channels;
    const int dh${s} = tap${s} / taps_w * tap_h, dw${s} = tap${s} % taps_w * tap_w;
    const int channel${s} = (col${s} < n ? col${s} : ${'0' if even else 'n - 1'}) % channels${' + line' if even else ''};
    const ${index} b_step${s} = ((${index})channel${s} * (h * w) + (${index})(dh${s} * w + dw${s})) * ${size};
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
    const long first = (long)deep * filters * n;
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
