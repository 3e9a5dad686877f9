"""The loop of recurrent layers over the steps of sequences.

A step is one product, of the state before with the recurrent weights, and one kernel, which makes
the next state of it and of what the inputs give to the gates (one product for all steps, made
before); where it pays, one launch does that for many steps (recurrent_launches.py).
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
from cltensor.autograd.graph import SPENT
from cltensor.core.batched import Batched
from cltensor.core.casting import casting, dtype_of, widened
from cltensor.core.mode import is_grad_enabled
from cltensor.core.op import Op, primitive, same_device, same_dtype
from cltensor.core.tensor import Tensor
from cltensor.dtypes import SHORT, float32
from cltensor.errors import ShapeError
from cltensor.nn.recurrent_launches import GATES, Launcher, Run, Window, dense, runs, windows
from cltensor.ops.elementwise.activation import relu, sigmoid
from cltensor.ops.elementwise.cast import clone
from cltensor.ops.elementwise.functions import tanh
from cltensor.ops.index.pick import index_select
from cltensor.ops.linalg.matmul import linear, matmul
from cltensor.ops.shape.cut import part
from cltensor.ops.shape.join import concat
from cltensor.ops.shape.view import matrix_transpose
from cltensor.runtime.determinism import is_deterministic


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


def _by_sequence(x: Any, sizes: tuple[int, ...]) -> Any:
    """Rows of all steps, those of a sequence one after the other. Of a sum over them, in the one
    order that its length decides, half of a batch has a subtree."""
    first = sizes[0]
    if len(sizes) == 1:
        return x
    if first != sizes[-1]:
        steps = np.repeat(np.arange(len(sizes)), sizes)
        rows = np.concatenate([np.arange(n) for n in sizes])
        return index_select(x, 0, np.lexsort((steps, rows)))
    return x.reshape(len(sizes), first, x.shape[1]).swapaxes(0, 1).reshape(x.shape)


def _gates(x: Any, wi: Any, bi: Any) -> Any:
    """What the inputs give to the gates, which is x itself where there is no `wi`."""
    if wi is None:
        return x
    given = linear(x, wi)
    return given if bi is None else given + bi


def _forward(
    x: Tensor, wi: Any, bi: Any, h: Tensor, c: Any, w: Tensor, p: Any, b: Any, cell: str,
    sizes: Any, reverse: bool,
) -> tuple[Tensor, ...]:  # fmt: skip
    same_device("recurrent", *[t for t in (x, wi, bi, h, c, w, p, b) if t is not None])
    x, h = dense(_gates(x, wi, bi)), dense(h)
    size = w.shape[0] // GATES[cell]
    run = Launcher(x, cell, size)
    count = x.shape[0]
    states = run.empty(count, size)
    outputs = states if p is None else run.empty(count, h.shape[1])
    whole = run.whole("recurrent_step", p, h.shape[0])
    across = run.packed(matrix_transpose(w)) if whole else dense(matrix_transpose(w))
    back = None if p is None else dense(matrix_transpose(p))
    more: dict[str, Any] = {}
    kept = []
    if cell in ("lstm", "gru"):
        kept = [run.empty(count, 4 * size)]
        more["gates_g"] = kept[0].buffer
    if cell == "lstm":
        first, along = dense(c), run.empty(count, size)
        more["c_g"] = along.buffer
        kept.append(along)
    elif cell == "gru":
        first, along = h, states
        more["bias_g"] = (run.zeros(3 * size) if b is None else dense(b)).buffer
    if count and whole:
        for each in runs(sizes, reverse):
            if kept:
                more["before_g"] = (first if each.before < 0 else along).buffer
            run.several(
                "recurrent_step", each, across, h_g=states.buffer, x_g=x.buffer,
                start_g=(h if each.before < 0 else states).buffer, at=each.at, stride=each.stride,
                before_at=max(each.before, 0) * size, **more,
            )  # fmt: skip
    elif count:
        for step in windows(sizes, reverse):
            if kept:
                more["before_g"] = (first if step.before < 0 else along).buffer
            source = (h if step.before < 0 else outputs).buffer
            _step(run, step, source, across, back, x, states, outputs, more)
    found = [outputs, _last(outputs, sizes, reverse)]
    if cell == "lstm":
        found.append(_last(along, sizes, reverse))
    return (*found, *kept, *([] if p is None else [states]))


def _step(
    run: Launcher, step: Window, source: Any, across: Tensor, back: Any, x: Tensor,
    states: Tensor, outputs: Tensor, more: dict[str, Any],
) -> None:  # fmt: skip
    """One step, its product and its projection, in launches of their own."""
    rows, at, before, _ = step
    r, parts = run.product(source, max(before, 0), rows, across)
    run.run(
        "recurrent_step", parts, rows, run.size, h_g=states.buffer, x_g=x.buffer, r_g=r, at=at,
        before_at=max(before, 0) * run.size, r_part=rows * across.shape[1], **more,
    )  # fmt: skip
    if back is not None:
        r, parts = run.product(states.buffer, at, rows, back)
        _sum(run, outputs, at, None, r, parts, rows, rows, None, rows * outputs.shape[1])


def _sum(
    run: Launcher, y: Tensor, at: int, g: Any, r: Any, parts: int, rows: int, live: int, last: Any,
    step: int,
) -> None:  # fmt: skip
    """Into rows of y from row `at` on: those of g, and a product, or `last` where it has none."""
    size = y.shape[1]
    run.run(
        "recurrent_sum", parts, rows, size, y_g=y.buffer, at=at * size, r_part=step,
        g_g=y.buffer if g is None else g.buffer, has_g=int(g is not None), r_g=r, live=live,
        last_g=r if last is None else last.buffer, has_last=int(last is not None),
    )  # fmt: skip


def _turned(x: Any, rows: int) -> Any:
    """x with its first rows behind the others."""
    return concat([part(x, 0, rows, x.shape[0] - rows), part(x, 0, 0, rows)])


def _last(states: Any, sizes: tuple[int, ...], reverse: bool) -> Any:
    """The state of each sequence after its last step."""
    if sizes[0] != sizes[-1]:
        return index_select(states, 0, _places(sizes)[0])
    return clone(part(states, 0, 0 if reverse else states.shape[0] - sizes[0], sizes[0]))


def _of_weights(into: Any, h: Any, states: Any, sizes: tuple[int, ...], reverse: bool) -> Any:
    """The gradient of the recurrent weights: that of the gates, `into`, times the state before each
    row; h are the first ones."""
    into, first = matrix_transpose(into), sizes[0]
    if len(sizes) == 1:
        return matmul(into, h)
    rest = states.shape[0] - first
    if is_deterministic() or first != sizes[-1]:
        if first != sizes[-1]:
            before = index_select(concat([h, states]), 0, _places(sizes)[1])
        elif reverse:
            before = concat([part(states, 0, first, rest), h])
        else:
            before = concat([h, part(states, 0, 0, rest)])
        return matmul(into, _by_sequence(before, sizes) if is_deterministic() else before)
    begin, later, earlier = (rest, 0, first) if reverse else (0, first, 0)
    return matmul(part(into, 1, begin, first), h) + matmul(
        part(into, 1, later, rest), part(states, 0, earlier, rest)
    )


class _Back(NamedTuple):
    """What the way back goes along: the gradients that come to the outputs and to the last states,
    those it makes (rows that begin with the gradients of what the state gave to the gates), the
    weights, and the states before, the first ones and the others."""

    g: Any
    g_last: Any
    d: Tensor
    w: Tensor
    start: Any
    along: Any
    more: dict[str, Any]

    def arguments(self, before: int, size: int) -> dict[str, Any]:
        """Arguments of the kernel for a step whose step before begins at that row."""
        found = self.more | {"d_g": self.d.buffer, "before_at": max(before, 0) * size}
        if self.start is not None:
            found["before_g"] = (self.start if before < 0 else self.along).buffer
        return found

    def given(self, g: Any, last: Any) -> dict[str, Any]:
        """Those for gradients that may be None."""
        g_g, last_g = [(self.d if t is None else t).buffer for t in (g, last)]
        has = {"has_g": int(g is not None), "has_last": int(last is not None)}
        return has | {"g_g": g_g, "last_g": last_g}


def _back_in_runs(run: Launcher, way: _Back, runs: list[Run]) -> tuple[Any, int, int]:
    """All steps back, several in a launch; the gradient of the first states, a product in parts."""
    packed, given = run.packed(way.w), way.given(way.g, way.g_last)
    for each in reversed(runs):
        run.several(
            "recurrent_grad", each, packed, live=each.live, after_at=each.after,
            at=each.at + (each.steps - 1) * each.stride, stride=-each.stride, **given,
            **way.arguments(each.before, run.size),
        )  # fmt: skip
    rows = runs[0].rows
    found = run.product(way.d.buffer, runs[0].at, rows, way.w, way.d.shape[1])
    return (*found, rows * way.w.shape[1])


def _back_in_steps(
    run: Launcher, way: _Back, steps: list[Window], p: Any, whole: Any
) -> tuple[Any, int, int]:
    """All steps back, products and projections in launches of their own; `whole` gets the gradients
    of the projected states."""
    r, parts, step = way.d.buffer, 1, 0
    for rows, at, before, live in reversed(steps):
        given = way.given(way.g, way.g_last)
        if p is not None:
            _sum(run, whole, at, way.g, r, parts, rows, live, way.g_last, step)
            r, parts = run.product(whole.buffer, at, rows, p)
            given, live, step = way.given(None, None), rows, rows * run.size
        run.run(
            "recurrent_grad", parts, rows, run.size, r_g=r, live=live, r_part=step, at=at, **given,
            **way.arguments(before, run.size),
        )  # fmt: skip
        r, parts = run.product(way.d.buffer, at, rows, way.w, way.d.shape[1])
        step = rows * way.w.shape[1]
    return r, parts, step


def _backward(
    g: Any, g_last: Any, g_cell: Any, h: Tensor, c: Any, w: Tensor, p: Any, out: Any, cell: str,
    sizes: Any, reverse: bool, spent: bool,
) -> tuple[Tensor, ...]:  # fmt: skip
    """Gradients of the gates and of h, then of c (lstm); where there is a projection, of the
    outputs too.

    Rows of a gru are the gradients of what the state gave to the fresh gate, of reset, of stay, and
    of what the input gave to the fresh gate. spent: they go where the gates are, if those were
    kept."""
    size, (first, width) = w.shape[0] // GATES[cell], h.shape
    run = Launcher(w, cell, size)
    outputs, count = out[0], out[0].shape[0]
    w, h = dense(_turned(w, 2 * size) if cell == "gru" else w), dense(h)
    g, g_last, p = [None if t is None else dense(t) for t in (g, g_last, p)]
    carry = run.zeros(first, size)
    start: Any = None
    along: Any = None
    gates: Any = None
    more: dict[str, Any] = {}
    if cell == "lstm":
        carry = carry if g_cell is None else clone.run(g_cell).realize()
        gates, along = out[3], out[4]
        start, more["c_g"] = dense(c), along.buffer
    elif cell == "gru":
        gates, along, start = out[2], outputs, h
    if cell != "lstm":
        more["h_g"] = outputs.buffer
    if start is not None:
        more |= {"gates_g": gates.buffer, "carry_g": carry.buffer}
    if spent and gates is not None:
        d = gates
        d.buffer.mark_changed(SPENT)  # first: an error may leave them half written
    else:
        d = run.empty(count, size * (1 if gates is None else 4))
    whole = None if p is None else run.empty(count, width)
    dh = run.zeros(first, width)
    if count:
        way = _Back(g, g_last, d, w, start, along, more)
        if run.whole("recurrent_grad", p, first):
            found = _back_in_runs(run, way, runs(sizes, reverse))
        else:
            found = _back_in_steps(run, way, windows(sizes, reverse), p, whole)
        r, parts, step = found
        _sum(run, dh, 0, carry if cell == "gru" else None, r, parts, first, first, None, step)
    return (d, dh, *([carry] if cell == "lstm" else []), *([] if whole is None else [whole]))


_scan_back: Op = primitive(
    "recurrent_backward(g, g_last, g_cell, h, c, w, p, out, cell, sizes, reverse, spent)", _backward
)
_scan_back.batched(None)


def _steps(
    x: Any, wi: Any, bi: Any, h: Any, c: Any, w: Any, p: Any, b: Any, cell: str, sizes: Any,
    reverse: bool,
) -> list[Any]:  # fmt: skip
    """What `recurrence` gives, made of recorded operations: for derivatives of higher order."""
    x = _gates(x, wi, bi)
    size = w.shape[0] // GATES[cell]
    found: dict[int, Any] = {}
    for rows, at, _, _ in windows(sizes, reverse):
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
    g: Any, out: Any, x: Any, wi: Any, bi: Any, h: Any, c: Any, w: Any, p: Any, b: Any, cell: str,
    sizes: Any, reverse: bool, spent: bool,
) -> Sequence[Any]:  # fmt: skip
    if is_grad_enabled():
        return _recorded(g, (x, wi, bi, h, c, w, p, b), cell, sizes, reverse)
    g_cell = g[2] if cell == "lstm" else None
    found = _scan_back(g[0], g[1], g_cell, h, c, w, p, tuple(out), cell, sizes, reverse, spent)
    rows = d = found[0]
    last: Any = None if p is None else found[3]
    states = None if p is None else out[5]
    of_input = None if wi is None else x
    if is_deterministic():
        rows, last, states, of_input = [
            t if t is None else _by_sequence(t, sizes) for t in (rows, last, states, of_input)
        ]
    into = rows
    if cell == "gru":
        size = h.shape[1]
        d, into = part(d, 1, size, 3 * size), part(rows, 1, 0, 3 * size)
        rows = part(rows, 1, size, 3 * size)
    of_state = [_of_weights(into, h, out[0], sizes, reverse), None if b is None else into.sum(0)]
    if cell == "gru":
        of_state = [t if t is None else _turned(t, size) for t in of_state]
    return (
        d if wi is None else matmul(d, wi),
        None if wi is None else matmul(matrix_transpose(rows), of_input),
        None if bi is None else rows.sum(0),
        found[1],
        found[2] if cell == "lstm" else None,
        of_state[0],
        None if p is None else matmul(matrix_transpose(last), states),
        of_state[1],
    )


def _require_shapes(
    gates: int, x: Any, wi: Any, bi: Any, h: Any, c: Any, w: Any, p: Any, b: Any
) -> None:
    """Raise ShapeError unless all sizes are those of the states and of the gates."""
    given, width = x.shape[1] if wi is None else wi.shape[0], h.shape[1]
    size = given // gates
    wanted: list[tuple[str, Any, tuple[int, ...]]] = [
        ("weight_hh", w, (gates * size, width)),
        ("the input's gates", x if wi is None else None, (x.shape[0], gates * size)),
        ("weight_ih", wi, (gates * size, x.shape[1])),
        ("bias_ih", bi, (gates * size,)),
        ("weight_hr", p, (width, size)),
        ("bias_hh", b, (gates * size,)),
        ("the cells' state", c, (h.shape[0], size)),
    ]
    for name, tensor, shape in wanted:
        if tensor is not None and tuple(tensor.shape) != shape:
            raise ShapeError(
                f"recurrent: {name} has shape {tuple(tensor.shape)}, but a state of {width} and "
                f"{gates} gates of {size} units need {shape}"
            )
    if p is None and width != size:
        raise ShapeError(
            f"recurrent: a state of {width} does not fit {gates} gates of {size} units each"
        )


#: Outputs and last states of a layer in one direction, and what its rule reads.
_scan: Op = primitive(
    "recurrent(x, wi, bi, h, c, w, p, b, cell, sizes, reverse)",
    _forward,
    dx_wi_bi_h_c_w_p_b=_rule,
)
_scan.batched(None)


def recurrence(
    cell: str, x: Any, h: Any, c: Any, w: Any, p: Any, b: Any, sizes: Sequence[int], reverse: bool,
    wi: Any = None, bi: Any = None,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """The states of a recurrent layer after each step, from first ones on.

    Args:    cell: "lstm", "gru", "tanh" or "relu"; x (N, I): the inputs, which wi (G H, I) and bi
             (G H,) or None make into what the G gates of H units get, or without wi that (N, G H)
             itself, which is kept for backward then; h (B, P) the first states, c (B, H) those of
             the cells of an lstm; w (G H, P) the recurrent weights; p (P, H) the projection of an
             lstm, or None; b (G H,) what is added to the recurrent product of a gru, or None;
             sizes: rows of each step, B at first and never more later; reverse: from the last step
             on, for sizes that are all equal.
    Returns: (outputs (N, P), last states (B, P), those of the cells (B, H) or None).
    Raises:  DTypeError if the operands differ in dtype, ShapeError for sizes that do not fit.
    """
    narrow = None
    if casting.dtypes is not None and (x.dtype is float32 or x.dtype in SHORT):
        # Sums are of float32 anyway: to round only what is given saves a cast of each operand.
        narrow = dtype_of(x)
        x, wi, bi, h, c, w, p, b = (widened(t) for t in (x, wi, bi, h, c, w, p, b))
    # Here, since a primitive that is given narrow floats gets them all as float32.
    same_dtype("recurrent", *[t for t in (x, wi, bi, h, c, w, p, b) if t is not None])
    _require_shapes(GATES[cell], x, wi, bi, h, c, w, p, b)
    out = _scan(x, wi, bi, h, c, w, p, b, cell, tuple(sizes), reverse)
    found = out[0], out[1], out[2] if cell == "lstm" else None
    if narrow is None:
        return found
    first, last, cells = [t if t is None else t.to(narrow) for t in found]
    return first, last, cells
