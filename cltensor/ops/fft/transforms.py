"""The transforms under PyTorch's names (`ct.fft`).

    forward   X_k = sum_j x_j exp(-2 pi i j k / n)
    inverse   x_j = sum_k X_k exp(+2 pi i j k / n) / n

norm says where the factor goes: "backward" (as above), "forward" (1 / n to the forward transform)
or "ortho" (1 / sqrt(n) to both).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.core.checks import MOST, whole, wholes
from cltensor.core.composite import composite, creator
from cltensor.core.tensor import Tensor
from cltensor.errors import DTypeError, ShapeError
from cltensor.halves import cast_array
from cltensor.ops.elementwise.arithmetic import multiply
from cltensor.ops.elementwise.cast import astype, conj
from cltensor.ops.fft.real import from_spectrum, longer, to_spectrum
from cltensor.ops.fft.run import transform
from cltensor.ops.shape.join import roll
from cltensor.ops.shape.view import one_axis

Shape = tuple[int, ...]
Axes = int | Sequence[int] | None
_SWAPPED = {None: "forward", "backward": "forward", "forward": "backward", "ortho": "ortho"}


def _scale(operation: str, norm: str | None, n: int, inverse: bool) -> float:
    if norm not in _SWAPPED:
        raise ValueError(
            f"{operation}: norm is {norm!r}; use 'backward', 'forward', 'ortho' or None"
        )
    if norm == "ortho":
        return 1 / n**0.5
    return 1 / n if (norm == "forward") != inverse else 1.0


def _swapped(operation: str, norm: str | None) -> str:
    """The norm with which the other direction has the factor of this one."""
    _scale(operation, norm, 1, False)
    return _SWAPPED[norm]


def _complex(operation: str, x: Any) -> Any:
    _refuse_half(operation, x)
    return astype(x, dtypes.complex_of(x.dtype))


def _real(operation: str, x: Any) -> Any:
    if x.dtype.kind == "c":
        raise DTypeError(f"{operation}: x is {x.dtype.name}, not real; use fft, or x.real")
    _refuse_half(operation, x)
    return astype(x, dtypes.to_float(x.dtype))


def _refuse_half(operation: str, x: Any) -> None:
    if x.dtype in dtypes.SHORT:
        raise DTypeError(f"{operation}: not defined for {x.dtype.name}; cast with .float()")


def _length(operation: str, n: int | None, default: int) -> int:
    n = default if n is None else whole(operation, "n", n, -MOST)
    if n < 1:
        raise ShapeError(f"{operation}: {n} elements have no transform; give n of at least 1")
    return n


def _along(operation: str, x: Any, n: int | None, dim: int) -> tuple[Any, int]:
    """x with n elements along the axis `dim`, and that axis."""
    axis = one_axis(operation, dim, x.ndim)
    return longer(x, axis, _length(operation, n, x.shape[axis])), axis


def _axes(
    operation: str, x: Any, s: Axes, dim: Axes, last: int | None = None
) -> tuple[Shape, Shape]:
    """The axes to be transformed, and how many elements of each; last: those of the last axis
    where s does not say."""
    sizes = None if s is None else wholes(operation, "s", s, -MOST)
    if dim is not None:
        dims = wholes(operation, "dim", dim, -MOST)
    elif sizes is not None:
        dims = tuple(range(x.ndim - len(sizes), x.ndim))
    else:
        dims = tuple(range(x.ndim))
    if sizes is not None and len(sizes) != len(dims):
        raise ShapeError(f"{operation}: s {sizes} and dim {dims} differ in length")
    if sizes is not None and len(sizes) > x.ndim:
        raise ShapeError(f"{operation}: s {sizes} has more sizes than shape {tuple(x.shape)}")
    axes = tuple([one_axis(operation, d, x.ndim) for d in dims])
    if len({*axes}) != len(axes):
        raise ShapeError(f"{operation}: dim {dims} names an axis twice")
    defaults = [x.shape[a] for a in axes]
    if last is not None and axes:
        defaults[-1] = last
    wanted = [d if n == -1 else n for n, d in zip(sizes or [-1] * len(axes), defaults, strict=True)]
    return axes, tuple([_length(operation, n, n) for n in wanted])


def _several(
    operation: str, x: Any, axes: Shape, sizes: Shape, norm: str | None, inverse: bool
) -> Any:
    """Complex x transformed along axes, one after the other."""
    scale = _scale(operation, norm, prod(sizes), inverse)
    for axis, n in zip(reversed(axes), reversed(sizes), strict=True):
        x = transform(longer(x, axis, n), axis, inverse, scale)
        scale = 1.0
    return x


@composite(space="fft")
def fft(x: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The transform along `dim`, of x cut off or filled up with zeros to n elements.

    >>> ct.fft.fft(ct.tensor([1.0, 0.0, 0.0, 0.0]))
    tensor([1.+0.j, 1.+0.j, 1.+0.j, 1.+0.j])
    """
    x, axis = _along("fft", _complex("fft", x), n, dim)
    return transform(x, axis, False, _scale("fft", norm, x.shape[axis], False))


