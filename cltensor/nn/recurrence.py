"""The loop of recurrent layers over the steps of sequences.

A step is one product, of the state before with the recurrent weights, and one kernel, which makes
the next state of it and of what the inputs give to the gates (one product for all steps, made
before).
The way back is as long; the weights' gradients are one product over all steps.

The rows of all steps lie one after the other, the rows of a step being the sequences that are that
long, the longest first: what a PackedSequence has, and a padded batch too.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from cltensor.autograd.batchpass import BatchPass
from cltensor.autograd.engine import Pass
from cltensor.core.batched import Batched
from cltensor.core.mode import is_grad_enabled
from cltensor.core.op import Op, primitive, same_device, same_dtype
from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES
from cltensor.ops.elementwise.activation import relu, sigmoid
from cltensor.ops.elementwise.cast import clone, full
from cltensor.ops.elementwise.functions import tanh
from cltensor.ops.index.pick import index_select
from cltensor.ops.linalg import gemm
from cltensor.ops.linalg.matmul import linear, matmul
from cltensor.ops.shape.copy import spread
from cltensor.ops.shape.cut import part
from cltensor.ops.shape.join import concat
from cltensor.ops.shape.view import matrix_transpose
from cltensor.runtime.kernel import kernel

#: How many gates a kind of cell has.
GATES = {"lstm": 4, "gru": 3, "tanh": 1, "relu": 1}


class _Window(NamedTuple):
    """A step: its rows, from which one on, those of the step before, and of the step after."""

    rows: int
    at: int
    before: int
    after: int


@lru_cache(maxsize=256)
def _windows(sizes: tuple[int, ...], reverse: bool) -> list[_Window]:
    """The steps in the order of their computation; the first has no step before (-1)."""
    starts = [0, *accumulate(sizes)]
    order = list(range(len(sizes)))[:: -1 if reverse else 1]
    return [
        _Window(
            sizes[t],
            starts[t],
            starts[order[k - 1]] if k else -1,
            sizes[order[k + 1]] if k + 1 < len(order) else 0,
        )
        for k, t in enumerate(order)
    ]


@lru_cache(maxsize=256)
def _places(sizes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Where sequences of unequal lengths end, among the rows; and for each row, where the state
    before it is, among the first states and then the rows."""
    starts = [0, *accumulate(sizes)]
    first = sizes[0]
    ends = np.zeros(first, np.int64)
    before = np.arange(starts[-1])
    for t, rows in enumerate(sizes):
        ends[:rows] = starts[t] + np.arange(rows)
        before[starts[t] : starts[t] + rows] = np.arange(rows) + (t and first + starts[t - 1])
    return ends, before


def _dense(x: Tensor) -> Tensor:
    """x with its elements one after the other from the start of a buffer."""
    x = x.contiguous()
    return (clone.run(x) if x.offset else x).realize()


class _Launcher:
    """Products and steps of one pass, on states of `size` elements."""

    def __init__(self, like: Tensor, cell: str, size: int) -> None:
        self.device, self.dtype = like.device, like.dtype
        self.cell, self.size = cell, size

    def product(self, a: Any, at: int, rows: int, b: Tensor) -> tuple[Any, int]:
        """rows of the dense `a` from row `at` on times the dense matrix b: a buffer with the
        product in parts, valid until the next one, and how many parts."""
        device, (inner, columns) = self.device, b.shape
        shapes = (rows, inner), (inner, 1), (inner, columns), (columns, 1)
        plan = gemm.plan(device, device.is_cpu, self.dtype, *shapes)
        assert plan is not None  # no size is 0
        parts = plan.shape[0] if len(plan.shape) > 2 else 1
        out = device.pool.allocate(parts * rows * columns * self.dtype.itemsize)
        for launch in plan.launches:
            launch([out, 0, a, at * inner, b.buffer, 0], None)
        return out, parts

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

    def empty(self, *shape: int) -> Tensor:
        """A tensor to be filled."""
        return Tensor.empty(shape, self.dtype, self.device)

    def zeros(self, *shape: int) -> Tensor:
        """A tensor of zeros, with elements."""
        return full(shape, 0, self.dtype, self.device).realize()


