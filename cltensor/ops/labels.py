"""Picking one entry per label, the heart of the classification losses.

Unlike `gather`, a negative label is a fault and not a count from the end, one label may stand for
"no label", and the derivative writes each row once instead of adding into zeros.
"""

from __future__ import annotations

from math import prod

from cltensor.dtypes import C_NAMES
from cltensor.memory import Buffer
from cltensor.op import Op, primitive, same_device
from cltensor.ops.window import spread, wide
from cltensor.program import kernel
from cltensor.tensor import Tensor


def _run_pick(x: Tensor, labels: Tensor, axis: int, ignored: int, operation: str) -> Tensor:
    same_device(operation, x, labels)
    shape = x.shape[:axis] + x.shape[axis + 1 :]
    result = Tensor.empty(shape, x.dtype, x.device)
    if result.size:
        fault = (x.device.fault(operation),)
        _launch("label_pick", result, x, labels, x.shape[axis:], ignored, fault)
    return result


def _run_spread(
    g: Tensor, labels: Tensor, axis: int, ignored: int, operation: str, classes: int
) -> Tensor:
    shape = (*g.shape[:axis], classes, *g.shape[axis:])
    result = Tensor.empty(shape, g.dtype, g.device)
    if result.size:
        _launch("label_spread", result, g, labels, shape[axis:], ignored, ())
    return result


def _launch(
    name: str,
    result: Tensor,
    source: Tensor,
    labels: Tensor,
    sizes: tuple[int, ...],
    ignored: int,
    fault: tuple[Buffer, ...],
) -> None:
    source, labels = source.contiguous(), labels.contiguous()
    device = result.device
    size, local, each = spread(device, labels.size)
    run = kernel(
        device,
        name,
        T=C_NAMES[result.dtype],
        L=C_NAMES[labels.dtype],
        index="long" if wide(result, source, labels) else "int",
    )
    run(
        (size,), (local,), result.buffer, source.buffer, labels.buffer, source.offset,
        labels.offset, labels.size, sizes[0], prod(sizes[1:]), each, ignored, *fault,
    )  # fmt: skip


#: x[..., labels[...], ...] along `axis`, one entry per label; 0 where the label is `ignored`.
label_pick: Op = primitive(
    "label_pick(x, labels, axis, ignored, operation)",
    _run_pick,
    dx=lambda g, labels, axis, ignored, operation, x_shape: label_spread(
        g, labels, axis, ignored, operation, x_shape[axis]
    ),
)
#: Zeros with g at the labels along a new axis of size `classes`: the derivative of label_pick.
label_spread: Op = primitive(
    "label_spread(g, labels, axis, ignored, operation, classes)",
    _run_spread,
    dg=lambda g, labels, axis, ignored, operation: label_pick(g, labels, axis, ignored, operation),
)
