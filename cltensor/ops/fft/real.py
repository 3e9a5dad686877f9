"""Transforms between real lines and the half of their spectra that says all.

A line of even length, seen as complex numbers, is transformed at half the length, and the spectra
of its even and its odd elements are taken apart. One of odd length goes through complex numbers.
"""

from __future__ import annotations

from typing import Any

from cltensor.core.op import Op, primitive
from cltensor.core.tensor import Tensor
from cltensor.dtypes import C_NAMES, complex_of, real_of
from cltensor.ops.elementwise.arithmetic import multiply
from cltensor.ops.elementwise.cast import astype, conj_physical, real_part
from cltensor.ops.fft.run import run_transform, transform
from cltensor.ops.fft.tables import roots, table
from cltensor.ops.shape.copy import spread, wide
from cltensor.ops.shape.cut import backwards, part
from cltensor.ops.shape.join import concat, pad
from cltensor.ops.shape.parts import view_as_complex, view_as_real
from cltensor.ops.shape.view import Shape, movedim, reshape
from cltensor.runtime.kernel import kernel


def _split(x: Tensor, m: int, shape: Shape, inverse: bool) -> Tensor:
    """Between the transform of m complex numbers and the spectrum of 2 m real ones."""
    y = Tensor.empty(shape, x.dtype, x.device)
    index = "long" if wide(x, y) else "int"
    count = y.size // shape[-1] * (m // 2 + 1)
    size, local, each = spread(x.device, count, 2048)
    run = kernel(x.device, "fft_real", R=C_NAMES[real_of(x.dtype)], inverse=inverse, index=index)
    run(
        (size,), (local,), y_g=y.buffer, x_g=x.buffer,
        w_g=table(x.device, x.dtype, roots, 2 * m).buffer, x_start=x.offset, count=count,
        each=each, m=m,
    )  # fmt: skip
    return y


def _to_spectrum(x: Tensor, axis: int, scale: float) -> Tensor:
    n = x.shape[axis]
    half = n // 2
    if axis != x.ndim - 1:
        found = _to_spectrum(movedim(x, axis, -1), x.ndim - 1, scale)
        return movedim(found, -1, axis)
    if n % 2 or not x.size:
        whole = run_transform(astype.run(x, complex_of(x.dtype)), axis, False, scale)
        return part(whole, axis, 0, half + 1)
    x = x.contiguous().realize()
    if x.offset % 2:
        x = x.clone()
    pairs = view_as_complex(reshape(x, (*x.shape[:-1], half, 2)))
    found = run_transform(pairs, axis, False, scale).contiguous().realize()
    return _split(found, half, (*x.shape[:-1], half + 1), False)


def _from_spectrum(x: Tensor, axis: int, n: int, scale: float) -> Tensor:
    half = n // 2
    if axis != x.ndim - 1:
        found = _from_spectrum(movedim(x, axis, -1), x.ndim - 1, n, scale)
        return movedim(found, -1, axis)
    if n % 2 or not x.size:
        rest = part(x, axis, 1, half)
        whole = concat([x, conj_physical.run(backwards(rest, axis))], axis)
        return real_part.run(run_transform(whole, axis, True, scale))
    x = x.contiguous().realize()
    pairs = run_transform(_split(x, half, (*x.shape[:-1], half), True), axis, True, scale)
    return reshape(view_as_real(pairs), (*x.shape[:-1], n))


def longer(x: Any, axis: int, n: int) -> Any:
    """x with n elements along an axis: cut off, or zeros behind."""
    missing = n - x.shape[axis]
    if missing < 0:
        return part(x, axis, 0, n)
    return pad(x, [(0, missing if d == axis else 0) for d in range(x.ndim)]) if missing else x


def _to_spectrum_rule(g: Any, x_shape: Shape, axis: int, scale: float) -> Any:
    return real_part(transform(longer(g, axis, x_shape[axis]), axis, True, scale))


def _from_spectrum_rule(g: Any, axis: int, n: int, scale: float) -> Any:
    """All elements but the first, and the middle one of even n, stand for two of the spectrum."""
    found = to_spectrum(g, axis, scale)
    inside = n // 2 + n % 2 - 1
    first, middle = part(found, axis, 0, 1), part(found, axis, 1, inside)
    last = part(found, axis, 1 + inside, n // 2 - inside)
    return concat([first, multiply(middle, 2.0), last], axis)


#: The transform of real x along an axis, n // 2 + 1 elements of n.
to_spectrum: Op = primitive("rfft_along(x, axis, scale)", _to_spectrum, dx=_to_spectrum_rule)
#: The real line of n elements whose transform, half of it, is x.
from_spectrum: Op = primitive(
    "irfft_along(x, axis, n, scale)", _from_spectrum, dx=_from_spectrum_rule
)