def _forward(
    x: Tensor, h: Tensor, c: Any, w: Tensor, p: Any, b: Any, cell: str, sizes: Any, reverse: bool
) -> tuple[Tensor, ...]:
    same_device("recurrent", *[t for t in (x, h, c, w, p, b) if t is not None])
    x, h = _dense(x), _dense(h)
    size = w.shape[0] // GATES[cell]
    run = _Launcher(x, cell, size)
    count = x.shape[0]
    states = run.empty(count, size)
    outputs = states if p is None else run.empty(count, h.shape[1])
    across = _dense(matrix_transpose(w))
    back = None if p is None else _dense(matrix_transpose(p))
    more: dict[str, Any] = {}
    kept = []
    if cell in ("lstm", "gru"):
        kept = [run.empty(count, 4 * size)]
        more["gates_g"] = kept[0].buffer
    if cell == "lstm":
        first, along = _dense(c), run.empty(count, size)
        more["c_g"] = along.buffer
        kept.append(along)
    elif cell == "gru":
        first, along = h, states
        more["bias_g"] = (run.zeros(3 * size) if b is None else _dense(b)).buffer
    for rows, at, before, _ in _windows(sizes, reverse) if count else ():
        source = h.buffer if before < 0 else outputs.buffer
        r, parts = run.product(source, max(before, 0), rows, across)
        if kept:
            more["before_g"] = (first if before < 0 else along).buffer
        run.run(
            "recurrent_step", parts, rows, size, h_g=states.buffer, x_g=x.buffer, r_g=r, at=at,
            before_at=max(before, 0) * size, r_part=rows * GATES[cell] * size, **more,
        )  # fmt: skip
        if back is not None:
            r, parts = run.product(states.buffer, at, rows, back)
            _sum(run, outputs, at, None, r, parts, rows, rows, None, rows * h.shape[1])
    found = [outputs, _last(outputs, sizes, reverse)]
    if cell == "lstm":
        found.append(_last(along, sizes, reverse))
    return (*found, *kept, *([] if p is None else [states]))


def _sum(
    run: _Launcher, y: Tensor, at: int, g: Any, r: Any, parts: int, rows: int, live: int, last: Any,
    step: int,
) -> None:  # fmt: skip
    """Into rows of y from row `at` on: those of g, and a product, or `last` where it has none."""
    size = y.shape[1]
    run.run(
        "recurrent_sum", parts, rows, size, y_g=y.buffer, at=at * size, r_part=step,
        g_g=y.buffer if g is None else g.buffer, has_g=int(g is not None), r_g=r, live=live,
        last_g=r if last is None else last.buffer, has_last=int(last is not None),
    )  # fmt: skip


def _last(states: Any, sizes: tuple[int, ...], reverse: bool) -> Any:
    """The state of each sequence after its last step."""
    if sizes[0] != sizes[-1]:
        return index_select(states, 0, _places(sizes)[0])
    return clone(part(states, 0, 0 if reverse else states.shape[0] - sizes[0], sizes[0]))


def _before(h: Any, states: Any, sizes: tuple[int, ...], reverse: bool) -> Any:
    """For each row the state before it; h are the first ones."""
    if len(sizes) == 1:
        return h
    if sizes[0] != sizes[-1]:
        return index_select(concat([h, states]), 0, _places(sizes)[1])
    rest = states.shape[0] - sizes[0]
    if reverse:
        return concat([part(states, 0, sizes[0], rest), h])
    return concat([h, part(states, 0, 0, rest)])


def _backward(
    g: Any, g_last: Any, g_cell: Any, h: Tensor, c: Any, w: Tensor, p: Any, out: Any, cell: str,
    sizes: Any, reverse: bool,
) -> tuple[Tensor, ...]:  # fmt: skip
    """Gradients of x and h, then of c (lstm), or of what the gates get of the state (gru); where
    there is a projection, of the outputs too."""
    size, (first, width) = w.shape[0] // GATES[cell], h.shape
    run = _Launcher(w, cell, size)
    outputs, count = out[0], out[0].shape[0]
    w, h = _dense(w), _dense(h)
    p = None if p is None else _dense(p)
    g, g_last = [None if t is None else _dense(t) for t in (g, g_last)]
    d = run.empty(count, GATES[cell] * size)
    carry, e = run.zeros(first, size), d
    more: dict[str, Any] = {}
    if cell == "lstm":
        carry = carry if g_cell is None else clone.run(g_cell).realize()
        gates, along = out[3], out[4]
        start, more["c_g"] = _dense(c), along.buffer
    elif cell == "gru":
        gates, along, start, e = out[2], outputs, h, run.empty(count, 3 * size)
        more["e_g"] = e.buffer
    else:
        more["h_g"] = outputs.buffer
    if cell in ("lstm", "gru"):
        more |= {"gates_g": gates.buffer, "carry_g": carry.buffer}
    whole = None if p is None else run.empty(count, width)
    r, parts, step = d.buffer, 1, 0
    for rows, at, before, live in reversed(_windows(sizes, reverse) if count else ()):
        given, last = g, g_last
        if p is not None and whole is not None:
            _sum(run, whole, at, g, r, parts, rows, live, g_last, step)
            r, parts = run.product(whole.buffer, at, rows, p)
            given = last = None
            live, step = rows, rows * size
        if cell in ("lstm", "gru"):
            more["before_g"] = (start if before < 0 else along).buffer
        run.run(
            "recurrent_grad", parts, rows, size, d_g=d.buffer, r_g=r, live=live, r_part=step, at=at,
            g_g=d.buffer if given is None else given.buffer, has_g=int(given is not None),
            last_g=r if last is None else last.buffer, has_last=int(last is not None),
            before_at=max(before, 0) * size, **more,
        )  # fmt: skip
        r, parts = run.product(e.buffer, at, rows, w)
        step = rows * width
    dh = run.zeros(first, width)
    if count:
        _sum(run, dh, 0, carry if cell == "gru" else None, r, parts, first, first, None, step)
    found = [d, dh]
    if cell in ("lstm", "gru"):
        found.append(carry if cell == "lstm" else e)
    return (*found, *([] if whole is None else [whole]))