@composite(space="fft")
def ifft(x: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The inverse transform along `dim`, of x cut off or filled up with zeros to n elements.

    >>> ct.fft.ifft(ct.fft.fft(ct.tensor([1.0, 2.0, 3.0]))).real
    tensor([1., 2., 3.])
    """
    x, axis = _along("ifft", _complex("ifft", x), n, dim)
    return transform(x, axis, True, _scale("ifft", norm, x.shape[axis], True))


@composite(space="fft")
def rfft(x: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The first n // 2 + 1 elements of the transform of real x; the others are their conjugates.

    >>> ct.fft.rfft(ct.ones(4)).real
    tensor([4., 0., 0.])
    """
    x, axis = _along("rfft", _real("rfft", x), n, dim)
    return to_spectrum(x, axis, _scale("rfft", norm, x.shape[axis], False))


@composite(space="fft")
def irfft(x: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The real line of n elements (2 (m - 1) of m unless given) of which x is the `rfft`.

    >>> ct.fft.irfft(ct.fft.rfft(ct.tensor([1.0, 2.0, 3.0, 4.0])))
    tensor([1., 2., 3., 4.])
    """
    x = _complex("irfft", x)
    axis = one_axis("irfft", dim, x.ndim)
    n = _length("irfft", n, 2 * (x.shape[axis] - 1))
    scale = _scale("irfft", norm, n, True)
    return from_spectrum(longer(x, axis, n // 2 + 1), axis, n, scale)


@composite(space="fft")
def hfft(x: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The real transform of a line whose second half mirrors the first, x, conjugated.

    >>> ct.fft.hfft(ct.tensor([1.0, 0.0, 0.0]))
    tensor([1., 1., 1., 1.])
    """
    return irfft(conj(x), n, dim, _swapped("hfft", norm))


@composite(space="fft")
def ihfft(x: Any, n: int | None = None, dim: int = -1, norm: str | None = None) -> Any:
    """The inverse of `hfft`: the first half of the inverse transform of real x.

    >>> ct.fft.ihfft(ct.ones(4)).real
    tensor([1., 0., 0.])
    """
    return conj(rfft(x, n, dim, _swapped("ihfft", norm)))


def _fftn(operation: str, x: Any, s: Axes, dim: Axes, norm: str | None, inverse: bool) -> Any:
    axes, sizes = _axes(operation, x, s, dim)
    return _several(operation, _complex(operation, x), axes, sizes, norm, inverse)


@composite(space="fft")
def fftn(x: Any, s: Axes = None, dim: Axes = None, norm: str | None = None) -> Any:
    """The transform along several axes, all unless given. s: the elements of each, -1 for all that
    there are; without `dim` those of the last axes.

    >>> ct.fft.fftn(ct.ones(2, 2)).real
    tensor([[4., 0.],
            [0., 0.]])
    """
    return _fftn("fftn", x, s, dim, norm, False)


@composite(space="fft")
def ifftn(x: Any, s: Axes = None, dim: Axes = None, norm: str | None = None) -> Any:
    """The inverse of `fftn`.

    >>> ct.fft.ifftn(ct.fft.fftn(ct.eye(2))).real
    tensor([[1., 0.],
            [0., 1.]])
    """
    return _fftn("ifftn", x, s, dim, norm, True)


def _rfftn(operation: str, x: Any, s: Axes, dim: Axes, norm: str | None, inverse: bool) -> Any:
    """Along the last axis of real x to half a spectrum, then along the others."""
    axes, sizes = _axes(operation, x, s, dim)
    if not axes:
        raise ShapeError(f"{operation}: no axis is named; at least one must be transformed")
    scale = _scale(operation, norm, prod(sizes), inverse)
    x = to_spectrum(longer(_real(operation, x), axes[-1], sizes[-1]), axes[-1], scale)
    if inverse:
        x = conj(x)
    for axis, n in zip(reversed(axes[:-1]), reversed(sizes[:-1]), strict=True):
        x = transform(longer(x, axis, n), axis, inverse, 1.0)
    return x


def _irfftn(operation: str, x: Any, s: Axes, dim: Axes, norm: str | None, inverse: bool) -> Any:
    """Along all axes but the last, then along that to real numbers."""
    given = s if s is None else wholes(operation, "s", s, -MOST)
    axis = one_axis(operation, -1 if dim is None else wholes(operation, "dim", dim, -MOST)[-1],
                    x.ndim)  # fmt: skip
    axes, sizes = _axes(operation, x, given, dim, 2 * (x.shape[axis] - 1))
    scale = _scale(operation, norm, prod(sizes), inverse)
    x = _complex(operation, x)
    for a, n in zip(axes[:-1], sizes[:-1], strict=True):
        x = transform(longer(x, a, n), a, inverse, 1.0)
    x = longer(x if inverse else conj(x), axes[-1], sizes[-1] // 2 + 1)
    return from_spectrum(x, axes[-1], sizes[-1], scale)


@composite(space="fft")
def rfftn(x: Any, s: Axes = None, dim: Axes = None, norm: str | None = None) -> Any:
    """`fftn` of real x, of which the last axis keeps n // 2 + 1 elements.

    >>> ct.fft.rfftn(ct.ones(2, 4)).shape
    Size([2, 3])
    """
    return _rfftn("rfftn", x, s, dim, norm, False)


@composite(space="fft")
def irfftn(x: Any, s: Axes = None, dim: Axes = None, norm: str | None = None) -> Any:
    """The inverse of `rfftn`; the last axis has 2 (m - 1) elements unless s says otherwise.

    >>> ct.fft.irfftn(ct.fft.rfftn(ct.ones(2, 4)))
    tensor([[1., 1., 1., 1.],
            [1., 1., 1., 1.]])
    """
    return _irfftn("irfftn", x, s, dim, norm, True)


@composite(space="fft")
def hfftn(x: Any, s: Axes = None, dim: Axes = None, norm: str | None = None) -> Any:
    """The real transform of what `ihfftn` gives.

    >>> ct.fft.hfftn(ct.ones(2, 3)).shape
    Size([2, 4])
    """
    return _irfftn("hfftn", x, s, dim, norm, False)


@composite(space="fft")
def ihfftn(x: Any, s: Axes = None, dim: Axes = None, norm: str | None = None) -> Any:
    """The inverse transform of real x, of which the last axis keeps n // 2 + 1 elements.

    >>> ct.fft.ihfftn(ct.ones(2, 4)).shape
    Size([2, 3])
    """
    return _rfftn("ihfftn", x, s, dim, norm, True)


_TWO = (-2, -1)


@composite(space="fft")
def fft2(x: Any, s: Axes = None, dim: Axes = _TWO, norm: str | None = None) -> Any:
    """`fftn` along two axes, the last ones unless given.

    >>> ct.fft.fft2(ct.ones(2, 2)).real
    tensor([[4., 0.],
            [0., 0.]])
    """
    return _fftn("fft2", x, s, dim, norm, False)


@composite(space="fft")
def ifft2(x: Any, s: Axes = None, dim: Axes = _TWO, norm: str | None = None) -> Any:
    """`ifftn` along two axes, the last ones unless given.

    >>> ct.fft.ifft2(ct.fft.fft2(ct.eye(2))).real
    tensor([[1., 0.],
            [0., 1.]])
    """
    return _fftn("ifft2", x, s, dim, norm, True)


@composite(space="fft")
def rfft2(x: Any, s: Axes = None, dim: Axes = _TWO, norm: str | None = None) -> Any:
    """`rfftn` along two axes, the last ones unless given.

    >>> ct.fft.rfft2(ct.ones(2, 4)).shape
    Size([2, 3])
    """
    return _rfftn("rfft2", x, s, dim, norm, False)


@composite(space="fft")
def irfft2(x: Any, s: Axes = None, dim: Axes = _TWO, norm: str | None = None) -> Any:
    """`irfftn` along two axes, the last ones unless given.

    >>> ct.fft.irfft2(ct.fft.rfft2(ct.ones(2, 4)))
    tensor([[1., 1., 1., 1.],
            [1., 1., 1., 1.]])
    """
    return _irfftn("irfft2", x, s, dim, norm, True)


@composite(space="fft")
def hfft2(x: Any, s: Axes = None, dim: Axes = _TWO, norm: str | None = None) -> Any:
    """`hfftn` along two axes, the last ones unless given.

    >>> ct.fft.hfft2(ct.ones(2, 2)).shape
    Size([2, 2])
    """
    return _irfftn("hfft2", x, s, dim, norm, False)


@composite(space="fft")
def ihfft2(x: Any, s: Axes = None, dim: Axes = _TWO, norm: str | None = None) -> Any:
    """`ihfftn` along two axes, the last ones unless given.

    >>> ct.fft.ihfft2(ct.ones(2, 4)).shape
    Size([2, 3])
    """
    return _rfftn("ihfft2", x, s, dim, norm, True)


@creator(space="fft")
def fftfreq(n: int, d: float = 1.0, dtype: Any = None, device: Any = None) -> Tensor:
    """The frequencies of a transform's elements, of n samples d apart: [0, 1, ..., -1] / (n d).

    >>> ct.fft.fftfreq(4, 0.5)
    tensor([ 0.0000,  0.5000, -1.0000, -0.5000])
    """
    n = _length("fftfreq", n, n)
    return _frequencies(np.fft.fftfreq(n, d), dtype, device)


@creator(space="fft")
def rfftfreq(n: int, d: float = 1.0, dtype: Any = None, device: Any = None) -> Tensor:
    """The frequencies of the elements of an `rfft` of n samples, d apart.

    >>> ct.fft.rfftfreq(4)
    tensor([0.0000, 0.2500, 0.5000])
    """
    n = _length("rfftfreq", n, n)
    return _frequencies(np.fft.rfftfreq(n, d), dtype, device)


def _frequencies(values: np.ndarray, dtype: Any, device: Any) -> Tensor:
    return Tensor.from_numpy(
        cast_array(values, dtypes.as_dtype(dtype or dtypes.default_float)), device
    )


def _shifted(operation: str, x: Any, dim: Axes, towards: int) -> Any:
    given = range(x.ndim) if dim is None else wholes(operation, "dim", dim, -MOST)
    axes = [one_axis(operation, d, x.ndim) for d in given]
    by = [(x.shape[a] // 2 if towards > 0 else -(x.shape[a] // 2)) for a in axes]
    return roll(x, by, axes) if axes else multiply(x, 1)


@composite(space="fft")
def fftshift(x: Any, dim: Axes = None) -> Any:
    """x with frequency 0 in the middle of each axis, of those in `dim` if given.

    >>> ct.fft.fftshift(ct.fft.fftfreq(4))
    tensor([-0.5000, -0.2500,  0.0000,  0.2500])
    """
    return _shifted("fftshift", x, dim, 1)


@composite(space="fft")
def ifftshift(x: Any, dim: Axes = None) -> Any:
    """The inverse of `fftshift`: the middle comes first.

    >>> ct.fft.ifftshift(ct.tensor([-2, -1, 0, 1]))
    tensor([ 0,  1, -2, -1])
    """
    return _shifted("ifftshift", x, dim, -1)
