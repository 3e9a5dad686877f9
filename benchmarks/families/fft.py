"""Fourier transforms of complex64 and float32, counted as 5 n log2(n) operations for each line."""

from collections.abc import Callable
from math import log2
from typing import Any

from benchmarks.case import Case, Library

FAMILY = "fft"


def _case(
    name: str, function: Callable[[Any, Any], Any], *shape: int, length: int = 0, real: bool = False
) -> Case:
    """`function` of the library's fft module and of numbers of that shape."""

    def build(lib: Library):
        x = lib.normal(*shape)
        if not real:
            x = x + 1j * lib.normal(*shape)
        return lambda: function(lib.m.fft, x)

    count = 1
    for n in shape:
        count *= n
    return Case(FAMILY, name, build, 5 * count * log2(length or shape[-1]), "GFLOP/s")


def cases() -> list[Case]:
    """The cases of this family."""
    return [
        *[_case(f"complex 2^{k}", lambda fft, x: fft.fft(x), 1 << k) for k in (10, 14, 17, 20, 22)],
        _case("inverse 2^20", lambda fft, x: fft.ifft(x), 1 << 20),
        _case("complex 10^6", lambda fft, x: fft.fft(x), 1_000_000),
        _case("complex 100003, a prime", lambda fft, x: fft.fft(x), 100_003),
        _case("rows 1000 x 1024", lambda fft, x: fft.fft(x), 1000, 1024),
        _case("two axes 1024 x 1024", lambda fft, x: fft.fft2(x), 1024, 1024, length=1 << 20),
        _case("real 2^20", lambda fft, x: fft.rfft(x), 1 << 20, real=True),
        _case("real rows 1000 x 1024", lambda fft, x: fft.rfft(x), 1000, 1024, real=True),
    ]
