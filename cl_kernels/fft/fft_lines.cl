## A work-item transforms `each` groups of ${lanes} neighbouring lines of ${n} elements, side by side
## in vectors: line i of batch o has its element j at o * in_o + i * in_i + j * in_j. Stockham's
## stages, in order: the first reads x, the last writes y, those between go to and fro. Where the
## elements of a line are neighbours (in_rows, out_rows), squares of them are transposed on the way.
<%
    C = {'float': 'float2', 'double': 'double2'}[R]
    V = R if lanes == 1 else f'{R}{lanes}'
    U = f'{R}{2 * lanes}'
    RE, IM = ('i', 'r') if inverse else ('r', 'i')  # with parts exchanged, a transform is its inverse
    rows_in, rows_out = in_rows and lanes > 1, out_rows and lanes > 1
    squares = n // lanes * lanes
    places, at = [], 'b' if rows_in else None
    for turn in range(len(radices)):
        last = turn == len(radices) - 1 and not rows_out
        places.append((at, None if last else 'b' if at == 'a' else 'a'))
        at = places[-1][1]
    digits = '0123456789abcdef'
%>\
typedef ${R} R;
typedef ${V} V;
/* Neighbours lie where they lie: no vector is at a multiple of its size. */
typedef ${U} __attribute__((aligned(${8 if R == 'float' else 16}))) U;
<%def name="transpose()">
<% size, turn = lanes, 0 %>
% while size > 1:
% for k in range(lanes // 2):
<%
    a, b = f't{turn}_{k}', f't{turn}_{k + lanes // 2}'
    pairs = [f's{digits[2 * c]}{digits[2 * c + 1]}' for c in range(lanes)]
    low = ', '.join(f'{a}.{s}, {b}.{s}' for s in pairs[: lanes // 2])
    high = ', '.join(f'{a}.{s}, {b}.{s}' for s in pairs[lanes // 2 :])
%>
            const U t${turn + 1}_${2 * k} = (${U})(${low});
            const U t${turn + 1}_${2 * k + 1} = (${U})(${high});
% endfor
<% size, turn = size // 2, turn + 1 %>
% endwhile
</%def>
<%def name="fetch(k, at, source)">
% if source is not None:
                const V x${k}r = ${source}r[${at}], x${k}i = ${source}i[${at}];
% elif lanes == 1:
                const ${C} f${k} = x[(${at}) * in_j];
                const V x${k}${RE} = f${k}.x, x${k}${IM} = f${k}.y;
% else:
                const U f${k} = *(__global const U*)(x + (${at}) * in_j);
                const V x${k}${RE} = f${k}.even, x${k}${IM} = f${k}.odd;
% endif
</%def>
<%def name="give(k, at, sink)">
% if sink is not None:
                ${sink}r[${at}] = z${k}r;
                ${sink}i[${at}] = z${k}i;
% else:
                {
                    const int to = ${at};
% if twiddle:
% if lanes == 1:
                    const ${C} t = t_g[to * inner + i];
                    const V tr = t.x, ti = t.y;
% else:
                    const U t = *(__global const U*)(t_g + ${'i * %d + to * %d' % (n, lanes) if in_blocks else 'to * inner + i'});
                    const V tr = t.even, ti = t.odd;
% endif
                    const V gr = (z${k}r * tr - z${k}i * ti) * scale;
                    const V gi = (z${k}r * ti + z${k}i * tr) * scale;
% else:
                    const V gr = z${k}r * scale, gi = z${k}i * scale;
% endif
% if lanes == 1:
                    y[to * out_j] = (${C})(g${RE}, g${IM});
% else:
                    U both;
                    both.even = g${RE};
                    both.odd = g${IM};
                    *(__global U*)(y + to * out_j) = both;
% endif
                }
% endif
</%def>
__kernel void fft_lines(
    __global ${C}* restrict y_g, __global const ${C}* restrict x_g,
    __global const ${C}* restrict w_g,
% if twiddle:
    __global const ${C}* restrict t_g,
% endif
    const ${index} x_start, const ${index} groups, const ${index} each,
    const ${index} blocks, const ${index} inner,
    const ${index} in_o, const ${index} in_i, const ${index} in_j,
    const ${index} out_o, const ${index} out_i, const ${index} out_j,
    const ${R} scale
) {
% for name in sorted({p for pair in places for p in pair if p}):
    V ${name}r[${n}], ${name}i[${n}];
% endfor
    const ${index} first = (${index})get_global_id(0) * each;
    const ${index} end = first + each < groups ? first + each : groups;
    for (${index} g = first; g < end; ++g) {
        const ${index} o = g / blocks, b = (g - o * blocks) * ${lanes};
        /* The last group reaches back, where it does anew what the one before did. */
        const ${index} i = b + ${lanes} < inner ? b : inner - ${lanes};
        __global const ${C}* restrict x = x_g + x_start + o * in_o + i * in_i;
        __global ${C}* restrict y = y_g + o * out_o + i * out_i;
% if rows_in:
        for (int j = 0; j < ${squares}; j += ${lanes}) {
% for l in range(lanes):
            const U t0_${l} = *(__global const U*)(x + ${l} * in_i + j);
% endfor
${transpose()}
% for k in range(lanes):
            b${RE}[j + ${k}] = t${lanes.bit_length() - 1}_${k}.even;
            b${IM}[j + ${k}] = t${lanes.bit_length() - 1}_${k}.odd;
% endfor
        }
        for (int j = ${squares}; j < ${n}; ++j) {
            b${RE}[j] = (V)(${', '.join(f'x[{l} * in_i + j].x' for l in range(lanes))});
            b${IM}[j] = (V)(${', '.join(f'x[{l} * in_i + j].y' for l in range(lanes))});
        }
% endif
<% left, done = n, 1 %>
% for radix, (source, sink) in zip(radices, places):
<% m = left // radix %>
        for (int p = 0; p < ${m}; ++p) {
% if m > 1:
% for k in range(1, radix):
            const ${C} w${k} = w_g[${done * k} * p];
% endfor
% endif
            for (int q = 0; q < ${done}; ++q) {
% for k in range(radix):
${fetch(k, f'q + {done} * (p + {m * k})', source)}
% endfor
% for line in butterfly(radix):
                ${line}
% endfor
                const V z0r = y0r, z0i = y0i;
% for k in range(1, radix):
% if m > 1:
                const V z${k}r = y${k}r * w${k}.x - y${k}i * w${k}.y;
                const V z${k}i = y${k}r * w${k}.y + y${k}i * w${k}.x;
% else:
                const V z${k}r = y${k}r, z${k}i = y${k}i;
% endif
% endfor
% for k in range(radix):
${give(k, f'q + {done} * ({radix} * p + {k})', sink)}
% endfor
            }
        }
<% left, done = m, done * radix %>
% endfor
% if rows_out:
        for (int j = 0; j < ${squares}; j += ${lanes}) {
% for k in range(lanes):
            U t0_${k};
            t0_${k}.even = ${at}${RE}[j + ${k}] * scale;
            t0_${k}.odd = ${at}${IM}[j + ${k}] * scale;
% endfor
${transpose()}
% for l in range(lanes):
            *(__global U*)(y + ${l} * out_i + j) = t${lanes.bit_length() - 1}_${l};
% endfor
        }
        for (int j = ${squares}; j < ${n}; ++j) {
            const V gr = ${at}${RE}[j] * scale, gi = ${at}${IM}[j] * scale;
% for l in range(lanes):
            y[${l} * out_i + j] = (${C})(gr.s${digits[l]}, gi.s${digits[l]});
% endfor
        }
% endif
    }
}
