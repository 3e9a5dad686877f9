"""Windows of signal processing (`ct.signal.windows`), computed on the host in float64.

`sym` False gives a periodic window: one longer, without its last value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.core.checks import whole
from cltensor.core.composite import creator
from cltensor.core.tensor import Tensor
from cltensor.errors import DTypeError
from cltensor.halves import cast_array
from cltensor.runtime.device import DeviceSpec

_SPACE = "signal.windows"


def _window(
    name: str, length: int, sym: bool, dtype: Any, device: DeviceSpec, values: Callable[..., Any]
) -> Tensor:
    """values(k, n) at k = 0 ... length-1 of a window of n steps; 1 for a single value."""
    length = whole(name, "M", length)
    found = dtypes.as_dtype(dtype or dtypes.default_float)
    if not dtypes.is_float(found):
        raise DTypeError(f"{name}: a window of {found.name}; use a floating-point dtype")
    steps = length - 1 if sym else length
    computed = values(np.arange(length), max(steps, 1)) if length > 1 else np.ones(length)
    return Tensor.from_numpy(cast_array(np.asarray(computed), found), device)


def _cosines(a: Iterable[float]) -> Callable[..., Any]:
    factors = [(-1) ** i * w for i, w in enumerate(a)]

    def values(k: Any, n: int) -> Any:
        return sum(w * np.cos(2 * np.pi * i * k / n) for i, w in enumerate(factors))

    return values


@creator(space=_SPACE)
def general_cosine(
    M: int, *, a: Iterable[float], sym: bool = True, dtype: Any = None, device: DeviceSpec = None
) -> Tensor:
    """A sum of cosines: sum over i of (-1)^i a[i] cos(2 pi i k / (M - 1)).

    >>> ct.signal.windows.general_cosine(5, a=[0.5, 0.5])
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    return _window("general_cosine", M, sym, dtype, device, _cosines(a))


@creator(space=_SPACE)
def general_hamming(
    M: int, *, alpha: float = 0.54, sym: bool = True, dtype: Any = None, device: DeviceSpec = None
) -> Tensor:
    """alpha - (1 - alpha) cos(2 pi k / (M - 1)).

    >>> ct.signal.windows.general_hamming(5)
    tensor([0.0800, 0.5400, 1.0000, 0.5400, 0.0800])
    """
    return _window("general_hamming", M, sym, dtype, device, _cosines([alpha, 1 - alpha]))


@creator(space=_SPACE)
def hamming(M: int, *, sym: bool = True, dtype: Any = None, device: DeviceSpec = None) -> Tensor:
    """0.54 - 0.46 cos(2 pi k / (M - 1)).

    >>> ct.signal.windows.hamming(5)
    tensor([0.0800, 0.5400, 1.0000, 0.5400, 0.0800])
    """
    return _window("hamming", M, sym, dtype, device, _cosines([0.54, 0.46]))


@creator(space=_SPACE)
def hann(M: int, *, sym: bool = True, dtype: Any = None, device: DeviceSpec = None) -> Tensor:
    """0.5 - 0.5 cos(2 pi k / (M - 1)).

    >>> ct.signal.windows.hann(5)
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    return _window("hann", M, sym, dtype, device, _cosines([0.5, 0.5]))


@creator(space=_SPACE)
def blackman(M: int, *, sym: bool = True, dtype: Any = None, device: DeviceSpec = None) -> Tensor:
    """`general_cosine` of 0.42, 0.5 and 0.08.

    >>> ct.signal.windows.blackman(5).abs()
    tensor([1.3878e-17, 3.4000e-01, 1.0000e+00, 3.4000e-01, 1.3878e-17])
    """
    return _window("blackman", M, sym, dtype, device, _cosines([0.42, 0.5, 0.08]))


@creator(space=_SPACE)
def nuttall(M: int, *, sym: bool = True, dtype: Any = None, device: DeviceSpec = None) -> Tensor:
    """`general_cosine` of four terms, whose side lobes are lowest (Nuttall 1981).

    >>> ct.signal.windows.nuttall(3)[1]
    tensor(1.)
    """
    factors = [0.3635819, 0.4891775, 0.1365995, 0.0106411]
    return _window("nuttall", M, sym, dtype, device, _cosines(factors))


@creator(space=_SPACE)
def bartlett(M: int, *, sym: bool = True, dtype: Any = None, device: DeviceSpec = None) -> Tensor:
    """A triangle from 0 to 1 and back.

    >>> ct.signal.windows.bartlett(5)
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    return _window("bartlett", M, sym, dtype, device, lambda k, n: 1 - np.abs(2 * k / n - 1))


@creator(space=_SPACE)
def cosine(M: int, *, sym: bool = True, dtype: Any = None, device: DeviceSpec = None) -> Tensor:
    """Half a period of a sine, between its zeros.

    >>> ct.signal.windows.cosine(3)
    tensor([0.5000, 1.0000, 0.5000])
    """
    return _window(
        "cosine", M, sym, dtype, device, lambda k, n: np.sin(np.pi * (k + 0.5) / (n + 1))
    )


@creator(space=_SPACE)
def exponential(
    M: int, *, center: float | None = None, tau: float = 1.0, sym: bool = True, dtype: Any = None,
    device: DeviceSpec = None,
) -> Tensor:  # fmt: skip
    """exp(-|k - center| / tau). Raises ValueError for a center with sym, or tau that is not
    positive.

    >>> ct.signal.windows.exponential(3)
    tensor([0.3679, 1.0000, 0.3679])
    """
    if tau <= 0:
        raise ValueError(f"exponential: tau is {tau}; it must be positive")
    if sym and center is not None:
        raise ValueError(f"exponential: center {center} with sym; give it with sym=False")
    return _window(
        "exponential", M, sym, dtype, device,
        lambda k, n: np.exp(-np.abs(k - (n / 2 if center is None else center)) / tau),
    )  # fmt: skip


@creator(space=_SPACE)
def gaussian(
    M: int, *, std: float = 1.0, sym: bool = True, dtype: Any = None, device: DeviceSpec = None
) -> Tensor:
    """exp(-((k - middle) / std)^2 / 2). Raises ValueError for std that is not positive.

    >>> ct.signal.windows.gaussian(3)
    tensor([0.6065, 1.0000, 0.6065])
    """
    if std <= 0:
        raise ValueError(f"gaussian: std is {std}; it must be positive")
    return _window(
        "gaussian", M, sym, dtype, device, lambda k, n: np.exp(-(((k - n / 2) / std) ** 2) / 2)
    )


@creator(space=_SPACE)
def kaiser(
    M: int, *, beta: float = 12.0, sym: bool = True, dtype: Any = None, device: DeviceSpec = None
) -> Tensor:
    """i0(beta sqrt(1 - (2k/(M-1) - 1)^2)) / i0(beta). Raises ValueError for a negative beta.

    >>> ct.signal.windows.kaiser(3, beta=8.6)[1]
    tensor(1.)
    """
    if beta < 0:
        raise ValueError(f"kaiser: beta is {beta}; it must not be negative")

    def values(k: Any, n: int) -> Any:
        inside = np.maximum(1 - (2 * k / n - 1) ** 2, 0)
        return np.i0(beta * np.sqrt(inside)) / np.i0(beta)

    return _window("kaiser", M, sym, dtype, device, values)
