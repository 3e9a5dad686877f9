"""How generated kernels are spread over a device: pointwise expressions and reductions."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cltensor.lazy.codegen import Geometry
from cltensor.lazy.operands import STRIDED
from cltensor.runtime import tuning
from cltensor.runtime.device import Device
from cltensor.runtime.groups import GroupError, largest_group, narrow

# chunk: elements that are worth waking another thread for; shares: work-items per compute unit.
tuning.declare(
    "pointwise_cpu",
    ["small", "medium", "large"],
    chunk=(4096, 1024, 2048, 8192, 16384, 32768),
    shares=(8, 1, 2, 4, 16, 32),
)
# local: work-items of a group; shares: work-groups per compute unit.
tuning.declare(
    "pointwise_gpu",
    ["small", "medium", "large"],
    local=(256, 64, 128),
    shares=(8, 4, 16, 32, 64),
)
# groups: vectors of partial results within a row; columns: how many neighbouring columns a
# work-item reduces, all at best, so that it reads memory in order; shares, chunk: as above. Parts
# of columns leave many partial results: hence few shares.
tuning.declare(
    "reduce_cpu",
    {"row": {}, "column": {"shares": 4}},
    chunk=(4096, 1024, 2048, 8192, 16384),
    shares=(16, 1, 4, 8, 32),
    groups=(4, 1, 2),
    columns=(4096, 256, 512, 1024, 2048),
)
tuning.declare(
    "reduce_gpu",
    ["row", "column"],
    local=(256, 64, 128),
    shares=(8, 4, 16, 32),
    chunk=(4096, 1024, 16384),
)

#: Elements of a row that stay in a core's cache between loops over it.
LONGEST_ROW = 1 << 14
#: So few elements that one work-item may take them all, if that saves a launch.
SMALL_ROWS = 1 << 13
#: Kernels are built for rows of so many columns at most, or for long ones. Short rows are read one
#: after the other, as they lie in memory; few columns and long rows several at a time, the ones for
#: there would be no vectors, the others because each row is a stream of its own.
FEW, SHORT = 32, 512
_SHORTEST_PART = 8  # elements, of each result
_TURNS = 4  # vectors that a work-item reads before it waits for them
_SMALL, _MEDIUM = 1 << 16, 1 << 21  # elements; the second is about what a cache holds


class Band(NamedTuple):
    """Rows and columns of the blocks in which a CPU's kernel walks; 0 where it goes row by row."""

    rows: int
    columns: int


#: As many rows as a cache line has floats, and as many lines as a cache holds where all lie
#: multiples of so many elements apart, of which its places are few.
_BAND, _FEW_PLACES = Band(16, 32), 256
_LEAST_BANDED = 1 << 16  # elements


class Strip(NamedTuple):
    """Work-groups of a pointwise kernel, items of each, and elements of each group on a CPU."""

    groups: int
    local: int
    chunk: int


class Cut(NamedTuple):
    """The grid of a reduction, what a task takes, and what its kernel must be built for.

    per_item: results of a task; part: elements of each of the splits; team: work-items for a row on
    other devices than CPUs.
    """

    tasks: int
    splits: int
    local: int
    per_item: int
    part: int
    groups: int
    columns: int
    team: int


