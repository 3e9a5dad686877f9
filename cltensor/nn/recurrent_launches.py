"""What the loop of recurrent layers launches: steps, alone or in runs, and products.

A launch computes all steps of equal size that follow one another. On a CPU a work-item's rows are
sequences of its own, so that no step waits for another work-item, and the weights, packed once,
stay in a core's cache; elsewhere a work-group's are, whose work-items share the states in local
memory and wait for each other once a step. Where the weights are too many for that, or the
sequences, and with projections, a step is a product and a kernel.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate, groupby
from math import prod
from typing import Any, NamedTuple

from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES
from cltensor.lazy.grids import ceil_div
from cltensor.ops.elementwise.cast import clone, full
from cltensor.ops.kernels.plan import Plan
from cltensor.ops.linalg import gemm
from cltensor.ops.linalg.fixed import plan_rows
from cltensor.ops.linalg.tiles import ROWS, VECTOR_BYTES, VECTORS, vector_width
from cltensor.ops.shape.copy import spread
from cltensor.ops.shape.join import pad
from cltensor.runtime import tuning
from cltensor.runtime.determinism import is_deterministic
from cltensor.runtime.kernel import Kernel, kernel
from cltensor.runtime.memory import Buffer

#: How many gates a kind of cell has.
GATES = {"lstm": 4, "gru": 3, "tanh": 1, "relu": 1}

#: Rows of a work-group that computes several steps, at most: each weight that it reads serves all
#: of them; at least, where the weights are more bytes than a cache nearby holds.
_MOST_ROWS, _LEAST_ROWS, _NEARBY = 8, 4, 64 << 10
#: Its work-items, as far as there are states to sum over, as several wait for loads; and at most.
_ITEMS, _MOST_ITEMS = 128, 256
#: Bytes of its local memory at most: what the smallest devices have, and several groups share.
_MOST_LOCAL = 32 << 10
#: Bytes of weights that each group reads in each step, and groups for each compute unit, up to
#: which that is less than the launches of a product: reckoned from the speed of caches, not timed.
_MOST_WEIGHTS, _MOST_GROUPS = 1 << 20, 4


class Window(NamedTuple):
    """A step: its rows, from which one on, those of the step before, and of the step after."""

    rows: int
    at: int
    before: int
    after: int


@lru_cache(maxsize=256)
def windows(sizes: tuple[int, ...], reverse: bool) -> list[Window]:
    """The steps in the order of their computation; the first has no step before (-1)."""
    starts = [0, *accumulate(sizes)]
    order = list(range(len(sizes)))[:: -1 if reverse else 1]
    return [
        Window(
            sizes[t],
            starts[t],
            starts[order[k - 1]] if k else -1,
            sizes[order[k + 1]] if k + 1 < len(order) else 0,
        )
        for k, t in enumerate(order)
    ]


class Group(NamedTuple):
    """A work-group that computes several steps: its rows, work-items and how many of these share a
    sum, and elements of states in local memory."""

    rows: int
    items: int
    parts: int
    room: int


class Run(NamedTuple):
    """Steps of equal size that follow one another: how many, from which row on the first one's
    lie and how much further those of each other; and the rows of the step before them (-1: none),
    and of that after them, and how many it has."""

    rows: int
    steps: int
    at: int
    stride: int
    before: int
    after: int
    live: int


@lru_cache(maxsize=256)
def runs(sizes: tuple[int, ...], reverse: bool) -> list[Run]:
    """The steps in the order of their computation, as few runs."""
    found: list[Run] = []
    starts = [0, *accumulate(sizes)]
    first = 0
    for rows, same in groupby(sizes):
        steps = len(list(same))
        end = first + steps
        before = starts[first - 1] if first else -1
        live = sizes[end] if end < len(sizes) else 0
        found.append(Run(rows, steps, starts[first], rows, before, starts[end], live))
        first = end
    if not reverse:
        return found
    (only,) = found  # reverse is for sizes that are all equal
    return [only._replace(at=starts[-2], stride=-only.rows)]


def _power(n: int) -> int:
    """The least power of two that is not below n."""
    return 1 << (n - 1).bit_length()


def dense(x: Tensor) -> Tensor:
    """x with its elements one after the other from the start of a buffer."""
    x = x.contiguous()
    return (clone.run(x) if x.offset else x).realize()


class Launcher:
    """Products and steps of one pass, on states of `size` elements."""

    def __init__(self, like: Tensor, cell: str, size: int) -> None:
        self.device, self.dtype = like.device, like.dtype
        self.cell, self.size = cell, size
        self.group: Group | None = None
        self._packs: dict[int, tuple[Tensor, Buffer]] = {}

    def product(
        self, a: Any, at: int, rows: int, b: Tensor, pitch: int | None = None
    ) -> tuple[Any, int]:
        """rows of `a` from row `at` on, of `pitch` elements of which the first are read (None: just
        these), times the dense matrix b: a buffer with the product in parts, valid until the next
        one, and how many parts."""
        device, (inner, columns) = self.device, b.shape
        pitch = inner if pitch is None else pitch
        if is_deterministic():
            plan = plan_rows(device, self.dtype, rows, pitch, inner, columns)
            return self._fixed(a, at * pitch, b, plan), 1
        shapes = (rows, inner), (pitch, 1), (inner, columns), (columns, 1)
        found = gemm.plan(device, device.is_cpu, self.dtype, *shapes)
        assert found is not None  # no size is 0
        parts = found.shape[0] if len(found.shape) > 2 else 1
        out = device.pool.allocate(parts * rows * columns * self.dtype.itemsize)
        for launch in found.launches:
            launch([out, 0, a, at * pitch, b.buffer, 0], None)
        return out, parts

    def _fixed(self, a: Any, start: int, b: Tensor, plan: Plan) -> Buffer:
        """A product in the one order, of a matrix that is packed once."""
        pool, size = self.device.pool, self.dtype.itemsize
        pack, multiply = plan.launches
        out = pool.allocate(prod(plan.shape) * size)
        if id(b) in self._packs:
            _, packed = self._packs[id(b)]
        else:
            packed = pool.allocate(plan.scratch[0] * size)
            self._packs[id(b)] = b, packed
            pack([out, 0, a, start, b.buffer, 0, packed, 0], None)
        multiply([out, 0, a, start, b.buffer, 0, packed, 0], None)
        return out

    def over(self, rows: int, size: int) -> tuple[tuple[int], tuple[int], int]:
        """Global and local size, and rows for each work-item, of a kernel over rows."""
        total, local, each = spread(self.device, rows * size)
        if not self.device.is_cpu:
            return (total,), (local,), 1
        each = -(-each // size)
        return (-(-rows // each),), (local,), each

    def run(self, name: str, parts: int, rows: int, size: int, **args: Any) -> None:
        """Launch the kernel `name` over rows."""
        params = {} if name == "recurrent_sum" else {"cell": self.cell}
        made = kernel(self.device, name, T=C_NAMES[self.dtype], parts=parts, **params)
        grid, local, each = self.over(rows, size)
        made(grid, local, rows=rows, size=size, each=each, **args)

    def whole(self, name: str, projection: Any, rows: int) -> bool:
        """Whether one launch of the kernel `name` computes several steps of so many sequences:
        their own work-item, or work-group, does their products too."""
        if is_deterministic():
            return False
        if projection is not None or self.device.is_cpu:
            return projection is None
        self.group = self._group(name, rows)
        return self.group is not None and self._of_groups(name).takes((self.group.items,))

    def _group(self, name: str, rows: int) -> Group | None:
        """The groups in which the kernel `name` computes several steps of so many sequences; None
        where products are better, or where local memory or groups are too small."""
        device, gates, size = self.device, GATES[self.cell], self.size
        weights = gates * size * size * self.dtype.itemsize
        if weights > _MOST_WEIGHTS:
            return None
        # On the way back a product has all gates' gradients for states, and one sum for each unit.
        blocks, states = (1, gates * size) if name == "recurrent_grad" else (gates, size)
        slots, most = blocks * ceil_div(size, 4), min(_MOST_ITEMS, device.max_work_group)
        parts = 1
        while parts * slots < _ITEMS and 2 * parts * slots <= most and 8 * parts <= states:
            parts *= 2
        items = ceil_div(parts * slots, 32) * 32
        each = _power(min(rows, max(ceil_div(rows, device.compute_units), _LEAST_ROWS)))
        if weights <= _NEARBY:
            each = _power(ceil_div(rows, device.compute_units))
        each = min(each, _MOST_ROWS)
        while each and items <= most:
            room = _power(each * states)
            local = (room + 4 * items * each) * self.dtype.itemsize
            if local <= min(device.local_mem, _MOST_LOCAL):
                few = ceil_div(rows, each) <= _MOST_GROUPS * device.compute_units
                return Group(each, items, parts, room) if few else None
            each //= 2
        return None

    def vectors(self) -> tuple[int, int]:
        """Vectors of the register tile, and bytes of each: a CPU whose vectors have 64 bytes
        has 32 registers of them."""
        if tuning.wide_registers(self.device):
            return 2 * VECTORS, 2 * VECTOR_BYTES
        return VECTORS, VECTOR_BYTES

    def several(self, name: str, run: Run, packed: Tensor, **args: Any) -> None:
        """Launch the kernel `name` for the steps of a run, their products being its own."""
        if not self.device.is_cpu:
            self._several_by_groups(name, run, packed, **args)
            return
        panels, _, columns = packed.shape
        vectors, _ = self.vectors()
        room = self.device.pool.allocate(run.rows * panels * columns * self.dtype.itemsize)
        tiles = ceil_div(run.rows, ROWS)
        each = ceil_div(tiles, min(tiles, self.device.compute_units)) * ROWS
        made = kernel(
            self.device, name, T=C_NAMES[self.dtype], parts=1, cell=self.cell, MR=ROWS, NV=vectors,
            VW=columns // vectors,
        )  # fmt: skip
        made(
            (ceil_div(run.rows, each),), (1,), rows=run.rows, steps=run.steps, size=self.size,
            each=each, r_g=room, w_g=packed.buffer, width=panels * columns, **args,
        )  # fmt: skip

    def _of_groups(self, name: str) -> Kernel:
        assert self.group is not None
        rows, items, parts, room = self.group
        return kernel(
            self.device, name, T=C_NAMES[self.dtype], parts=1, cell=self.cell, ROWS=rows, ROOM=room,
            ITEMS=items, PARTS=parts, wide=self.size % 4 == 0,
        )  # fmt: skip

    def _several_by_groups(self, name: str, run: Run, weights: Tensor, **args: Any) -> None:
        made = self._of_groups(name)
        assert self.group is not None
        rows, items, *_ = self.group
        made(
            (ceil_div(run.rows, rows) * items,), (items,), rows=run.rows, steps=run.steps,
            size=self.size, w_g=weights.buffer, **args,
        )  # fmt: skip

    def packed(self, matrix: Tensor) -> Tensor:
        """A matrix (K, N) as the kernels of several steps read it: on a CPU in panels
        (N / columns, K, columns), what is missing being 0."""
        if not self.device.is_cpu:
            return dense(matrix)
        vectors, width = self.vectors()
        columns = vectors * vector_width(self.dtype, width)
        inner, size = matrix.shape
        more = -size % columns
        matrix = pad(matrix, ((0, 0), (0, more))) if more else matrix
        panels = matrix.reshape(inner, (size + more) // columns, columns)
        return dense(panels.swapaxes(0, 1))

    def empty(self, *shape: int) -> Tensor:
        """A tensor to be filled."""
        return Tensor.empty(shape, self.dtype, self.device)

    def zeros(self, *shape: int) -> Tensor:
        """A tensor of zeros, with elements."""
        return full(shape, 0, self.dtype, self.device).realize()
