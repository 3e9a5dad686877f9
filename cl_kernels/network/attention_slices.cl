## What the attention kernel for GPUs multiplies with: operands, staged in local memory in slices. No kernel
## of its own. t: a Tile. Operands x are read by lines, a slice being some elements of each of a tile's rows,
## for a product of two of them; or by rows, a slice being some whole rows, for what the weights weigh.
## While a slice is multiplied, the next is on its way into registers.
<%namespace name="grid" file="gemm_grid.cl"/>\
<%!
    from typing import NamedTuple

    class Tile(NamedTuple):
        """A tile: DM x DN work-items, of RM rows and at most four columns each, RN. Operands are of
        type I in memory, and of type T else."""

        I: str
        T: str
        DM: int
        DN: int
        RM: int
        RN: int
        wide: bool
        unroll: int

        @property
        def side(self):
            """Rows, and columns."""
            return self.DM * self.RM

        @property
        def items(self):
            """Of a work-group."""
            return self.DM * self.DN

        @property
        def pitch(self):
            """Elements from line to line in local memory, where vectors stay aligned."""
            return self.side + 4

        @property
        def rows(self):
            """How many of a work-item's rows lie side by side."""
            return min(4, self.RM)

        def place(self, g):
            """Of run g of a work-item's rows in a tile."""
            return f"y * {self.rows} + {g * self.DM * self.rows}"

        def depth(self, width):
            """Elements of lines, `width` long, that are staged at a time."""
            return min(16, max(4, 1 << (width - 1).bit_length()))

        def lanes(self, width):
            """Of the vectors in which rows of `width` elements are read."""
            return 4 if self.wide and width % 4 == 0 else 1

        def columns(self, width):
            """A work-item's columns of a result that has `width`, as few vectors: (first, lanes)."""
            each, first, found = -(-width // self.DN), 0, []
            for lanes in (4, 2, 1):
                while each - first >= lanes:
                    found.append((first, lanes))
                    first += lanes
            return found

        def room(self, depths, widths, more):
            """Elements of local memory that slices take: of lines, of rows, and other things."""
            lines = [2 * self.depth(width) * self.pitch for width in depths]
            rows = [self.DN * -(-width // self.DN) * self.DN for width in widths]
            return max(*lines, *rows, more)

    def power(n):
        """The least power of two that is not below n."""
        return 1 << (n - 1).bit_length()
%>

## Elements in memory, as numbers that are computed with.
<%def name="read(t, lanes, at)" filter="trim">
% if t.I == 'ct_float16':
${f'vloada_half{lanes}' if lanes > 1 else 'vload_half'}(0, (__global const half*)(${at}))
% elif t.I == 'ct_bfloat16' and lanes > 1:
as_float${lanes}(convert_uint${lanes}(*(__global const ushort${lanes}*)(${at})) << 16)
% elif t.I == 'ct_bfloat16':
ct_wide(*(${at}))
% else:
*(__global const ${grid.module.vector(t.T, lanes)}*)(${at})
% endif
</%def>

## Declares l<x>_p, the place of a work-item in operand x by lines, and l<x>_r, registers for a slice; then
## where that place is, of lines that begin at x.
<%def name="lines(t, x, width)">
<% lanes, k, place, steps, _ = grid.module.staged(t.side, t.depth(width), t.items, True, t.lanes(width)) %>\
    const int l${x}_t = ${k}, l${x}_at = ${place};
    __global const ${t.I}* l${x}_p;
    ${grid.module.vector(t.T, lanes)} ${', '.join(f'l{x}_r{i} = 0' for i in range(len(steps)))};
</%def>

<%def name="place_lines(x)">
    l${x}_p = ${x} + l${x}_at * ${x}_row + l${x}_t;
</%def>

## Its next slice, from element `at` of lines on; count: how many lines there are.
<%def name="fetch_lines(t, x, width, count, at)">
<% lanes, _, _, steps, idle = grid.module.staged(t.side, t.depth(width), t.items, True, t.lanes(width)) %>\
    % for i, (s, k) in enumerate(steps):
<%
    inside = [f"l{x}_at + {s} < {count}"] + [idle] * bool(idle)
    if width % t.depth(width):
        inside.append(f"{at} + l{x}_t + {k} < {width}")
%>\
    l${x}_r${i} = 0;
    if (${' && '.join(inside)})
        l${x}_r${i} = ${read(t, lanes, f'l{x}_p + {s} * {x}_row + {k}')};
    % endfor
    l${x}_p += ${t.depth(width)};
</%def>
<%def name="put_lines(t, x, width, first)">
<% lanes, _, _, steps, idle = grid.module.staged(t.side, t.depth(width), t.items, True, t.lanes(width)) %>\
    ${f'if ({idle})' if idle else ''} {
    % for i, (s, k) in enumerate(steps):
    % for j in range(lanes):
        slice[(l${x}_t + ${first + k + j}) * ${t.pitch} + l${x}_at + ${s}] = l${x}_r${i}${grid.module.lane(j, lanes)};
    % endfor
    % endfor
    }
</%def>

## s<r> = rows of a times rows of b, of `width` elements; their first slices were fetched. Then a is at
## the begin of its rows again, and b at those of the next tile.
<%def name="score(t, s, a, a_count, b, b_count, width)">
<% depth = t.depth(width) %>\
    ${grid.module.vector(t.T, t.RN)} ${', '.join(f'{s}{r} = 0' for r in range(t.RM))};
#pragma unroll 1
    for (int at = ${depth};; at += ${depth}) {
        barrier(CLK_LOCAL_MEM_FENCE);
        ${put_lines(t, a, width, 0)}
        ${put_lines(t, b, width, depth)}
        barrier(CLK_LOCAL_MEM_FENCE);
        const int more = at < ${width};
        if (more) {
            ${fetch_lines(t, a, width, a_count, 'at')}
            ${fetch_lines(t, b, width, b_count, 'at')}
        }
#pragma unroll ${t.unroll}
        for (int k = 0; k < ${depth}; k++) {
            const ${grid.module.vector(t.T, t.RN)} b0 = *(__local const ${grid.module.vector(t.T, t.RN)}*)(slice + (${depth} + k) * ${t.pitch} + x * ${t.RN});
            ${products(t, s, f'slice + k * {t.pitch}', [''])}
        }
        if (!more) break;
    }
<% whole = -(-width // depth) * depth %>\
    l${a}_p -= ${whole};
    l${b}_p += ${t.side} * ${b}_row - ${whole};
</%def>

## sums[r][c] += element r of the column of weights at `a` times b<c>.
<%def name="products(t, sums, a, ends)">
    % for g in range(t.RM // t.rows):
            const ${grid.module.vector(t.T, t.rows)} a${g} = *(__local const ${grid.module.vector(t.T, t.rows)}*)(${a} + ${t.place(g)});
    % endfor
    % for r in range(t.RM):
    % for c, end in enumerate(ends):
            ${sums}${r}${end} = a${r // t.rows}${grid.module.lane(r % t.rows, t.rows)} * b${c} + ${sums}${r}${end};
    % endfor
    % endfor
</%def>

## As `lines`, by rows: row k of slice j of a tile is the tile's row k * RN + j.
<%def name="rows(t, x, width)">
<% lanes, k, place, steps, _ = grid.module.staged(power(width), t.DN, t.items, False, t.lanes(width)) %>\
    const int r${x}_t = ${k}, r${x}_at = ${place};
    __global const ${t.I}* r${x}_p;
    ${grid.module.vector(t.T, lanes)} ${', '.join(f'r{x}_r{i} = 0' for i in range(len(steps)))};
</%def>
<%def name="place_rows(t, x)">
    r${x}_p = ${x} + r${x}_t * ${t.RN} * ${x}_row + r${x}_at;
</%def>
<%def name="fetch_rows(t, x, width, count, j)">
<% lanes, _, _, steps, idle = grid.module.staged(power(width), t.DN, t.items, False, t.lanes(width)) %>\
    % for i, (s, k) in enumerate(steps):
<%
    inside = [f"(r{x}_t + {k}) * {t.RN} + {j} < {count}"] + [idle] * bool(idle)
    if power(width) != width:
        inside.append(f"r{x}_at + {s} < {width}")
%>\
    r${x}_r${i} = 0;
    if (${' && '.join(inside)})
        r${x}_r${i} = ${read(t, lanes, f'r{x}_p + {k * t.RN} * {x}_row + {s}')};
    % endfor
    r${x}_p += ${x}_row;
</%def>
<%def name="put_rows(t, x, width)">
<% lanes, _, _, steps, idle = grid.module.staged(power(width), t.DN, t.items, False, t.lanes(width)) %>\
    % for i, (s, k) in enumerate(steps):
<% inside = [idle] * bool(idle) + [f"r{x}_at + {s} < {width}"] * (power(width) != width) %>\
    ${f"if ({' && '.join(inside)})" if inside else ''}
        *(__local ${grid.module.vector(t.T, lanes)}*)(slice + (r${x}_t + ${k}) * ${t.DN * -(-width // t.DN)} + r${x}_at + ${s}) = r${x}_r${i};
    % endfor
</%def>

## sum<r>_<c> += the weights times rows of x, of `width` elements; the first slice was fetched. Then x is at
## the rows of the next tile.
<%def name="weigh(t, sum, x, count, width)">
<% pitch = t.DN * -(-width // t.DN) %>\
#pragma unroll 1
    for (int at = 1;; at++) {
        barrier(CLK_LOCAL_MEM_FENCE);
        ${put_rows(t, x, width)}
        barrier(CLK_LOCAL_MEM_FENCE);
        const int more = at < ${t.RN};
        if (more) {
            ${fetch_rows(t, x, width, count, 'at')}
        }
        __local const ${t.T}* w = w_tile + (at - 1) * ${t.DN * t.pitch};
#pragma unroll ${t.unroll}
        for (int k = 0; k < ${t.DN}; k++) {
        % for c, (first, lanes) in enumerate(t.columns(width)):
            const ${grid.module.vector(t.T, lanes)} b${c} = *(__local const ${grid.module.vector(t.T, lanes)}*)(slice + k * ${pitch} + ${first * t.DN} + x * ${lanes});
        % endfor
            ${products(t, sum, f'w + k * {t.pitch}', [f'_{c}' for c in range(len(t.columns(width)))])}
        }
        if (!more) break;
    }
    r${x}_p += ${t.side - t.RN} * ${x}_row;
</%def>
<%def name="clear(t, sum, width)">
    % for c, (_, lanes) in enumerate(t.columns(width)):
    ${grid.module.vector(t.T, lanes)} ${', '.join(f'{sum}{r}_{c} = 0' for r in range(t.RM))};
    % endfor
</%def>

## Writes sums as rows of a result, row<r> of `limit` each.
<%def name="store(t, to, step, sum, limit, width)">
    % for r in range(t.RM):
    if (row${r} < ${limit}) {
        __global ${t.I}* to = ${to} + row${r} * ${step};
    % for c, (first, lanes) in enumerate(t.columns(width)):
        {
            const int e = ${first * t.DN} + x * ${lanes};
        % if t.I == t.T and (width % 4 == 0 or lanes == 1):
            if (e < ${width}) *(__global ${grid.module.vector(t.T, lanes)}*)(to + e) = ${sum}${r}_${c};
        % else:
        % for j in range(lanes):
<% value = f"{sum}{r}_{c}{grid.module.lane(j, lanes)}" %>\
            if (e + ${j} < ${width}) to[e + ${j}] = ${value if t.I == t.T else f"{t.I}_of({value})"};
        % endfor
        % endif
        }
    % endfor
    }
    % endfor
</%def>
