## The product within a step of a recurrent layer, by a work-group of a GPU. No kernel of its own.
## made[slot][row][unit] = `inner` states of ROWS rows, in local memory, times the weights of one gate, or a
## part of that sum: each of gates * PARTS slots is ceil(size / 4) work-items with four units each. The
## weights of four states are on their way while those before are multiplied. wide: rows of weights begin
## at whole vectors; else the units beyond the last repeat another, and nobody reads what they get.
<%def name="begin()">
    const int quads = (size + 3) / 4, lid = get_local_id(0), slot = lid / quads, quad = lid - slot * quads;
</%def>
<%def name="loaded(T, name, k, wide)" filter="trim">
% if wide:
${name} = *(__global const vec4*)(w + (at + ${k} * line));
% else:
${name} = (vec4)(${', '.join(f'*(__global const {T}*)(w + (at + {k} * line + near{l}))' for l in range(4))});
% endif
</%def>
<%def name="multiplied(T, ROWS, weight, k)">
                {
                    const ${f'{T}{ROWS}' if ROWS > 1 else T} state =
                        *(__local const ${f'{T}{ROWS}' if ROWS > 1 else T}*)(from + (k + ${k}) * ${ROWS});
                % for row in range(ROWS):
                    sum${row} = ${weight} * state${f'.s{row}' if ROWS > 1 else ''} + sum${row};
                % endfor
                }
</%def>
<%def name="product(T, ROWS, PARTS, gates, wide, inner, states)">
        if (slot < ${gates * PARTS}) {
            const int gate = slot / ${PARTS}, part = slot % ${PARTS}, width = ${gates} * size;
            const int each = (${inner} + ${PARTS - 1}) / ${PARTS}, after_mine = (part + 1) * each;
            const int end = after_mine < ${inner} ? after_mine : ${inner};
            __local const ${T}* from = ${states};
            /* In bytes, of which there are few: a GPU adds 32 bits to an address as it loads. */
            __global const char* w = (__global const char*)w_g;
            const uint line = width * sizeof(${T});
            const uint begin = (gate * size + 4 * quad) * sizeof(${T});
            uint at = begin + part * each * line;
        % if not wide:
            const uint near0 = 0${''.join(f', near{l} = 4 * quad + {l} < size ? {l} * sizeof({T}) : 0' for l in (1, 2, 3))};
        % endif
            vec4 ${', '.join(f'sum{row} = 0' for row in range(ROWS))};
            vec4 ${', '.join(f'next{k} = 0' for k in range(4))};
            int k = part * each;
            if (k + 4 <= end) {
            % for i in range(4):
                ${loaded(T, f'next{i}', i, wide)}
            % endfor
            }
            for (; k + 4 <= end; k += 4) {
                at += k + 8 <= end ? 4 * line : 0;
            % for i in range(4):
                ${multiplied(T, ROWS, f'next{i}', i)}
                ${loaded(T, f'next{i}', i, wide)}
            % endfor
            }
            at = begin + k * line;
            for (; k < end; ++k) {
                const vec4 ${loaded(T, 'now', 0, wide)}
                ${multiplied(T, ROWS, 'now', 0)}
                at += line;
            }
        % for row in range(ROWS):
            *(__local vec4*)(made + ((slot * ${ROWS} + ${row}) * quads + quad) * 4) = sum${row};
        % endfor
        }
</%def>

## What slot `gate` and its parts made, of row i and unit j.
<%def name="sum(ROWS, PARTS, gate)" filter="trim">
${' + '.join(f'made[({gate * PARTS + p} * {ROWS} + i) * 4 * quads + j]' for p in range(PARTS))}
</%def>