def ceil_div(a: int, b: int) -> int:
    """a / b rounded up."""
    return -(-a // b)


def pointwise_class(n: int) -> str:
    """Which of the declared classes an expression over `n` elements belongs to."""
    return "small" if n < _SMALL else "medium" if n < _MEDIUM else "large"


def replan(family: str, error: GroupError) -> None:
    """Have kernels of `family` planned anew, in groups as small as that one wants which raised
    `error`."""
    narrow(family, error)
    tuning.forget_plans()


@tuning.planned
def pointwise_grid(device: Device, is_cpu: bool, dtype: np.dtype, n: int) -> Strip:
    """How to spread `n` elements, more than none, of an expression of `dtype`."""
    kind = "pointwise_cpu" if is_cpu else "pointwise_gpu"
    chosen = tuning.parameters(device, kind, dtype, pointwise_class(n))
    local = 1 if is_cpu else largest_group(device, kind, chosen["local"])
    each = chosen["chunk"] if is_cpu else local
    groups = min(ceil_div(n, each), chosen["shares"] * device.compute_units)
    # Whole cache lines for every work-item.
    return Strip(groups, local, ceil_div(ceil_div(n, groups), 64) * 64)


def band_of(device: Device, is_cpu: bool, space: Geometry, n: int) -> Band:
    """How a kernel over n elements walks: in blocks, if a cache would lose the lines that a row of
    an operand begins before the next row reads on in them, and there are bands for all cores."""
    columns = space.sizes[-1]
    enough = n >= _LEAST_BANDED and n >= 4 * device.compute_units * _BAND.rows * columns
    if is_cpu and enough and columns >= _BAND.columns:
        read = 0
        for flags in space.flags:
            read += flags.count(STRIDED)
            if flags[-1] == STRIDED and space.strides[read - 1] % _FEW_PLACES == 0:
                return _BAND
    return Band(0, 0)


def whole_bands(strip: Strip, n: int, band: int) -> Strip:
    """`strip` over n elements with a multiple of `band` for each group."""
    chunk = ceil_div(strip.chunk, band) * band
    return Strip(ceil_div(n, chunk), strip.local, chunk)


def team_of(vectors: int, group: int) -> int:
    """Work-items for a row of so many vectors: few enough for each to have four, if there are, and
    no more than a group has."""
    team = 1
    while team * _TURNS < vectors and team < group:
        team *= 4
    return min(team, group)


@tuning.planned
def reduction_grid(
    device: Device,
    is_cpu: bool,
    dtype: np.dtype,
    width: int,
    outer: int,
    length: int,
    vector: int = 1,
) -> Cut:
    """How to reduce `length` elements to each of `outer` results.

    width is the size of the innermost dimension where that stays, 0 where it is reduced, perhaps by
    a `vector` of neighbours at a time. One task is a work-item on a CPU (a run of results, or a
    block of columns) and a work-group elsewhere (some rows, or a group's width of columns). The
    reduced range is split where tasks are few.
    """
    kind = "reduce_cpu" if is_cpu else "reduce_gpu"
    chosen = tuning.parameters(device, kind, dtype, "column" if width else "row")
    local = 1 if is_cpu else largest_group(device, kind, chosen["local"])
    units = device.compute_units * chosen["shares"]
    chunk = chosen["chunk"]
    columns = local
    if is_cpu:
        most = chosen["columns"]
        columns = min(most, FEW if width <= FEW else SHORT if width <= SHORT else most)
    if width:
        tasks = outer // width * ceil_div(width, columns)
    elif is_cpu:
        tasks = min(outer, units, ceil_div(outer * max(length, 1), chunk))
    else:
        tasks = outer
    splits, part = 1, length
    # Merging parts is another launch: on a CPU only worth it where cores lack tasks.
    if length and 0 < tasks < (2 * device.compute_units if is_cpu else units):
        # Parts are merged by a reduction, too, which must be shorter for there to be an end of it.
        worthwhile = min(outer * length // (tasks * 4 * chunk), length // _SHORTEST_PART)
        splits = max(1, min(ceil_div(units, tasks), worthwhile))
        splits = ceil_div(length, ceil_div(length, splits))  # no part is empty
        part = ceil_div(ceil_div(length, splits), vector) * vector
        splits = ceil_div(length, part)
    team = 1
    if not width and not is_cpu:
        team = team_of(ceil_div(part, vector), local)
        tasks = ceil_div(outer, local // team)
    per_item = ceil_div(outer, tasks) if tasks else 0
    return Cut(tasks, splits, local, per_item, part, chosen.get("groups", 1), columns, team)


class RowCut(NamedTuple):
    """Work-groups of a kernel of rows, items of each and of each row, and whether these take all of
    a row at a time."""

    tasks: int
    local: int
    team: int
    whole: bool


@tuning.planned
def row_grid(device: Device, is_cpu: bool, count: int, length: int, vector: int = 1) -> RowCut:
    """How to spread `count` rows, of vectors of neighbours, that are gone over several times."""
    if is_cpu:
        tasks = min(count, 32 * device.compute_units, ceil_div(count * length, 4096))
        return RowCut(tasks, 1, 1, False)
    vectors = ceil_div(length, vector)
    team = team_of(vectors, largest_group(device, "rows", 256))
    local = max(team, largest_group(device, "rows", 64))
    # More groups than a device can hold just take turns.
    tasks = min(ceil_div(count * team, local), 1 << 16)
    return RowCut(tasks, local, team, team * _TURNS >= vectors)


# OpenCL promises 1024 bytes of kernel arguments; a part takes a pointer and two integers.
_FIXED, _EACH = 256, 16


def parts_at_once(device: Device) -> int:
    """How many parts of a join fit the arguments of one kernel."""
    if device.is_host:
        return 1
    return max(1, (device.cl_device.max_parameter_size - _FIXED) // _EACH)
