## Products by the matrix units of GPUs: what gemm_grid.cl does, by instructions with which a
## sub-group multiplies small matrices. No kernel of its own. tile: a UnitTile (unit_tiles.py), whose
## unit says what each lane gives and gets.
##
## Local memory holds words of 32 bits, a_l[word][row] and b_l[word][col]: an element, or two of 16
## bits, the first one in the lower half, that follow each other along k. A row lies where
## `tile.turned` says.
<%namespace name="grid" file="gemm_grid.cl"/>\
<%!
    HEX = "0123456789abcdef"

    def sum_of(tile, row, col):
        """C for a sum of a lane by its row and column among those of the lane."""
        (f, r, _), (g, c, _) = tile.sum_rows[row], tile.sum_cols[col]
        i = tile.unit.sums.index((r, c))
        return f"acc{f}_{g}.s{HEX[i]}" if tile.unit.vector else f"acc{f}_{g}_{i}"
%>

## Functions that make words of elements of type TI.
<%def name="functions(tile, TI)">
${tile.unit.before}
% if tile.unit.kind == "float32":
INLINE uint unit_word(const float x) { return as_uint(x); }
% elif tile.unit.kind == "tf32":
/* Rounded to 10 digits behind the point, which is all that is multiplied. */
INLINE uint unit_word(const float x) {
    const uint word = as_uint(x);
    return (word & 0x7fffffffu) > 0x7f800000u ? 0x7fc00000u : (word + 0x1000u) & 0xffffe000u;
}
% elif TI == "float":
INLINE uint unit_word(const float x, const float y) {
    return (uint)ct_bfloat16_of(x).bits | (uint)ct_bfloat16_of(y).bits << 16;
}
% else:
INLINE uint unit_word(const ushort x, const ushort y) { return (uint)x | (uint)y << 16; }
% endif
</%def>

## Local memory, the place of a work-item, and its sums, acc<f>_<g> of matrix f along rows and g
## along columns.
<%def name="begin(tile)">
<% unit, size = tile.unit, len(tile.unit.sums) %>\
    __local uint a_l[${tile.words}][${tile.rows + tile.spare}] __attribute__((aligned(32)));
    __local uint b_l[${tile.words}][${tile.cols + tile.spare}] __attribute__((aligned(32)));
    ${unit.within}
    const int lid = get_local_id(0), lane = lid % ${unit.lanes}, group = lid / ${unit.lanes};
    const int first_col = get_group_id(0) * ${tile.cols}, first_row = get_group_id(1) * ${tile.rows};
    const int group_m = group / ${tile.groups_n} * ${tile.each_m * unit.rows};
    const int group_n = group % ${tile.groups_n} * ${tile.each_n * unit.cols};
    const int a_row = group_m + (${unit.a.strip}) * ${tile.run_m}, a_word = ${unit.a.word};
    const int b_row = group_n + (${unit.b.strip}) * ${tile.run_n}, b_word = ${unit.b.word};
    const int sum_row = first_row + group_m + (${unit.row}) * ${tile.run_m};
    const int sum_col = first_col + group_n + (${unit.col}) * ${tile.run_n};
% for f in range(tile.each_m):
% for g in range(tile.each_n):
    % if unit.vector:
    float${size} acc${f}_${g} = 0;
    % else:
    float ${', '.join(f'acc{f}_{g}_{i} = 0' for i in range(size))};
    % endif
% endfor
% endfor
</%def>

## Puts a work-item's part of a block, which gemm_grid.cl fetched, into local memory.
<%def name="put(tile, x, width, along, most)">
<%
    module, per = grid.module, tile.unit.per
    lanes, _, _, steps, idle = module.staged(width, tile.depth, tile.items, along, most, per)
    def element(s, j):
        return f"{x}_r{s}{module.lane(j, lanes)}"
    def word(places):
        return f"unit_word({', '.join(element(s, j) for s, j in places)})"
    first = f"{x}_t / {per}"
%>
    ${f'if ({idle})' if idle else ''} {
% if along:
    % for s, (a, t) in enumerate(steps):
    % for j in range(0, lanes, per):
<% row = f"{first} + {(t + j) // per}" %>\
        ${x}_l[${row}][${tile.turned(f"{x}_at + {a}", row, width)}] = ${word([(s, j + p) for p in range(per)])};
    % endfor
    % endfor
% else:
    % for s in range(0, len(steps), per):
<%
    a, t = steps[s]
    words = [word([(s + p, j) for p in range(per)]) for j in range(lanes)]
    vector = module.vector("uint", lanes)
    row = f"{first} + {t // per}"
%>\
        *(__local ${vector}*)&${x}_l[${row}][${tile.turned(f"{x}_at + {a}", row, width)}] = (${vector})(${', '.join(words)});
    % endfor
% endif
    }
</%def>

## Adds the products of what lies in local memory.
<%def name="multiply(tile, UNROLL)">
<%
    module, unit = grid.module, tile.unit
    sides = [
        ("a", unit.a, tile.each_m, tile.run_m, tile.rows),
        ("b", unit.b, tile.each_n, tile.run_n, tile.cols),
    ]
    def registers(x, fragment, f):
        found = []
        for row, step in fragment.registers:
            q, j = tile.register(x, f, row)
            run = tile.run_m if x == "a" else tile.run_n
            text = f"{x}{step}_{q}{module.lane(j, run)}"
            found.append(f"(short)({text} >> ({fragment.half}))" if fragment.half else text)
        return found
    def call(f, g):
        a, b = registers("a", unit.a, f), registers("b", unit.b, g)
        names = {f"{x}{i}": text for x, each in (("a", a), ("b", b)) for i, text in enumerate(each)}
        names |= {f"d{i}": f"acc{f}_{g}_{i}" for i in range(len(unit.sums))}
        return unit.code.format(a=", ".join(a), b=", ".join(b), d=f"acc{f}_{g}", **names)
%>
#pragma unroll ${UNROLL}
    for (int word = 0; word < ${tile.words}; word += ${unit.words}) {
    % for x, fragment, each, run, width in sides:
    % for step in range(fragment.steps):
    % if any(step == s for _, s in fragment.registers):
    % for q in range(each * fragment.each // run):
<%
    vector, row = module.vector('uint', run), f"word + {x}_word + {step}"
    at = tile.turned(f"{x}_row + {q * fragment.strips * run}", row, width)
%>\
        const ${vector} ${x}${step}_${q} = *(__local const ${vector}*)&${x}_l[${row}][${at}];
    % endfor
    % endif
    % endfor
    % endfor
    % for f in range(tile.each_m):
    % for g in range(tile.each_n):
        ${call(f, g)}
    % endfor
    % endfor
    }
</%def>

## Row r of a work-item's sums, its column c, the sum there, and all of its run.
<%def name="row(tile, r)">sum_row + ${tile.sum_rows[r][2]}</%def>
<%def name="col(tile, c)">sum_col + ${tile.sum_cols[c][2]}</%def>
<%def name="result(tile, r, c)">${sum_of(tile, r, c)}</%def>
<%def name="results(tile, r, c)"><% sums = [sum_of(tile, r, c + j) for j in range(tile.run_n)] %>\
${f"(float{tile.run_n})({', '.join(sums)})" if len(sums) > 1 else sums[0]}</%def>
