## A work-group computes one tile of a convolution, or of its gradient to images, seen as a matrix
## product (see gemm_grid.cl): of filters, laid out by conv_weights_gpu, and of the pixels under
## their taps, which are read in place. The sum goes tap by tap, KW channels at a time; `joint`: in
## steps of taps, of which there are `taps`, and channels together, where channels are few. back: the
## gradient; images are then made phase by phase, if there are several, of every step-th pixel, whose
## taps read neighbours. laid: unless it is set, filters are of one tap and in whole tiles, and are
## read as they are. index: see conv_direct.cl.
##
## x: what is read, planes of x_h x x_w, `channels` of each group; y: what is made, `filters` of them.
<%page args="back=False, phases=False, joint=0, tail=False, taps=(1, 1), laid=True, index='uint',
             TI='float', TA='float', TO='float', DM=16, DN=16, RM=4, RN=4, KW=16, side=None, keep=True"/>\
<%namespace name="grid" file="gemm_grid.cl"/>\
<%namespace name="conv" file="conv_patch.cl"/>\
<%namespace name="direct" file="conv_direct.cl"/>\
<%namespace name="store" file="store_side.cl"/>\
<%
    items, BM, BN = DM * DN, DM * RM, DN * RN
    each = items // BN
    steps = range(0, KW, each)
    idle = f"if (b_t < {KW})" if each > KW else ""
    along = not (laid or back)
    size, load = direct.module.unit(index, TI), direct.module.load
    step_m, step_k = ("channels", "1") if along else ("1", "pitch")
%>\
## Where tap t of an axis falls, from what tap 0 of pixel 0 reads.
<%def name="reach(a)"><% back_to = f'(from_{a} - t{a} * tap_{a})' %>\
${f'{back_to} / step_{a}' if phases else back_to if back else f't{a} * tap_{a}'}</%def>\
<%def name="meets()">(from_h - th * tap_h) % step_h == 0 && (from_w - tw * tap_w) % step_w == 0</%def>\
<%def name="next_tap()">if (++tw == taps_w) { tw = 0; ++th; }</%def>\
## Turns to this tap, or the next one that meets pixels of this phase.
<%def name="turn()">
    % if phases:
        while (th < taps_h && !(${meets()})) { ${next_tap()} }
    % endif
        {
            const int ih = ih0 + ${reach('h')}, iw = iw0 + ${reach('w')};
            ok = col < n && (uint)ih < (uint)x_h && (uint)iw < (uint)x_w;
            b_from = first_at + (ok ? (${index})(ih * x_w + iw) * ${size} : 0);
            a_p = a_first${' + (long)(th * taps_w + tw) * c_pitch * f_pitch' if laid else ''};
        }
</%def>\
## Loads one block of both operands.
<%def name="fetch(k)">
        ${grid.fetch('a', TA, BM, KW, items, along, 4, '', '', step_m, step_k, True, '', '')}
        a_p += ${KW} * ${step_k};
${idle} {
% if joint:
    % for s, t in enumerate(steps):
        {
            const int k = ${k} + b_t + ${t}, tap = k / ${joint}, c = k - tap * ${joint};
            const int th = tap / ${taps[1]}, tw = tap - th * ${taps[1]};
            const int ih = ih0 + ${reach('h')}, iw = iw0 + ${reach('w')};
            const int ok = th < ${taps[0]} && col < n ${f'&& {capture(meets)}' if phases else ''}
                && (uint)ih < (uint)x_h && (uint)iw < (uint)x_w;
            b_r${s} = ${load(index, TI, f'first_at + (ok ? c * plane_step + ({index})(ih * x_w + iw) * {size} : 0)')};
            b_r${s} = ok ? b_r${s} : 0;
        }
    % endfor
% elif tail:
    % for s, t in enumerate(steps):
        b_r${s} = ok && ${k} + b_t + ${t} < channels
            ? ${load(index, TI, f'b_from + {t} * plane_step')} : (${TI})0;
    % endfor
        b_from += ${KW} * plane_step;
% else:
    % for s, t in enumerate(steps):
        b_r${s} = ${load(index, TI, f'b_from + {t} * plane_step')};
    % endfor
        b_from += ${KW} * plane_step;
    % for s in range(len(steps)):
        b_r${s} = ok ? b_r${s} : 0;
    % endfor
% endif
}
</%def>\
<%def name="put()">
        barrier(CLK_LOCAL_MEM_FENCE);
        ${grid.put('a', TA, BM, KW, items, along, 4)}
    % for s, t in enumerate(steps):
        ${idle} b_l[b_t + ${t}][b_at] = b_r${s};
    % endfor
        barrier(CLK_LOCAL_MEM_FENCE);
