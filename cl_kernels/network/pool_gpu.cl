## A work-item pools `several` windows in a row. give: "max" the largest element (the first of equals; NaN wins), "both"
## that and its tap, "tap" only this, "index" its place in the plane, "select" the element of v at that
## place, "avg" the average, "picked" the element of x at the tap that was noted, of the unsigned type N. Of
## a window without elements that is -1, as is its place, and it gives `least`, or 0. index: what counts
## elements; places of x are counted in bytes, since units that load add 32 bits to an address for nothing.
<%page args="T, TA, TO, N, give, least, index, several, KH, KW, SH, SW, PH, PW,
             DH, DW, whole, fixed"/>\
<%namespace name="window" file="pool_window.cl"/>\
<%namespace name="taps" file="pool_taps.cl"/>\
__kernel void pool_gpu(
% if give != 'tap':
    __global ${TO}* restrict y_g,
% endif
% if give in ('both', 'tap', 'picked'):
    __global ${'const ' if give == 'picked' else ''}${N}* restrict tap_g,
% endif
% if give == 'select':
    __global const ${T}* restrict v_g, const long v_offset,
% endif
    __global const ${T}* restrict x_g, const long x_offset, const ${index} total, const int h,
    const int w, const int out_h, const int out_w, const int across${taps.numbers('row', 'image')}
) {
    const ${index} i = get_global_id(0);
    if (i >= total) return;
    const ${index} line = ${taps.over(index, 'i', 'row', 'across')};
    const ${index} plane = ${taps.over(index, 'line', 'image', 'out_h')};
    const int ow = (int)(i - line * across) * ${several}, oh = (int)(line - plane * out_h);
    const int ih0 = oh * ${SH} - ${PH}, iw0 = ow * ${SW} - ${PW};
    const ${index} to = line * out_w + ow;
    x_g += x_offset;
    const ${index} begin = plane * h * w;
% if give == 'picked':
    const int tap = tap_g[to];
    y_g[to] = tap == (${N})-1 ? 0 : x_g[begin + (ih0 + tap / ${KW} * ${DH}) * w + iw0 + tap % ${KW} * ${DW}];
% elif give == 'avg':
    __global const ${T}* x = x_g + begin;
    ${window.clipped('avg', TA, KH, KW, DH, DW)}
    ${window.divisor(KH, KW, PH, PW, whole, fixed)}
    y_g[to] = acc / (${TA})count;
% else:
    ${taps.search(T, TA, index, KH, KW, SW, DH, DW, several)}
% for n in range(several):
    ${f'if (ow + {n} < out_w)' if n else ''} {
% if give in ('max', 'both'):
        y_g[to + ${n}] = ${f'at_{n} < 0 ? ({TA}){least} : acc_{n}' if window.may_be_empty('max', DH, DW) else f'acc_{n}'};
% endif
% if give in ('both', 'tap'):
        tap_g[to + ${n}] = ${taps.noted(f'at_{n}', f'iw0 + {n * SW}', KH, KW, DH, DW)};
% elif give in ('index', 'select'):
        const int place = ${taps.place(f'at_{n}', KH, KW, DH, DW)};
% if give == 'index':
        y_g[to] = at_${n} < 0 ? -1 : place;
% else:
        y_g[to] = at_${n} < 0 ? 0 : v_g[v_offset + begin + place];
% endif
% endif
    }
% endfor
% endif
}
