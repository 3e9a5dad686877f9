"""Which kernels compute a convolution and its gradients, and the operations' `run`.

A CPU device has three ways, each for what it is best at: plane by plane (conv_depth), Winograd's
minimal filtering (conv_winograd) and a register tile over a patch of the image (conv_patch). Other
devices compute few channels straight from images (conv_direct), 3x3 taps of many channels by
Winograd's (conv_minimal), and else run an implicit matrix product, which is also for filters and
images too large for a patch, or, where that need not gather anything, a plain one (conv_single).
"""

from __future__ import annotations

from cltensor.core.checks import Pair
from cltensor.core.op import same_device
from cltensor.core.tensor import Tensor
from cltensor.dtypes import bool_, promote
from cltensor.errors import DTypeError
from cltensor.ops.conv import depthwise as conv_depth
from cltensor.ops.conv import direct as conv_direct
from cltensor.ops.conv import fixed as conv_fixed
from cltensor.ops.conv import implicit as conv_implicit
from cltensor.ops.conv import minimal as conv_minimal
from cltensor.ops.conv import patch as conv_patch
from cltensor.ops.conv import single as conv_single
from cltensor.ops.conv import winograd as conv_winograd
from cltensor.ops.conv.blocks import Correlation, Padding, axes_of
from cltensor.ops.conv.winograd import Winograd
from cltensor.ops.elementwise.cast import astype, full
from cltensor.ops.kernels.plan import Plan, pending
from cltensor.ops.linalg.tiles import accumulator
from cltensor.runtime import tuning
from cltensor.runtime.determinism import is_deterministic

Shape = tuple[int, ...]


def _common(operation: str, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Both operands contiguous, in one dtype."""
    if a.device is not b.device:
        same_device(operation, a, b)
    dtype = a.dtype
    if b.dtype is not dtype:
        try:
            dtype = promote(dtype, b.dtype)
        except DTypeError as error:
            raise DTypeError(f"{operation}: {error}") from None
        a, b = astype.run(a, dtype), astype.run(b, dtype)
    if dtype is bool_:
        raise DTypeError(f"{operation}: not defined for bool; cast with .to(dtype)")
    return (
        a if a._value.is_contiguous() else a.contiguous(),
        b if b._value.is_contiguous() else b.contiguous(),
    )


@tuning.planned
def _plan(kind: str, c: Correlation, is_cpu: bool, winograd: int, aligned: bool) -> Plan:
    """How to compute "forward", "data" (the gradient of images) or "weight" (that of filters): the
    first way that suits the shape, else an implicit matrix product. aligned, for GPUs: both
    operands begin at whole vectors of four.

    is_cpu and winograd, which the ways ask for themselves, make plans of one setting end with it.
    """
    if is_cpu:
        for way in (conv_depth, conv_winograd, conv_patch):
            plan = getattr(way, kind)(c)
            if plan is not None:
                return plan
    else:
        plan = getattr(conv_single, kind)(c)
        if plan is not None:
            return plan
        for way in (conv_direct, conv_minimal):
            plan = getattr(way, kind)(c, aligned)
            if plan is not None:
                return plan
    return getattr(conv_implicit, kind)(c, aligned)


def _compute(kind: str, shape: Shape, c: Correlation, a: Tensor, b: Tensor) -> Tensor:
    """The result of `shape` from the operation's operands; zeros where there is nothing to add."""
    if 0 in shape or 0 in a._value.shape or 0 in b._value.shape:
        return full(shape, 0, a.dtype, a.device)
    if a.dtype.kind == "f" and is_deterministic():
        total = accumulator(a.dtype)
        wide = astype.run(a, total), astype.run(b, total)
        return astype.run(conv_fixed.compute(kind, c._replace(dtype=total), *wide), a.dtype)
    is_cpu = a.device.is_cpu
    aligned = not (is_cpu or (a._value.offset | b._value.offset) % 4)
    out = pending(_plan(kind, c, is_cpu, Winograd.tile, aligned), a, b)
    if out.ndim == 5:  # parts of a sum
        out = out.sum(axis=0)
    return out if out.dtype is a.dtype else astype.run(out, a.dtype)


def run_forward(
    x: Tensor, w: Tensor, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Tensor:
    """Images convolved with filters."""
    x, w = _common("conv2d", x, w)
    (count, _, *size), (filters, channels, *taps) = x._value.shape, w._value.shape
    axes = axes_of(size, taps, stride, padding, dilation)
    c = Correlation(x.device, x.dtype, count, *axes, channels, filters // groups, groups)
    return _compute("forward", c.shape, c, x, w)


def run_data(
    y: Tensor, w: Tensor, size: Pair, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Tensor:
    """The gradient to images of `size`."""
    y, w = _common("conv2d_backward_data", y, w)
    count, (filters, channels, *taps) = y._value.shape[0], w._value.shape
    axes = axes_of(size, taps, stride, padding, dilation)
    c = Correlation(y.device, y.dtype, count, *axes, channels, filters // groups, groups)
    return _compute("data", (count, channels * groups, *size), c, y, w)


def run_weight(
    y: Tensor, x: Tensor, taps: Pair, stride: Pair, padding: Padding, dilation: Pair, groups: int
) -> Tensor:
    """The gradient to filters of `taps`."""
    y, x = _common("conv2d_backward_weight", y, x)
    (count, channels, *size), filters = x._value.shape, y._value.shape[1]
    axes = axes_of(size, taps, stride, padding, dilation)
    channels //= groups
    c = Correlation(y.device, y.dtype, count, *axes, channels, filters // groups, groups)
    return _compute("weight", (filters, channels, *taps), c, y, x)
