"""The Fourier transforms of the standard (`array_api.fft`)."""

from __future__ import annotations

from collections.abc import Sequence
from sys import modules as _modules
from typing import Any

from cltensor.array_api.array import of_fft, standard
from cltensor.core.suggestions import suggest as _suggest

__all__ = [
    "fft",
    "fftfreq",
    "fftn",
    "fftshift",
    "hfft",
    "ifft",
    "ifftn",
    "ifftshift",
    "ihfft",
    "irfft",
    "irfftn",
    "rfft",
    "rfftfreq",
    "rfftn",
]


def _along_one(name: str) -> Any:
    """The transform of that name along one axis."""
    function = getattr(of_fft, name)

    def transform(
        x: Any, /, *, n: int | None = None, axis: int = -1, norm: str = "backward"
    ) -> Any:
        return function(x, n, axis, norm)

    return _named(transform, name, function)


def _along_several(name: str) -> Any:
    """The transform of that name along several axes."""
    function = getattr(of_fft, name)

    def transform(
        x: Any, /, *, s: Sequence[int] | None = None, axes: Sequence[int] | None = None,
        norm: str = "backward",
    ) -> Any:  # fmt: skip
        return function(x, s, axes, norm)

    return _named(transform, name, function)


def _frequencies(name: str) -> Any:
    function = getattr(of_fft, name)

    def frequencies(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Any:
        return function(n, d, dtype=dtype, device=device)

    return _named(frequencies, name, function)


def _shift(name: str) -> Any:
    function = getattr(of_fft, name)

    def shift(x: Any, /, *, axes: int | Sequence[int] | None = None) -> Any:
        return function(x, axes)

    return _named(shift, name, function)


def _named(function: Any, name: str, of: Any) -> Any:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = of.__doc__
    return standard(function)


fft = _along_one("fft")
ifft = _along_one("ifft")
rfft = _along_one("rfft")
irfft = _along_one("irfft")
hfft = _along_one("hfft")
ihfft = _along_one("ihfft")
fftn = _along_several("fftn")
ifftn = _along_several("ifftn")
rfftn = _along_several("rfftn")
irfftn = _along_several("irfftn")
fftfreq = _frequencies("fftfreq")
rfftfreq = _frequencies("rfftfreq")
fftshift = _shift("fftshift")
ifftshift = _shift("ifftshift")

_suggest(_modules[__name__])
