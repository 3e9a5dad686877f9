"""Choices: orders, and classes by their chances."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cltensor import dtypes
from cltensor.core.checks import whole
from cltensor.core.composite import composite, creator
from cltensor.core.tensor import Tensor
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.elementwise.select import where
from cltensor.ops.random.draw import fill, rand, sizes_of
from cltensor.ops.random.generator import Generator
from cltensor.ops.random.sample import draw
from cltensor.ops.reduce.scan import cumsum
from cltensor.ops.shape.copy import spread, wide
from cltensor.ops.sort import argsort, topk
from cltensor.runtime.device import DeviceSpec
from cltensor.runtime.faults import PARAMETER, Site
from cltensor.runtime.kernel import kernel

if TYPE_CHECKING:
    pass


@creator
def randperm(
    n: int,
    dtype: object = None,
    device: DeviceSpec = None,
    generator: Generator | None = None,
) -> Tensor:
    """The integers 0 to n-1 in random order: the order that sorts n random 64-bit keys.

    >>> ct.randperm(3).sort().values
    tensor([0, 1, 2])
    """
    keys = fill("integers", sizes_of("randperm", (n,)), dtypes.uint64, device, generator, 0, 0)
    order = argsort(keys)
    return order if dtype is None else order.astype(dtypes.as_dtype(dtype))


@composite
def multinomial(
    x: Tensor, num_samples: int, replacement: bool = False, generator: Generator | None = None
) -> Tensor:
    """Indices drawn with the chances that each row of x gives, which need not add up to 1.

    Shapes:  (classes,) or (rows, classes) -> (num_samples,) or (rows, num_samples).
    Raises:  ShapeError for other shapes, or more samples without replacement than classes;
             ValueError, at the next read, for a chance that is negative, infinite or NaN, and for a
             row without any.
    Source:  without replacement, the smallest of exponential times (Efraimidis, Spirakis 2006).

    >>> ct.multinomial(ct.tensor([0.0, 1.0]), 2, replacement=True)
    tensor([1, 1])
    """
    count = whole("multinomial", "num_samples", num_samples, 1)
    if x.ndim not in (1, 2) or not x.size:
        raise ShapeError(f"multinomial: chances of shape {x.shape}; give one or several rows")
    if x.dtype.kind != "f":
        raise DTypeError(f"multinomial: chances are {x.dtype.name}; cast them with .float()")
    chances, classes = x.detach().contiguous(), x.shape[-1]
    if not replacement and count > classes:
        raise ShapeError(
            f"multinomial: {count} samples of {classes} classes without replacement; draw "
            "fewer, or pass replacement=True"
        )
    _check_chances(chances, classes)
    if replacement:
        return _pick(chances, count, generator)
    waits = draw("exponential", x.shape, x.dtype, x.device, generator, 1.0)
    return topk(where(chances > 0, waits / chances, math.inf), count, -1, largest=False).indices


def _check_chances(chances: Tensor, classes: int) -> None:
    chances.realize()
    rows = chances.size // classes
    size, local, _ = spread(chances.device, rows, 1)
    index, faults = "long" if wide(chances) else "int", chances.device.faults
    run = kernel(chances.device, "chances", T=dtypes.C_NAMES[chances.dtype], index=index)
    run(
        (max(size, -(-rows // local) * local),), (local,), x_g=chances.buffer,
        x_start=chances.offset, rows=rows, classes=classes,
        fault_g=faults.buffer, site=faults.region(Site("multinomial", None, PARAMETER)),
    )  # fmt: skip


def _pick(chances: Tensor, count: int, generator: Generator | None) -> Tensor:
    """`count` classes of each row, one independent of another."""
    shape, classes, device = (*chances.shape[:-1], count), chances.shape[-1], chances.device
    # Thousands of small chances would add up to too little in half precision.
    dtype = dtypes.arithmetic(chances.dtype)
    below = cumsum(chances.astype(dtype), -1).contiguous()
    draws = rand(shape, dtype=dtype, device=device, generator=generator)
    result = Tensor.empty(shape, dtypes.int64, device)
    size, local, each = spread(device, result.size)
    index = "long" if wide(below, draws, result) else "int"
    run = kernel(device, "pick", T=dtypes.C_NAMES[dtype], index=index)
    run(
        (size,), (local,), y_g=result.buffer, below_g=below.buffer, draw_g=draws.buffer,
        below_start=below.offset, draw_start=draws.offset, count=result.size, samples=count,
        classes=classes, each=each,
    )  # fmt: skip
    return result
