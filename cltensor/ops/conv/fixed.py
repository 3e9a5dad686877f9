"""Convolutions summed in the one order that their sizes decide, for results that are the same bits
on every device (runtime/determinism.py).

Each is the product of a matrix of patches and another, as ops/linalg/fixed.py computes it. An
output is a sum over (channel, row, column) of taps, an element of the gradient of filters one over
(image, row, column) of outputs, so that a rank's part of a batch has a subtree of its own. The
gradient of images is a convolution of the outputs' for each phase of the stride. Zeros around
images are multiplied as all else is. Patches are not copied: tables say where, in the padded
image, a row and a column of their matrix lie.
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES
from cltensor.lazy.fixed import cut_of, depth_of
from cltensor.lazy.grids import ceil_div
from cltensor.ops.conv.blocks import Axis, Correlation
from cltensor.ops.conv.patch import phase_of
from cltensor.ops.kernels.plan import Elements, Launch, Plan, Start, pending
from cltensor.ops.linalg.fixed import LEAF, LEVELS, levels_of, tile_of
from cltensor.ops.shape.copy import INT_LIMIT
from cltensor.runtime import tuning
from cltensor.runtime.kernel import kernel

Shape = tuple[int, ...]
#: Columns, as of the filters of a group, of which there are so few that rows go side by side, in
#: vectors of so many; and the most such vectors.
_FEW, _LANES = 4, 8


class Places(NamedTuple):
    """Elements (i, j, k), how many along each axis, and their steps in memory."""

    counts: tuple[int, int, int]
    steps: tuple[int, int, int]
    start: int = 0


class Image(NamedTuple):
    """What patches are of: an operand, where it starts if it is one given, its sizes."""

    operand: int
    start: Start | int
    rows: int
    cols: int


class Other(NamedTuple):
    """What the matrix of patches is multiplied by: which operand, from group to group, from column
    to column, and its rows."""

    operand: int
    batch: int
    column: int
    rows: Places


class Target(NamedTuple):
    """Where results go: from group to group, from column to column, and the rows."""

    batch: int
    column: int
    rows: Places


def compute(kind: str, c: Correlation, a: Tensor, b: Tensor) -> Tensor:
    """ "forward", "data" (the gradient of images) or "weight" (that of filters) of dense operands
    of one floating-point dtype."""
    made = pending(_plan(kind, c), a, b)
    return made.sum(axis=0) if made.ndim == 5 else made


@tuning.planned
def _plan(kind: str, c: Correlation) -> Plan:
    return {"forward": _forward, "data": _data, "weight": _weight}[kind](c)


def _forward(c: Correlation) -> Plan:
    steps = _Steps(c, c.shape)
    taps, pixels = c.channels * c.taps, c.rows.out * c.cols.out
    other = Other(2, c.filters * taps, taps, Places((1, 1, taps), (0, 0, 1)))
    target = Target(c.filters * pixels, pixels, _outputs(c))
    image = steps.padded(c, 1)
    steps.multiply(c, image, _pixels(c, image), _taps(c, image), other, target)
    return steps.plan()


def _data(c: Correlation) -> Plan:
    """The phases of the stride are a convolution each, of the taps that meet it."""
    size = c.rows.size, c.cols.size
    plane, step = size[0] * size[1], (c.rows.step, c.cols.step)
    steps = _Steps(c, (c.images, c.groups * c.channels, *size))
    for i in range(min(step[0], size[0])):
        rows, last_row, every_row = phase_of(c.rows, i)
        for j in range(min(step[1], size[1])):
            cols, last_col, every_col = phase_of(c.cols, j)
            part = c._replace(rows=rows, cols=cols, channels=c.filters, filters=c.channels)
            if not part.taps:
                rows, cols = (axis._replace(taps=0, start=0) for axis in (rows, cols))
                part = part._replace(rows=rows, cols=cols)
            filters = Places(
                (c.filters, rows.taps, cols.taps),
                (c.channels * c.taps, -every_row * c.cols.taps, -every_col),
                last_row * c.cols.taps + last_col,
            )
            target = Places(
                (c.images, rows.out, cols.out),
                (c.groups * c.channels * plane, step[0] * size[1], step[1]),
                i * size[1] + j,
            )
            image = steps.padded(part, 1)
            steps.multiply(
                part, image, _pixels(part, image), _taps(part, image),
                Other(2, c.filters * c.channels * c.taps, c.taps, filters),
                Target(c.channels * plane, plane, target), step == (1, 1),
            )  # fmt: skip
    return steps.plan()


def _weight(c: Correlation) -> Plan:
    taps, pixels = c.channels * c.taps, c.rows.out * c.cols.out
    steps = _Steps(c, (c.groups * c.filters, c.channels, c.rows.taps, c.cols.taps))
    other = Other(1, c.filters * pixels, pixels, _outputs(c))
    target = Target(c.filters * taps, taps, Places((1, 1, taps), (0, 0, 1)))
    image = steps.padded(c, 2)
    steps.multiply(c, image, _taps(c, image), _pixels(c, image), other, target)
    return steps.plan()


def _outputs(c: Correlation) -> Places:
    """Where the outputs of a filter lie."""
    steps = c.groups * c.filters * c.rows.out * c.cols.out, c.cols.out, 1
    return Places((c.images, c.rows.out, c.cols.out), steps)


def _pixels(c: Correlation, image: Image) -> Places:
    """Where, in the image, the first taps of all outputs lie."""
    whole = c.groups * c.channels * image.rows * image.cols
    steps = whole, c.rows.step * image.cols, c.cols.step
    return Places((c.images, c.rows.out, c.cols.out), steps)


def _taps(c: Correlation, image: Image) -> Places:
    """Where, from there, all taps lie."""
    steps = image.rows * image.cols, c.rows.tap * image.cols, c.cols.tap
    return Places((c.channels, c.rows.taps, c.cols.taps), steps)


def _span(axis: Axis) -> int:
    """How many elements the taps reach over."""
    return (axis.out - 1) * axis.step + (max(axis.taps, 1) - 1) * axis.tap + 1


class _Steps:
    """The launches of a plan for a result of `shape`, and what they need."""

    def __init__(self, c: Correlation, shape: Shape) -> None:
        self.device, self.dtype, self.shape = c.device, c.dtype, shape
        self.launches: list[Launch] = []
        self.scratch: list[int] = []
        self.parts = 1

    def plan(self) -> Plan:
        """What was asked for; with parts of sums, these are a first axis."""
        shape = (self.parts, *self.shape) if self.parts > 1 else self.shape
        return Plan(shape, self.dtype, tuple(self.launches), tuple(self.scratch))

    def _take(self, elements: int) -> int:
        self.scratch.append(max(elements, 1))
        return 2 + len(self.scratch)

    def padded(self, c: Correlation, operand: int) -> Image:
        """The operand as an image of which no tap is outside."""
        axes = c.rows, c.cols
        rows, cols = map(_span, axes)
        if all(a.start >= 0 and a.start + _span(a) <= a.size for a in axes):
            more = c.rows.start * c.cols.size + c.cols.start
            return Image(operand, Start(operand, more), c.rows.size, c.cols.size)
        tasks = c.images * c.groups * c.channels * rows
        made, cut = self._take(tasks * cols), cut_of(self.device, tasks)
        self.launches.append(Launch(
            kernel(self.device, "conv_fixed_image", T=C_NAMES[self.dtype]),
            cut.grid, cut.local, y_g=Elements(made), x_g=Elements(operand),
            x_o=Start(operand), h=c.rows.size, w=c.cols.size, rows=rows, cols=cols,
            start_h=c.rows.start, start_w=c.cols.start, **cut.numbers,
        ))  # fmt: skip
        return Image(made, 0, rows, cols)

    def _table(self, index: str, places: Places) -> int:
        """An operand of the numbers of places."""
        count = prod(places.counts)
        size = 4 if index == "int" else 8
        made = self._take(ceil_div(count * size, self.dtype.itemsize))
        if count:
            lines = places.counts[0] * places.counts[1]
            (plane, row, col), cut = places.steps, cut_of(self.device, lines)
            self.launches.append(Launch(
                kernel(self.device, "conv_fixed_places", index=index), cut.grid, cut.local,
                y_g=Elements(made), lines=lines, rows=places.counts[1], cols=places.counts[2],
                start=places.start, plane=plane, row=row, col=col,
            ))  # fmt: skip
        return made

    def multiply(
        self, c: Correlation, image: Image, down: Places, along: Places, other: Other,
        target: Target, is_whole: bool = True,
    ) -> None:  # fmt: skip
        """The product of the matrix of patches, with rows and columns where `down` and `along` say.

        is_whole: whether it gives all results; sums of some of them are not computed in parts.
        """
        device, m, k, n = self.device, prod(down.counts), prod(along.counts), c.filters
        name, height, width, params = _tile(c, down)
        rows, panels, depth = ceil_div(m, height), ceil_div(n, width), depth_of(k, LEAF)
        below = levels_of(device, c.groups * panels * rows, k, depth) if is_whole else depth
        self.parts = 1 << (depth - below)
        inner = image.rows * image.cols
        filters = c.images * c.groups * c.filters * c.rows.out * c.cols.out
        most = max(c.images * c.groups * c.channels * inner, prod(self.shape), filters)
        index = "int" if most < INT_LIMIT else "long"
        at, to, begin = (self._table(index, places) for places in (down, target.rows, along))
        packed = self._packed(index, other, c.groups, n, k, width)
        run = kernel(
            device, name, T=C_NAMES[self.dtype], LEVELS=max(LEVELS, below + 1), placed=index,
            **params,
        )  # fmt: skip
        cut = cut_of(device, self.parts * c.groups * panels * rows)
        self.launches.append(Launch(
            run, cut.grid, cut.local, y_g=Elements(0), a_g=Elements(image.operand),
            a_o=image.start, b_g=Elements(packed), row_g=Elements(at), col_g=Elements(begin),
            to_g=Elements(to), batches=c.groups, m=m, n=n, k=k, a_batch=c.channels * inner,
            b_batch=panels * width * k, y_part=prod(self.shape), y_batch=target.batch,
            y_n=target.column, depth=depth, below=below,
            **cut.numbers,
        ))  # fmt: skip

    def _packed(self, index: str, other: Other, groups: int, n: int, k: int, width: int) -> int:
        """An operand of the other matrices, packed."""
        start = self._table(index, other.rows)
        copies = groups * ceil_div(n, width) * k
        cut = cut_of(self.device, copies)
        made = self._take(copies * width)
        if copies:
            run = kernel(
                self.device, "gemm_fixed_pack", T=C_NAMES[self.dtype], width=width, placed=index
            )
            self.launches.append(Launch(
                run, cut.grid, cut.local, y_g=Elements(made),
                b_g=Elements(other.operand), b_o=Start(other.operand), n=n, k=k,
                b_batch=other.batch, b_n=other.column, from_g=Elements(start),
                **cut.numbers,
            ))  # fmt: skip
        return made


def _tile(c: Correlation, down: Places) -> tuple[str, int, int, dict[str, Any]]:
    """The kernel, the rows and columns that a task of it computes, and its parameters."""
    m, n = prod(down.counts), c.filters
    if c.device.is_cpu and n <= _FEW and down.steps[2] == 1 and down.counts[2] >= _LANES:
        vectors = _FEW if n <= 2 else 2
        return "conv_fixed_rows", vectors * _LANES, n, {"RV": vectors, "VW": _LANES, "few": n}
    tile = tile_of(c.device, c.dtype, n)
    if c.device.is_cpu:
        most = tile.RM if tile.width > 1 else 2 * tile.RM
        tile = tile._replace(RM=ceil_div(m, ceil_div(m, most)))
    return "gemm_fixed", tile.RM, tile.width, tile._asdict()