_scan_back: Op = primitive(
    "recurrent_backward(g, g_last, g_cell, h, c, w, p, out, cell, sizes, reverse)", _backward
)
_scan_back.batched(None)


def _steps(
    x: Any, h: Any, c: Any, w: Any, p: Any, b: Any, cell: str, sizes: Any, reverse: bool
) -> list[Any]:
    """What `recurrence` gives, made of recorded operations: for derivatives of higher order."""
    size = w.shape[0] // GATES[cell]
    found: dict[int, Any] = {}
    for rows, at, _, _ in _windows(sizes, reverse):
        given = part(x, 0, at, rows)
        h_rest, h = part(h, 0, rows, h.shape[0] - rows), part(h, 0, 0, rows)
        r = linear(h, w) if b is None else linear(h, w) + b
        if cell == "lstm":
            c_rest, c = part(c, 0, rows, c.shape[0] - rows), part(c, 0, 0, rows)
            enter, stay, fresh, leave = [part(given + r, 1, k * size, size) for k in range(4)]
            c = sigmoid(stay) * c + sigmoid(enter) * tanh(fresh)
            h = sigmoid(leave) * tanh(c)
            h = h if p is None else linear(h, p)
            c = concat([c, c_rest])
        elif cell == "gru":
            ours, theirs = [[part(y, 1, k * size, size) for k in range(3)] for y in (given, r)]
            reset, stay = [sigmoid(ours[k] + theirs[k]) for k in range(2)]
            fresh = tanh(ours[2] + reset * theirs[2])
            h = (h - fresh) * stay + fresh
        else:
            h = (tanh if cell == "tanh" else relu)(given + r)
        found[at] = h
        h = concat([h, h_rest])
    outputs = concat([found[at] for at in sorted(found)])
    return [outputs, h, c] if cell == "lstm" else [outputs, h]


def _recorded(g: Any, operands: Sequence[Any], *how: Any) -> list[Any]:
    """Gradients of the operands, as recorded operations."""
    # Clones: the same tensor may be several operands, or one depend on another.
    wanted = [t is not None and t.node is not None for t in operands]
    own = [clone(t) if want else t for t, want in zip(operands, wanted, strict=True)]
    outputs = [o for o in zip(_steps(*own, *how), g, strict=False) if o[1] is not None]
    nodes = [t.node if want else None for t, want in zip(own, wanted, strict=True)]
    kind = BatchPass if any(isinstance(t, Batched) for t in g) else Pass
    run = kind([n for n in nodes if n is not None], True, True, accumulate=False, stop=True)
    found = run.run([o for o, _ in outputs], [each for _, each in outputs])
    return [None if n is None else found.get(n) for n in nodes]


def _rule(
    g: Any, out: Any, x: Any, h: Any, c: Any, w: Any, p: Any, b: Any, cell: str, sizes: Any,
    reverse: bool,
) -> Sequence[Any]:  # fmt: skip
    if is_grad_enabled():
        return _recorded(g, (x, h, c, w, p, b), cell, sizes, reverse)
    g_cell = g[2] if cell == "lstm" else None
    found = _scan_back(g[0], g[1], g_cell, h, c, w, p, tuple(out), cell, sizes, reverse)
    into = found[2] if cell == "gru" else found[0]
    return (
        found[0],
        found[1],
        found[2] if cell == "lstm" else None,
        matmul(matrix_transpose(into), _before(h, out[0], sizes, reverse)),
        None if p is None else matmul(matrix_transpose(found[3]), out[5]),
        None if b is None else into.sum(0),
    )


#: Outputs and last states of a layer in one direction, and what its rule reads.
_scan: Op = primitive(
    "recurrent(x, h, c, w, p, b, cell, sizes, reverse)", _forward, dx_h_c_w_p_b=_rule
)
_scan.batched(None)


def recurrence(
    cell: str, x: Any, h: Any, c: Any, w: Any, p: Any, b: Any, sizes: Sequence[int], reverse: bool
) -> tuple[Any, Any, Any]:
    """The states of a recurrent layer after each step, from first ones on.

    Args:    cell: "lstm", "gru", "tanh" or "relu"; x (N, G H): what the inputs and the biases give
             to the G gates of H units; h (B, P) the first states, c (B, H) those of the cells of an
             lstm; w (G H, P) the recurrent weights; p (P, H) the projection of an lstm, or None; b
             (G H,) what is added to the recurrent product of a gru, or None; sizes: rows of each
             step, B at first and never more later; reverse: from the last step on, for sizes that
             are all equal.
    Returns: (outputs (N, P), last states (B, P), those of the cells (B, H) or None).
    Raises:  DTypeError if the operands differ in dtype.
    """
    # Here, since a primitive that is given narrow floats gets them all as float32.
    same_dtype("recurrent", *[t for t in (x, h, c, w, p, b) if t is not None])
    out = _scan(x, h, c, w, p, b, cell, tuple(sizes), reverse)
    return out[0], out[1], out[2] if cell == "lstm" else None
