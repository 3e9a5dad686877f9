## A work-item sums the gradient of M filters to all taps of one channel over runs of C outputs side
## by side in R rows, from windows of the image (see conv_direct.cl); its group adds up DX such sums
## of DC channels each, one slice of all outputs. Rows are whole runs, and bands of R rows whole.
##
## wide: runs of outputs are read as vectors of four.
<%page args="P, Q, step=(1, 1), tap=(1, 1), wide=False, shift=None, index='uint', M=1, R=4, C=4, DX=64,
             DC=1, TI='float', TA='float', TO='float', side=None, keep=True"/>\
<%namespace name="direct" file="conv_direct.cl"/>\
<%namespace name="store" file="store_side.cl"/>\
<%
    place, places = direct.module.place, direct.module.places
    steps = step, tap, (1, 1), (0, 0)
    columns = places(1, C, Q, *steps)
    taps = P * Q
    size = direct.module.unit(index, TI)

    def output(m, r, j, lanes=""):
        if wide and not lanes:
            return f"y{m}_{r}.s{j}"
        at = f"y_at + y_step{m} + ({r} * out_w + {j}) * {size}"
        return direct.module.load(index, TI, at, "y_p", lanes)
%>\
${direct.divide()}
__kernel __attribute__((reqd_work_group_size(${DX}, ${DC}, 1)))
void conv_direct_grad_gpu(__global ${TO}* restrict w_g, __global const ${TI}* restrict y_g,
                          __global const ${TI}* restrict x_g, const long y_offset,
                          const long x_offset, const int items, const int slice,
                          const int slice_first, const int block_first, const int channels, const int filters,
                          const int groups, const int blocks, const int h, const int w,
                          const int out_h, const int out_w, const int start_h, const int start_w,
                          const int runs, const uint run_magic, const int run_shift,
                          const int bands, const uint band_magic, const int band_shift
                          ${store.parameters(side)})
{
    __local ${TA} sum_l[${taps}][${DC}][${DX}];
    const int place = get_local_id(0), own = get_local_id(1);
    const int block = get_group_id(2) + block_first;
    const int group = block / blocks, first = block % blocks * ${M};
    const int channel = get_group_id(1) * ${DC} + own;
    const int part = get_group_id(0) + slice_first;
    const int begin = part * slice, end = items - begin < slice ? items : begin + slice;
    const ${index} area = out_h * out_w * ${size}, whole = h * w * ${size};
    /* What is summed for filters and channels beyond the last is not stored. */
    const int c_in = channel < channels ? channel : channels - 1;
    __global const char* x_p = (__global const char*)(x_g + x_offset);
    __global const char* y_p = (__global const char*)(y_g + y_offset);
% for m in range(M):
    const ${index} y_step${m} = (first + ${m} < filters ? ${m} : filters - 1 - first) * area;
% endfor
% for t in range(taps):
    ${TA} ${', '.join(f'acc{m}_{t} = 0' for m in range(M))};
% endfor
    for (int item = begin + place; item < end; item += ${DX}) {
        const int line = divide(item, run_magic, run_shift), col = (item - line * runs) * ${C};
        const int image = divide(line, band_magic, band_shift), row = (line - image * bands) * ${R};
        const int from_h = row * ${step[0]} + start_h, from_w = col * ${step[1]} + start_w;
        const ${index} y_at = (((${index})image * groups + group) * filters + first) * area
            + (${index})(row * out_w + col) * ${size};
        const ${index} plane_at = (((${index})image * groups + group) * channels + c_in) * whole;
        ${direct.columns(TI, index, columns, shift, 'from_w')}
    % for m in range(M):
    % for r in range(R):
    % if wide:
        const ${TI}4 y${m}_${r} = ${output(m, r, 0, 4)};
    % endif
    % for j in range(C):
        const ${TA} g${m}_${r}_${j} = ${output(m, r, j)};
    % endfor
    % endfor
    % endfor
    % for line in places(0, R, P, *steps):
        {
            ${direct.window(TI, TA, index, columns, shift, f'from_h + {line}', 'plane_at')}
        % for r in range(R):
        % for p in range(P):
        % if place(0, r, p, *steps) == line:
        % for q in range(Q):
        % for j in range(C):
        % for m in range(M):
            acc${m}_${p * Q + q} = g${m}_${r}_${j} * v${place(1, j, q, *steps)} + acc${m}_${p * Q + q};
        % endfor
        % endfor
        % endfor
        % endif
        % endfor
        % endfor
        }
    % endfor
    }
% for m in range(M):
    {
    % if m:
        barrier(CLK_LOCAL_MEM_FENCE);
    % endif
    % for t in range(taps):
        sum_l[${t}][own][place] = acc${m}_${t};
    % endfor
        for (int step = ${DX // 2}; step; step /= 2) {
            barrier(CLK_LOCAL_MEM_FENCE);
            if (place < step)
                for (int t = 0; t < ${taps}; ++t) sum_l[t][own][place] += sum_l[t][own][place + step];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        if (channel < channels && first + ${m} < filters)
            for (int t = place; t < ${taps}; t += ${DX}) {
                const ${TA} acc = sum_l[t][own][0];
                const long at = ((((long)part * groups + group) * filters + first + ${m})
                    * channels + channel) * ${taps} + t;
                ${store.one(side, keep, TO, 'w_g[at]', 'at', 'acc')}
            }
    }
% endfor
}
