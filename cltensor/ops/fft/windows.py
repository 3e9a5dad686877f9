"""Windows to weigh the samples of a transform with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cltensor import dtypes
from cltensor.core.checks import whole
from cltensor.core.composite import creator
from cltensor.core.tensor import Tensor
from cltensor.errors import DTypeError
from cltensor.halves import cast_array


def _window(
    operation: str, length: Any, periodic: bool, dtype: Any, device: Any, of: Callable[..., Any]
) -> Tensor:
    """of(k, n - 1) for k below n, which is `length`, or one more of which the last is left out: a
    period whose first sample comes again behind the last."""
    length = whole(operation, "window_length", length)
    found = dtypes.as_dtype(dtype or dtypes.default_float)
    if not dtypes.is_float(found):
        raise DTypeError(f"{operation}: dtype is {found.name}; use a floating-point dtype")
    n = length + 1 if periodic else length
    values = np.ones(length) if n < 2 or length == 1 else of(np.arange(n), n - 1)[:length]
    return Tensor.from_numpy(cast_array(values, found), device)


def _cosines(*weights: float) -> Callable[..., Any]:
    """sum_j (-1)^j weights_j cos(2 pi j k / n)."""
    return lambda k, n: sum(
        (-1) ** j * w * np.cos(2 * np.pi * j * k / n) for j, w in enumerate(weights)
    )


@creator
def hann_window(
    window_length: int, periodic: bool = True, dtype: Any = None, device: Any = None
) -> Tensor:
    """sin^2(pi k / n), from 0 over 1 to 0. periodic: n is the length, else one less.

    >>> ct.hann_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    of = _cosines(0.5, 0.5)
    return _window("hann_window", window_length, periodic, dtype, device, of)


@creator
def hamming_window(
    window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46,
    dtype: Any = None, device: Any = None,
) -> Tensor:  # fmt: skip
    """alpha - beta cos(2 pi k / n). periodic: n is the length, else one less.

    >>> ct.hamming_window(4)
    tensor([0.0800, 0.5400, 1.0000, 0.5400])
    """
    of = _cosines(alpha, beta)
    return _window("hamming_window", window_length, periodic, dtype, device, of)


@creator
def blackman_window(
    window_length: int, periodic: bool = True, dtype: Any = None, device: Any = None
) -> Tensor:
    """0.42 - 0.5 cos(2 pi k / n) + 0.08 cos(4 pi k / n), n: the length if periodic, else 1 less.

    >>> ct.blackman_window(4).abs()
    tensor([1.3878e-17, 3.4000e-01, 1.0000e+00, 3.4000e-01])
    """
    of = _cosines(0.42, 0.5, 0.08)
    return _window("blackman_window", window_length, periodic, dtype, device, of)


@creator
def bartlett_window(
    window_length: int, periodic: bool = True, dtype: Any = None, device: Any = None
) -> Tensor:
    """1 - |2 k / n - 1|, a triangle. periodic: n is the length, else one less.

    >>> ct.bartlett_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return _window(
        "bartlett_window", window_length, periodic, dtype, device,
        lambda k, n: 1 - abs(2 * k / n - 1),
    )  # fmt: skip


@creator
def kaiser_window(
    window_length: int, periodic: bool = True, beta: float = 12.0, dtype: Any = None,
    device: Any = None,
) -> Tensor:  # fmt: skip
    """I0(beta sqrt(1 - (2 k / n - 1)^2)) / I0(beta). periodic: n is the length, else one less.

    >>> ct.kaiser_window(4).shape
    Size([4])
    """
    return _window(
        "kaiser_window", window_length, periodic, dtype, device,
        lambda k, n: np.i0(beta * np.sqrt(1 - (2 * k / n - 1) ** 2)) / np.i0(beta),
    )  # fmt: skip
