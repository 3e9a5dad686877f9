## Shared body of the matrix kernels for devices with many small work-items: a work-group of
## DM x DN items computes a tile of DM*RM x DN*RN results. Of both operands KW steps of k at a time
## lie in local memory, a_l[k][row] and b_l[k][col]; while they are multiplied, the next are on
## their way into registers. No kernel of its own.
##
## A work-item has its rows and columns in runs of `run(R)`, which are read as one vector each; the
## pitch of local memory keeps these aligned.
<%!
    def run(each):
        """How many of a work-item's rows, or columns, lie side by side."""
        return next(n for n in (4, 2, 1) if each % n == 0)

    def at(i, items, each):
        """Of row or column i of a work-item: where it lies in the tile, without the item's part."""
        return i // run(each) * items * run(each) + i % run(each)

    def vector(T, lanes):
        return f"{T}{lanes}" if lanes > 1 else T

    def lane(i, lanes):
        return f".s{i}" if lanes > 1 else ""

    def staged(width, depth, items, along, most, per=1):
        """(lanes of a vector, k and place of a work-item's first one in terms of lid, and for each
        how far it is from the first: place, k; and C telling whether an item has any). per: steps
        of k that an item is to have together, one after the other."""
        lanes = max(most, per) if along else most
        while lanes > (per if along else 1) and width * depth < lanes * items:
            lanes //= 2
        if along:
            row = depth // lanes
            if row > items:
                steps = [(s, k) for s in range(width) for k in range(0, depth, items * lanes)]
                return lanes, f"lid * {lanes}", "0", steps, ""
            steps = [(s, 0) for s in range(0, width, items // row)]
            idle = f"lid < {width * row}" if items > width * row else ""
            return lanes, f"lid % {row} * {lanes}", f"lid / {row}", steps, idle
        row, depth, each = width // lanes, depth // per, range(per)
        if row > items:
            places = range(0, width, items * lanes)
            steps = [(s, k * per + p) for k in range(depth) for s in places for p in each]
            return lanes, "0", f"lid * {lanes}", steps, ""
        steps = [(0, s * per + p) for s in range(0, depth, items // row) for p in each]
        idle = f"lid < {row * depth}" if items > row * depth else ""
        first = f"lid / {row} * {per}" if per > 1 else f"lid / {row}"
        return lanes, first, f"lid % {row} * {lanes}", steps, idle
%>

## Local memory, if blocks are staged there, the place of a work-item and its results,
## acc<row>_<run>. tile: C for the number of the group's tile along columns.
<%def name="begin(TA, DM, DN, RM, RN, KW, staged=True, tile='get_group_id(0)')">
% if staged:
    __local ${TA} a_l[${KW}][${DM * RM + 4}] __attribute__((aligned(32)));
    __local ${TA} b_l[${KW}][${DN * RN + 4}] __attribute__((aligned(32)));
% endif
    const int ln = get_local_id(0), lm = get_local_id(1), lid = lm * ${DN} + ln;
    const int first_col = (${tile}) * ${DN * RN}, first_row = get_group_id(1) * ${DM * RM};
% for r in range(RM):
    ${vector(TA, run(RN))} ${', '.join('acc%d_%d = 0' % (r, g) for g in range(RN // run(RN)))};
% endfor
</%def>

## Declares a work-item's part of the staging of operand x, `width` rows or columns of it, of which
## `first` is the first of the tile: x_at, x_t, the pointer x_p and registers x_r. step, step_k: C
## for the distances between neighbours; start: the first k.
<%def name="operand(x, TI, TA, width, KW, items, along, most, first, step, step_k, start, per=1)">
<% lanes, k, place, steps, _ = staged(width, KW, items, along, most, per) %>
    const int ${x}_t = ${k}, ${x}_at = ${place};
    __global const ${TI}* ${x}_p = ${x}_g + (${first} + ${x}_at) * ${step} + (${start} + ${x}_t) * ${step_k};
    ${vector(TA, lanes)} ${', '.join(f'{x}_r{s} = 0' for s in range(len(steps)))};
</%def>

## Loads a work-item's part of a block; whole: all of it exists, and vectors are aligned.
<%def name="fetch(x, TI, width, KW, items, along, most, first, limit, step, step_k, whole, k, k_end, per=1)">
<% lanes, _, _, steps, idle = staged(width, KW, items, along, most, per) %>
    ${f'if ({idle})' if idle else ''} {
    % for s, (a, t) in enumerate(steps):
    % if whole and lanes <= most:
<% place = f'{x}_p + {a} * {step} + {t} * {step_k}' %>\
        ${x}_r${s} = *(${f'(__global const {vector(TI, lanes)}*)' if lanes > 1 else ''}(${place}));
    % else:
    % for j in range(lanes):
<% da, dt = (a, t + j) if along else (a + j, t) %>\
    % if whole:
        ${x}_r${s}${lane(j, lanes)} = ${x}_p[${da} * ${step} + ${dt} * ${step_k}];
    % else:
        ${x}_r${s}${lane(j, lanes)} = ${first} + ${x}_at + ${da} < ${limit} && ${k} + ${x}_t + ${dt} < ${k_end}
            ? ${x}_p[${da} * ${step} + ${dt} * ${step_k}] : 0;
    % endif
    % endfor
    % endif
    % endfor
    }
</%def>

## Puts it into local memory.
<%def name="put(x, TA, width, KW, items, along, most)">
<% lanes, _, _, steps, idle = staged(width, KW, items, along, most) %>
    ${f'if ({idle})' if idle else ''} {
    % for s, (a, t) in enumerate(steps):
    % if along:
    % for j in range(lanes):
        ${x}_l[${x}_t + ${t + j}][${x}_at + ${a}] = ${x}_r${s}${lane(j, lanes)};
    % endfor
    % else:
        *(__local ${vector(TA, lanes)}*)&${x}_l[${x}_t + ${t}][${x}_at + ${a}] = ${x}_r${s};
    % endif
    % endfor
    }
</%def>

## Adds the products of what lies in local memory.
<%def name="multiply(TA, DM, DN, RM, RN, KW, UNROLL)">
<% rows, cols = run(RM), run(RN) %>
#pragma unroll ${UNROLL}
    for (int k = 0; k < ${KW}; k++) {
    % for g in range(RM // rows):
        const ${vector(TA, rows)} a${g} = *(__local const ${vector(TA, rows)}*)&a_l[k][lm * ${rows} + ${g * DM * rows}];
    % endfor
    % for g in range(RN // cols):
        const ${vector(TA, cols)} b${g} = *(__local const ${vector(TA, cols)}*)&b_l[k][ln * ${cols} + ${g * DN * cols}];
    % endfor
    % for r in range(RM):
    % for g in range(RN // cols):
        acc${r}_${g} = a${r // rows}${lane(r % rows, rows)} * b${g} + acc${r}_${g};
    % endfor
    % endfor
    }
</%def>

## Row r of a work-item, and its column c or the first of its run g.
<%def name="row(r, DM, RM)">first_row + lm * ${run(RM)} + ${at(r, DM, RM)}</%def>
<%def name="col(c, DN, RN)">first_col + ln * ${run(RN)} + ${at(c, DN, RN)}</%def>

## Result (r, c) of a work-item.
<%def name="result(r, c, RN)">acc${r}_${c // run(RN)}${lane(c % run(RN), run(RN))}</%def>
