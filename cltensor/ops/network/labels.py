"""Picking one entry per label, the heart of the classification losses.

Unlike `gather`, a negative label is a fault and not a count from the end, one label may stand for
"no label", and the derivative writes each row once instead of adding into zeros.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from cltensor.core.batched import Batched
from cltensor.core.hooks import tracers
from cltensor.core.op import Op, primitive, same_device
from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES, SHORT, int32, int64
from cltensor.lazy.grids import LONGEST_ROW
from cltensor.ops.create import arange
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.elementwise.compare import eq, logical_and, not_equal
from cltensor.ops.elementwise.functions import exp
from cltensor.ops.elementwise.select import where
from cltensor.ops.shape.copy import spread, wide
from cltensor.ops.shape.view import reshape
from cltensor.runtime.determinism import is_deterministic
from cltensor.runtime.device import Device
from cltensor.runtime.faults import LABEL, Site
from cltensor.runtime.groups import GroupError, largest_group, narrow
from cltensor.runtime.kernel import kernel


def _run_pick(x: Tensor, labels: Tensor, axis: int, ignored: int, operation: str) -> Tensor:
    same_device(operation, x, labels)
    result = Tensor.empty(labels.shape, x.dtype, x.device)
    if result.size:
        _launch(result, x, labels, x.shape[axis:], ignored, Site(operation, axis, LABEL))
    return result


@lru_cache(maxsize=64)
def _places(device: Device, classes: int, dtype: np.dtype) -> Tensor:
    """0, 1, ... classes - 1, uploaded once."""
    return arange(classes, dtype=dtype, device=device)


def _spread(g: Any, labels: Any, axis: int, ignored: int, classes: int) -> Any:
    """Zeros with g at the labels along `axis`, of `classes`: the derivative of label_pick.

    Pointwise, so that it needs no memory of its own in the gradient that it is added to.
    """
    # Compared in 32 bits where that will do, for more of them fit into a vector.
    narrow = max(classes, abs(ignored)) <= np.iinfo(int32).max
    places = _places(g.device, classes, int32 if narrow else int64)
    places = reshape(places, (classes,) + (1,) * (g.ndim - axis - 1))
    hit = eq(places, astype(labels, places.dtype))
    if 0 <= ignored < classes:
        hit = logical_and(hit, not_equal(labels, ignored))
    return where(hit, g, 0)


def _launch(
    result: Tensor,
    source: Tensor,
    labels: Tensor,
    sizes: tuple[int, ...],
    ignored: int,
    site: Site,
) -> None:
    source, labels = source.contiguous(), labels.contiguous()
    device = result.device
    size, local, each = spread(device, labels.size)
    run = kernel(
        device,
        "label_pick",
        T=C_NAMES[result.dtype],
        L=C_NAMES[labels.dtype],
        index="long" if wide(result, source, labels) else "int",
    )
    run(
        (size,), (local,), y_g=result.buffer, x_g=source.buffer, label_g=labels.buffer,
        x_start=source.offset, label_start=labels.offset, count=labels.size, classes=sizes[0],
        inner=prod(sizes[1:]), each=each, ignored=ignored,
        fault_g=device.faults.buffer, site=device.faults.region(site),
    )  # fmt: skip


#: x[..., labels[...], ...] along `axis`, one entry per label; 0 where the label is `ignored`.
#: labels have size 1 along `axis`, and so has the result: it broadcasts against x.
label_pick: Op = primitive(
    "label_pick(x, labels, axis, ignored, operation)",
    _run_pick,
    dx=lambda g, labels, axis, ignored, x_shape: _spread(g, labels, axis, ignored, x_shape[axis]),
)


#: So few classes that one work-item of a GPU takes a row.
_FEW_CLASSES = 32
#: So few scores that a launch less saves more than vectors, on a CPU, or many groups.
_FEW_SCORES = 2048


def _run_loss(
    x: Tensor, labels: Tensor, axis: int, ignored: int, operation: str
) -> tuple[Tensor, Tensor]:
    same_device(operation, x, labels)
    x, labels = x.contiguous(), labels.contiguous()
    loss, total = [Tensor.empty(labels.shape, x.dtype, x.device) for _ in range(2)]
    while True:
        try:
            _launch_loss(loss, total, x, labels, ignored, Site(operation, axis, LABEL))
        except GroupError as error:
            narrow("label_loss", error)
        else:
            return loss, total


def _run_mean(
    x: Tensor, labels: Tensor, axis: int, ignored: int, operation: str
) -> tuple[Tensor, Tensor, Tensor]:
    same_device(operation, x, labels)
    x, labels = x.contiguous(), labels.contiguous()
    loss, used = [Tensor.empty((), x.dtype, x.device) for _ in range(2)]
    total = Tensor.empty(labels.shape, x.dtype, x.device)
    while True:
        try:
            _launch_loss(loss, total, x, labels, ignored, Site(operation, axis, LABEL), used)
        except GroupError as error:
            narrow("label_loss", error)
        else:
            return loss, total, used


def _launch_loss(
    loss: Tensor,
    total: Tensor,
    x: Tensor,
    labels: Tensor,
    ignored: int,
    site: Site,
    used: Tensor | None = None,
) -> None:
    device, rows, classes = x.device, int(labels.size), x.shape[-1]
    alone = device.is_cpu or classes <= _FEW_CLASSES
    more: dict[str, Any] = {}
    if used is not None:
        wanted = max(32, min(256, 1 << (rows - 1).bit_length()))
        size = local = 1 if device.is_cpu else largest_group(device, "label_loss", wanted)
        each, more = rows, {"used_g": used.buffer}
    elif alone:
        size, local, each = spread(device, rows, max(1, _FEW_SCORES // classes))
    else:
        wanted = max(32, min(256, 1 << (classes // 4 - 1).bit_length()))
        local, each = largest_group(device, "label_loss", wanted), 1
        size = rows * local
    run = kernel(
        device, "label_loss", T=C_NAMES[x.dtype], L=C_NAMES[labels.dtype],
        index="long" if wide(x) else "int", alone=alone, mean=bool(more),
    )  # fmt: skip
    run(
        (size,), (local,), y_g=loss.buffer, total_g=total.buffer, x_g=x.buffer,
        label_g=labels.buffer, x_start=x.offset, label_start=labels.offset, rows=rows,
        classes=classes, each=each, ignored=ignored,
        fault_g=device.faults.buffer, site=device.faults.region(site), **more,
    )  # fmt: skip


def _loss_rule(g: Any, x: Any, labels: Any, axis: int, ignored: int, out: Any) -> Any:
    to_loss, to_total = g
    return _slope(to_loss, to_total, x, labels, axis, ignored, out[1])


def _mean_rule(g: Any, x: Any, labels: Any, axis: int, ignored: int, out: Any) -> Any:
    to_mean, to_total, _ = g
    _, total, used = out
    to_loss = None if to_mean is None else to_mean / used
    return _slope(to_loss, to_total, x, labels, axis, ignored, total)


def _slope(
    to_loss: Any, to_total: Any, x: Any, labels: Any, axis: int, ignored: int, total: Any
) -> Any:
    """The gradient to scores, of those to their losses and totals."""
    if to_loss is None:
        return None if to_total is None else to_total * exp(x - total)
    kept = where(eq(labels, ignored), 0.0, to_loss)
    summed = kept if to_total is None else kept + to_total
    return summed * exp(x - total) - _spread(kept, labels, axis, ignored, x.shape[axis])


_label_loss: Op = primitive(
    "label_loss(x, labels, axis, ignored, operation)",
    _run_loss,
    dx=_loss_rule,
)


_label_mean: Op = primitive(
    "label_mean(x, labels, axis, ignored, operation)",
    _run_mean,
    dx=_mean_rule,
)


def label_loss(x: Any, labels: Any, axis: int, ignored: int, operation: str) -> Any:
    """log(sum(exp(x))) along `axis`, the last one, less the score of each label; 0 where the label
    is `ignored`. labels have size 1 along `axis`, and so has the result.

    One launch; None where several, of other kernels, are better or needed.
    """
    if not _is_one_launch(x, labels, axis):
        return None
    return _label_loss(x, labels, axis, ignored, operation)[0]


def label_mean(x: Any, labels: Any, axis: int, ignored: int, operation: str) -> Any:
    """The mean of `label_loss` over the labels that are not ignored. One launch too, or None."""
    few = x.size <= _FEW_SCORES and (x.device.is_cpu or x.shape[axis] <= _FEW_CLASSES)
    if not few or not _is_one_launch(x, labels, axis):
        return None
    return _label_mean(x, labels, axis, ignored, operation)[0]


def _is_one_launch(x: Any, labels: Any, axis: int) -> bool:
    if is_deterministic() or tracers or isinstance(x, Batched) or isinstance(labels, Batched):
        return False
    few = x.size <= _FEW_SCORES if x.device.is_cpu else x.shape[axis] <= LONGEST_ROW
    dense = bool(x.size) and axis == x.ndim - 1
    return few and dense and x.dtype not in SHORT and x.dtype.kind == "f"
