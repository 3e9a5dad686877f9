"""Convolutions of a single tap as products of filters by images, on devices that read the operands
of products straight from memory: what conv_gpu stages it need not gather there."""

from __future__ import annotations

from cltensor.ops.conv.blocks import Axis, Correlation
from cltensor.ops.kernels.plan import Plan
from cltensor.ops.linalg import gemm
from cltensor.ops.linalg.tiles import accumulator, grid_tile


def forward(c: Correlation) -> Plan | None:
    """The outputs; None where it is no such convolution, or no such device."""
    return _product(c, c.filters, c.channels, (c.channels, 1))


def data(c: Correlation) -> Plan | None:
    """The gradient of images."""
    return _product(c, c.channels, c.filters, (1, c.channels))


def weight(c: Correlation) -> None:
    """That of filters is a sum over images: no product of two matrices as they lie."""


def _product(c: Correlation, made: int, summed: int, steps: tuple[int, int]) -> Plan | None:
    """steps: those of filters as a matrix of `made` by `summed`."""
    pixels = c.rows.size * c.cols.size
    if c.groups != 1 or pixels % 4 or not (_stays(c.rows) and _stays(c.cols)):
        return None
    if accumulator(c.dtype) != c.dtype:
        return None
    tile = grid_tile(c.device, c.dtype, made, pixels, c.images)
    if tile.staged or 2 * pixels < tile.cols:
        return None
    plan = gemm.plan(
        c.device, False, c.dtype, (made, summed), steps, (c.images, summed, pixels),
        (summed * pixels, pixels, 1), b_first=True,
    )  # fmt: skip
    if plan is None:
        return None
    return plan._replace(shape=(*plan.shape[:-1], c.rows.size, c.cols.size))


def _stays(axis: Axis) -> bool:
    """Whether an output reads the one input at its own place."""
    return axis.taps == axis.step == 1 and axis.start == 0 and axis.size == axis.out