</%def>\
<%def name="multiply()">${grid.multiply(TA, DM, DN, RM, RN, KW, 1 if device.kind == "cpu" else KW)}</%def>\
__kernel __attribute__((reqd_work_group_size(${DN}, ${DM}, 1)))
void conv_gpu(__global ${TO}* restrict y_g, __global const ${TA}* restrict a_g,
              __global const ${TI}* restrict x_g, const long a_offset, const long x_offset,
              const int tile_first, const int deep_first, const int images, const int channels,
              const int filters, const int groups, const long a_group, const int c_pitch,
              const int f_pitch, ${conv.geometry()}${store.parameters(side)})
{
    ${grid.begin(TA, DM, DN, RM, RN, KW, True, 'get_group_id(0) + tile_first')}
    const int deep = get_group_id(2) + deep_first;
% if back:
    const int x_h = out_h, x_w = out_w, group = deep % groups;
    const int phases_w = step_w < w ? step_w : w, phase = deep / groups;
    const int phase_h = phase / phases_w, phase_w = phase % phases_w;
    const int from_h = phase_h - start_h, from_w = phase_w - start_w;
    const int rows = (h - phase_h + step_h - 1) / step_h;
    const int cols = (w - phase_w + step_w - 1) / step_w;
% else:
    const int x_h = h, x_w = w, group = deep, rows = out_h, cols = out_w;
% endif
    const int pixels = rows * cols, n = images * pixels;
    const long pitch = f_pitch;
    const ${index} plane_step = (${index})x_h * x_w * ${size};

    const int b_at = lid % ${BN}, b_t = lid / ${BN}, col = first_col + b_at;
    const int pixel = col < n ? col : n - 1, image = pixel / pixels, p = pixel - image * pixels;
% if back:
    const int ih0 = p / cols, iw0 = p % cols;
% else:
    const int ih0 = p / cols * step_h + start_h, iw0 = p % cols * step_w + start_w;
% endif
    __global const char* x_p = (__global const char*)(x_g + x_offset);
    const ${index} first_at
        = (((${index})image * groups + group) * channels${'' if joint else ' + b_t'}) * plane_step;
    ${TA} ${', '.join(f'b_r{s} = 0' for s in range(len(steps)))};
    a_g += a_offset + group * a_group;
    ${grid.operand('a', TA, TA, BM, KW, items, along, 4, 'first_row', step_m, step_k, '0')}
% if joint:
    ${fetch('0')}
    for (int step = ${KW};; step += ${KW}) {
        ${put()}
        const int more = step < ${joint * taps[0] * taps[1]};
        if (more) {
            ${fetch('step')}
        }
        ${multiply()}
        if (!more) break;
    }
% else:
    __global const ${TA}* a_first = a_p;
    ${index} b_from;
    int th = 0, tw = 0, c = 0, ok;
    ${turn()}
    int more = th < taps_h;
    if (more) {
        ${fetch('c')}
        for (;;) {
            ${put()}
            c += ${KW};
            if (c >= channels) {
                c = 0;
                ${next_tap()}
                ${turn()}
            }
            more = th < taps_h;
            if (more) {
                ${fetch('c')}
            }
            ${multiply()}
            if (!more) break;
        }
    }
% endif
    const long plane = ${'(long)h * w' if back else 'pixels'};
% for c in range(RN):
    {
        const int col = ${grid.col(c, DN, RN)};
        if (col < n) {
            const int image = col / pixels, p = col - image * pixels;
% if back:
            const int place = (p / cols * step_h + phase_h) * w + p % cols * step_w + phase_w;
% else:
            const int place = p;
% endif
            const long first = ((long)image * groups + group) * filters * plane + place;
        % for r in range(RM):
            {
                const int row = ${grid.row(r, DM, RM)};
                const ${TA} acc = ${grid.result(r, c, RN)};
                const long at = first + row * plane;
                if (row < filters) {
                    ${store.one(side, keep, TO, 'y_g[at]', 'at', 'acc')}
                }
            }
        % endfor
        }
    }
% endfor
}
