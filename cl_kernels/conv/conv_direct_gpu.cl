## A work-item computes C outputs side by side, in each of R rows and for M filters of a group, from
## windows of the image (see conv_direct.cl): convolutions of few channels, and with back, where
## filters are turned over, their gradients to images. rolled: tap rows are taken in a loop, as many
## at a time as rows of what is read are apart (and R is no more).
##
## Several filters lie in local memory, [channel][tap][filter], CK channels at a time; a single one
## is the same for the whole group and goes to registers. full: rows are whole runs of C outputs.
<%page args="P, Q, step=(1, 1), tap=(1, 1), spread=(1, 1), phase=(0, 0), back=False, rolled=False,
             single=True, full=False, shift=None, index='uint', M=1, R=4, C=4, CK=1, DN=64,
             TI='float', TA='float', TO='float', side=None, keep=True"/>\
<%namespace name="direct" file="conv_direct.cl"/>\
<%namespace name="store" file="store_side.cl"/>\
<%
    place, places = direct.module.place, direct.module.places
    steps = step, tap, spread, phase
    columns = places(1, C, Q, *steps)
    taps = P * Q
    lanes = next(n for n in (4, 2, 1) if M % n == 0)
    vec = f"{TA}{lanes}" if lanes > 1 else TA
    runs = range(M // lanes)
    some = spread[0] if rolled else P
    rows = [(line, r, p) for line in places(0, R, some, *steps)
        for r in range(R) for p in range(some) if place(0, r, p, *steps) == line]

    def lane(m):
        return f".s{m % lanes}" if lanes > 1 else ""

    def weight(tap):
        return f"{taps - 1} - ({tap})" if back else tap
%>\
${direct.divide()}
## Adds the products of the window that lies in v<n> with tap row p, the p-th one of a turn where it
## is rolled, for row r.
<%def name="multiply(r, p)">
<% tap_row = f"(i * {some} + {p})" if rolled else str(p) %>\
% for q in range(Q):
<% hits = [(j, place(1, j, q, *steps)) for j in range(C) if place(1, j, q, *steps) is not None] %>\
% if hits:
    {
    % if M > 1:
        % for g in runs:
        const ${vec} k${g} = *(__local const ${vec}*)&k_l[((c - c_0) * ${taps} + ${tap_row} * ${Q} + ${q}) * ${M} + ${g * lanes}];
        % endfor
    % elif rolled:
        const ${TA} k0 = w_p[${weight(f'{tap_row} * {Q} + {q}')}];
    % endif
    % for j, n in hits:
    % for g in runs:
        acc${g}_${r}_${j} = ${f'k{g}' if M > 1 or rolled else f'k{p * Q + q}'} * v${n} + acc${g}_${r}_${j};
    % endfor
    % endfor
    }
% endif
% endfor
</%def>\
## Adds what channel c gives.
<%def name="channel()">
% if M == 1 and not rolled:
% for t in range(taps):
    const ${TA} k${t} = w_p[${weight(t)}];
% endfor
% endif
% if rolled:
#pragma unroll 1
    for (int i = 0; i < ${-(-P // some)}; ++i)
% endif
    {
% for line in sorted({line for line, _, _ in rows}):
    {
        ${direct.window(TI, TA, index, columns, shift,
                        f'from_h + {line}' + (f' + i * {tap[0]}' if rolled else ''), 'plane_at')}
    % for at, r, p in rows:
    % if at == line:
        ${f'if (i * {some} + {p} < {P})' if P % some else ''} {
            ${multiply(r, p)}
        }
    % endif
    % endfor
    }
% endfor
    }
    plane_at += (${index})h * w * ${direct.module.unit(index, TI)};
</%def>\
__kernel __attribute__((reqd_work_group_size(${DN}, 1, 1)))
void conv_direct_gpu(__global ${TO}* restrict y_g, __global const ${TI}* restrict x_g,
                     __global const ${TI}* restrict w_g, const long x_offset, const long w_offset,
                     const int items, const int item_first, const int group_first,
                     const int channels, const int filters, const int groups, const int h,
                     const int w, const int out_h, const int out_w, const int start_h,
                     const int start_w, const long w_group, const long w_filter,
                     const long w_channel, const int runs, const uint run_magic,
                     const int run_shift, const int bands, const uint band_magic,
                     const int band_shift${store.parameters(side)})
{
% if M > 1:
    __local ${TA} k_l[${CK * taps * M}] __attribute__((aligned(32)));
    const int lid = get_local_id(0);
% endif
    const int first = get_group_id(1) * ${M}, group = get_group_id(2) + group_first;
    const int item = get_global_id(0) + item_first, live = item < items;
    const int at = live ? item : items - 1;
    const int line = divide(at, run_magic, run_shift), col = (at - line * runs) * ${C};
    const int image = divide(line, band_magic, band_shift), row = (line - image * bands) * ${R};
    const int from_h = row ${f'* {step[0]}' if step[0] > 1 else f'/ {spread[0]}'} + start_h;
    const int from_w = col ${f'* {step[1]}' if step[1] > 1 else f'/ {spread[1]}'} + start_w;
    __global const char* x_p = (__global const char*)(x_g + x_offset);
    __global const ${TI}* w_p = w_g + w_offset + group * w_group + first * w_filter;
    ${index} plane_at = ((${index})image * groups + group) * channels * h * w
        * ${direct.module.unit(index, TI)};
    ${direct.columns(TI, index, columns, shift, 'from_w')}
% for g in runs:
% for r in range(R):
    ${vec} ${', '.join(f'acc{g}_{r}_{j} = 0' for j in range(C))};
% endfor
% endfor
% if M > 1:
    for (int c_0 = 0; c_0 < channels; c_0 += ${CK}) {
        const int end = channels - c_0 < ${CK} ? channels : c_0 + ${CK};
        if (c_0) barrier(CLK_LOCAL_MEM_FENCE);
        for (int i = lid; i < (end - c_0) * ${taps * M}; i += ${DN}) {
            const int m = i % ${M}, t = i / ${M} % ${taps}, c = c_0 + i / ${taps * M};
            k_l[i] = first + m < filters
                ? w_p[m * w_filter + c * w_channel + ${weight('t')}] : (${TI})0;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int c = c_0; c < end; ++c) {
            ${channel()}
        }
    }
% elif single:
    {
        ${channel()}
    }
% else:
    for (int c = 0; c < channels; ++c) {
        ${channel()}
        w_p += w_channel;
    }
% endif
    if (!live) return;
    const long area = (long)out_h * out_w;
    const long corner = (((long)image * groups + group) * filters + first) * area
        + (long)row * out_w + col;
% for m in range(M):
    if (${f'first + {m} < filters' if M > 1 else '1'}) {
    % for r in range(R):
    ${f'if (row + {r} < out_h)' if r else ''} {
        const long begin = corner + ${m} * area + ${r} * out_w;
    % if full and C == 4 and keep and not side:
        *(__global ${TO}4*)(y_g + begin) = (${TO}4)(${', '.join(f'(({TO})acc{m // lanes}_{r}_{j}{lane(m)})' for j in range(C))});
    % else:
    % for j in range(C):
        ${f'if (col + {j} < out_w)' if j and not full else ''} {
            const ${TA} acc = acc${m // lanes}_${r}_${j}${lane(m)};
            ${store.one(side, keep, TO, f'y_g[begin + {j}]', f'begin + {j}', 'acc')}
        }
    % endfor
    % endif
    }
    % endfor
    }
% endfor
}
