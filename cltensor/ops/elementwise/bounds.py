"""Values that an operation is not defined for, found on the device.

As an index out of range, such a value is noted there and raised at the next read: asking for it at
the call would stop the host until the device has caught up.
"""

from __future__ import annotations

from cltensor.core.batched import of_whole
from cltensor.core.declare import no_complex
from cltensor.core.op import same_device
from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES
from cltensor.ops.shape.copy import spread, wide
from cltensor.runtime.faults import PROBABILITY, Site
from cltensor.runtime.kernel import kernel


def require_probabilities(operation: str, x: Tensor, y: Tensor) -> None:
    """Have ValueError raised at the next read unless all elements of x and of y, which have one
    shape, are between 0 and 1. One launch."""
    same_device(operation, x, y)
    for operand in (x, y):
        if operand.dtype.kind == "c":
            raise no_complex(operation, operand.dtype)
    if x.size:
        of_whole(_look, operation, x, y)


def _look(operation: str, x: Tensor, y: Tensor) -> None:
    x, y = x.contiguous(), y.contiguous()
    device = x.device
    size, local, each = spread(device, x.size)
    run = kernel(
        device,
        "outside",
        T=C_NAMES[x.dtype],
        U=C_NAMES[y.dtype],
        index="long" if wide(x, y) else "int",
    )
    run(
        (size,), (local,), x_g=x.buffer, y_g=y.buffer, x_start=x.offset, y_start=y.offset,
        count=x.size, each=each, fault_g=device.faults.buffer,
        site=device.faults.region(Site(operation, what=PROBABILITY)),
    )  # fmt: skip
