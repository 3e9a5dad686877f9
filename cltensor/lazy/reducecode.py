"""What reductions do in the generated kernels, and the kernels that reduce to buffers.

On a CPU each accumulator is a few vectors of partial results, so that sums do not wait for each
other, and a block is gone over twice where that saves work: for moments, and for the place of the
best element, which matters only in blocks that have a better one.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

import numpy as np

from cltensor.dtypes import C_NAMES
from cltensor.lazy.codegen import Code, Entry, Geometry, Reduction
from cltensor.lazy.grids import FEW, SHORT
from cltensor.lazy.operands import EXPENSIVE, UNIT
from cltensor.lazy.walks import Walk
from cltensor.runtime.device import Device
from cltensor.runtime.kernel import Launcher, build, kernel
from cltensor.runtime.source import render

#: What kernels of moments take that running statistics move with.
_MOVED = ("mean_g", "var_g", "mean_at", "var_at", "keep", "share", "unbiased")


class Accumulator(NamedTuple):
    """A variable that takes in an element after the other: acc = merge(acc, value(x, at)).

    operand names the x of an element. value is C over x and its place `at`, and merge, over acc and
    x, also combines two accumulators.
    """

    name: str
    ctype: str
    start: str
    operand: str
    merge: str
    value: str = "x"


class Pass(NamedTuple):
    """One way through a block of elements: done if `condition` holds, then `after` follows."""

    accumulators: list[Accumulator]
    before: str = ""
    after: str = ""
    condition: str = ""


def passes(reduction: Reduction, code: Code, ctype: str) -> list[Pass]:
    """How a CPU reduces a block into totals t0, t1, ... (and t_where, t_n).

    count is the block's size, begin and end what the places of its elements lie between.
    """
    operands, index = code.results, code.index
    if reduction.kind == "fold":
        totals = [
            Accumulator(f"a{k}", ctype, "START", operand, reduction.combine)
            for k, operand in enumerate(operands)
        ]
        after = " ".join([f"t{k} = MERGE_a{k}(t{k}, a{k});" for k in range(len(totals))])
        return [Pass(totals, after=after)]
    (x,) = operands
    if reduction.kind == "best":
        choose = f"({reduction.better}) ? x : acc"
        return [
            Pass([Accumulator("a0", ctype, "START", x, choose)]),
            Pass(
                [Accumulator("where", index, "end", x, "x < acc ? x : acc",
                             "BETTER(a0, x) ? end : at")],
                condition="t_where < 0 || BETTER(a0, t0)",
                after="t0 = a0; t_where = where;",
            ),
        ]  # fmt: skip
    return [
        Pass([Accumulator("a0", ctype, "0", x, "acc + x", "x - shift")]),
        Pass(
            [Accumulator("a1", ctype, "0", x, "acc + x",
                         "(x - shift - centre) * (x - shift - centre)")],
            before=f"const {ctype} centre = a0 / ({ctype})count;",
            after="MERGE(t_n, t0, t1, count, centre, a1)",
        ),
    ]  # fmt: skip


def groups_for(lines: Sequence[str]) -> int:
    """How many vectors of partial results to keep while `lines` are evaluated for each element:
    more where little else is to do while one sum waits for the one before."""
    return 2 if len(lines) > 4 or any(EXPENSIVE.search(line) for line in lines) else 4


def merge_order(n: int) -> list[tuple[int, int]]:
    """How to merge `n` partial results, a power of two, into the first: pairs (into, other)."""
    return [(k, k + h) for h in [n >> s for s in range(1, n.bit_length())] for k in range(h)]


def reduction_kernel(
    device: Device,
    reduction: Reduction,
    accumulator: np.dtype,
    entries: Sequence[Entry],
    results: Sequence[int],
    space: Geometry,
    wide: bool,
    walk: Walk,
    groups: int,
    columns: int,
    team: int,
    partial: bool,
) -> Launcher:
    """Build the kernel that reduces the `results` of `entries` over what `space` does not keep, on
    a CPU with up to so many vectors of partial results, or so many neighbouring columns at a time,
    elsewhere with `team` work-items for a row.

    partial: whether the results shall be merged: places of best elements come with the elements,
    moments with what they are relative to, and nothing moves yet. The kernel takes the results (and
    the best elements), the code's buffers, `outer`, `length`, `per_item` and `part`, the code's
    numbers, and what moves.
    """
    by_row = not space.kept[-1]
    code = Code(entries, space, wide, results, walk)
    if by_row and not device.is_cpu and space.kept.count(False) == 2:
        code.operands = [x._replace(flat=x.flags[-1] == UNIT) for x in code.operands]
    kind, ctype = reduction.kind, C_NAMES[accumulator]
    name = "reduce_gpu"
    if device.is_cpu:
        name = "reduce_rows_cpu" if by_row else "reduce_columns_cpu"
    source = render(
        device,
        name,
        code=code,
        reduction=reduction,
        T=ctype,
        out_type="long" if kind == "best" else ctype,
        start=reduction.start_of(accumulator),
        by_row=by_row,
        passes=passes(reduction, code, ctype),
        groups=min(groups, groups_for(code.lines)),
        # Several rows that are stored might overlap, as far as a compiler knows: no vectors.
        unroll=1 if code.stores or FEW < columns <= SHORT else 2 * groups_for(code.lines),
        columns=columns,
        team=team,
        totals=2 if kind == "moments" else len(results),
        planes=len(results) if kind != "moments" else 3 if partial else 2,
        partial=partial,
        merge_order=merge_order,
    )
    # The best element, and sums of whole numbers, are the same in any order.
    ordered = kind == "best" or (kind == "fold" and accumulator.kind in "biu") or None
    built = build(device, name, source, f"the generated reduction '{reduction.name}'", ordered)
    results_to = ("out_g", "value_g") if partial and kind == "best" else ("out_g",)
    cut = ("outer", "length", "per_item", "part")
    moved = _MOVED if reduction.moves and not partial else ()
    return built.by_name((*results_to, *code.buffers, *cut, *code.numbers, *moved))


def merge_kernel(device: Device, reduction: Reduction, accumulator: np.dtype) -> Launcher:
    """The kernel that merges the results of parts of a range, accumulated in this dtype. It takes
    the whole, the parts (places, then elements, of the best), and how the range was cut."""
    read = ("where_g", "value_g") if reduction.kind == "best" else ("in_g",)
    merge = kernel(device, "reduce_merge", reduction=reduction, T=C_NAMES[accumulator])
    moved = _MOVED if reduction.moves else ()
    return merge.by_name(("out_g", *read, "outer", "parts", "part", "length", *moved))


def count_kept(space: Geometry) -> int:
    """How many results a reduction over `space` has."""
    return prod(n for n, kept in zip(space.sizes, space.kept, strict=True) if kept)
