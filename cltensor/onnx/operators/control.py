"""Control flow, sequences and what may be absent."""

from __future__ import annotations

from typing import Any

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.dtypes import float32
from cltensor.onnx.functions import main as ct
from cltensor.onnx.table import Array, Asked, Body, Element, Ints, Value, operator


def _is_true(condition: Any) -> bool:
    return bool(condition.item() if isinstance(condition, Tensor) else condition)


@operator("If")
def _if(cond: Array, *, then_branch: Body, else_branch: Body):
    if cond.size != 1:
        raise ValueError(f"a condition of shape {cond.shape}")
    return (then_branch if cond.item() else else_branch)()


@operator("Loop")
def _loop(
    trips: Ints | None = None, cond: Array | None = None, *carried: Value, body: Body,
    outputs: Asked, device: Asked,
):  # fmt: skip
    values = list(carried)
    scanned: list[list[Any]] = [[] for _ in range(max(outputs - len(carried), 0))]
    going, turn = cond is None or bool(cond.item()), 0
    while going and (trips is None or turn < trips[0]):
        found = body(
            ct.tensor(np.array(turn, np.int64), device=device),
            ct.tensor(np.array(going), device=device),
            *values,
        )
        going = _is_true(found[0])
        values = list(found[1 : 1 + len(values)])
        for kept, one in zip(scanned, found[1 + len(values) :], strict=False):
            kept.append(one)
        turn += 1
    return *values, *[ct.stack(kept) if kept else _nothing(device) for kept in scanned]


def _nothing(device: Any) -> Any:
    return ct.zeros((0,), dtype=float32, device=device)


@operator("Scan")
def _scan_8(lengths: Value = None, *given: Value, body: Body, num_scan_inputs: int,
            directions: list[int] | None = None, device: Asked):  # fmt: skip
    # The first axis is the batch, and the second the steps.
    if lengths is not None:
        raise ValueError("sequence_lens of version 8, which cltensor has not")
    batch = given[0].shape[0]
    rows = []
    for at in range(batch):
        rows.append(
            _scan(*[x[at] for x in given], body=body, num_scan_inputs=num_scan_inputs,
                  scan_input_directions=directions, device=device)
        )  # fmt: skip
    return tuple(ct.stack(list(parts)) for parts in zip(*rows, strict=True))


@operator("Scan", since=9)
def _scan(
    *given: Value, body: Body, num_scan_inputs: int, scan_input_axes: list[int] | None = None,
    scan_input_directions: list[int] | None = None, scan_output_axes: list[int] | None = None,
    scan_output_directions: list[int] | None = None, device: Asked,
):  # fmt: skip
    n = num_scan_inputs
    if not 0 < n <= len(given):
        raise ValueError(f"num_scan_inputs is {n}, of {len(given)} inputs")
    states, inputs = list(given[: len(given) - n]), given[len(given) - n :]
    axes, turned = scan_input_axes or [0] * n, scan_input_directions or [0] * n
    steps = inputs[0].shape[axes[0]]
    kept: list[list[Any]] = []
    for t in range(steps):
        parts = [
            ct.select(x, axis, steps - 1 - t if back else t)
            for x, axis, back in zip(inputs, axes, turned, strict=True)
        ]
        found = body(*states, *parts)
        states, rest = list(found[: len(states)]), found[len(states) :]
        kept = kept or [[] for _ in rest]
        for values, value in zip(kept, rest, strict=True):
            values.append(value)
    out_axes = scan_output_axes or [0] * len(kept)
    out_turned = scan_output_directions or [0] * len(kept)
    return *states, *[
        ct.stack(values[::-1] if back else values, axis)
        for values, axis, back in zip(kept, out_axes, out_turned, strict=True)
    ]


# ------------------------------------------------------------------------------------- sequences


@operator("SequenceConstruct", since=11)
def _sequence_construct(*xs):
    return list(xs)


@operator("SequenceEmpty", since=11)
def _sequence_empty(*, dtype: Element | None = None):
    return []


@operator("SequenceAt", since=11)
def _sequence_at(sequence: Value, position: Ints):
    return sequence[position[0]]


@operator("SequenceErase", since=11)
def _sequence_erase(sequence: Value, position: Ints | None = None):
    left = list(sequence)
    del left[position[0] if position else -1]
    return left


@operator("SequenceInsert", since=11)
def _sequence_insert(sequence: Value, x: Value, position: Ints | None = None):
    longer = list(sequence)
    at = position[0] if position else len(longer)
    if not -len(longer) <= at <= len(longer):
        raise IndexError(f"a position {at} in a sequence of {len(longer)}")
    longer.insert(at, x)
    return longer


@operator("SequenceLength", since=11)
def _sequence_length(sequence: Value):
    return np.array(len(sequence), np.int64)


@operator("SequenceMap", since=17)
def _sequence_map(sequence: Value, *more: Value, body: Body):
    rows = [
        body(x, *[m[i] if isinstance(m, list) else m for m in more]) for i, x in enumerate(sequence)
    ]
    return tuple(list(parts) for parts in zip(*rows, strict=True))


@operator("ConcatFromSequence", since=11)
def _concat_from_sequence(sequence: Value, *, axis: int, new_axis: bool = False):
    return (ct.stack if new_axis else ct.cat)(list(sequence), axis)


@operator("SplitToSequence", since=11)
def _split_to_sequence(x, split: Array | None = None, *, axis: int = 0, keepdims: bool = True):
    total = x.shape[axis]
    if split is None:
        parts = [ct.narrow(x, axis, i, 1) for i in range(total)]
        return parts if keepdims else [ct.squeeze(p, axis) for p in parts]
    if split.ndim:
        sizes = [int(n) for n in split]
    else:
        each = int(split)
        sizes = [min(each, total - start) for start in range(0, total, each)]
    return list(ct.split(x, sizes, axis))


@operator("Optional", since=15)
def _optional(x: Value | None = None, *, type: Value | None = None):
    return x


@operator("OptionalGetElement", since=15)
def _optional_get(x: Value):
    if x is None:
        raise ValueError("there is no element")
    return x


@operator("OptionalHasElement", since=15)
def _optional_has(x: Value | None = None):
    return np.array(x is not None)
