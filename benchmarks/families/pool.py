"""Pooling of 64 images of 64 channels and 32 x 32 pixels, counted in bytes that must move."""

from collections.abc import Callable
from typing import Any

from benchmarks.case import Case, Library

FAMILY = "pool"
_IMAGES = (64, 64, 32, 32)
_BYTES = 4.0 * 64 * 64 * 32 * 32


def _cases(name: str, function: Callable[[Any, Any], Any], side: int) -> list[Case]:
    """Forward alone and with the gradient; the result has `side` pixels a side."""
    part = side * side / 1024

    def forward(lib: Library):
        x = lib.normal(*_IMAGES)
        return lambda: function(lib.nn.functional, x)

    def both(lib: Library):
        shape = (*_IMAGES[:2], side, side)
        inputs = [lib.normal(*_IMAGES)]
        return lib.with_gradients(lambda x: function(lib.nn.functional, x), inputs, shape)

    # Backward reads the gradient and writes one as large as x.
    return [
        Case(FAMILY, f"{name}, forward", forward, (1 + part) * _BYTES, "GB/s", rivals=("torch",)),
        Case(FAMILY, f"{name}, forward and backward", both, 2 * (1 + part) * _BYTES, "GB/s",
             rivals=("torch",)),
    ]  # fmt: skip


def cases() -> list[Case]:
    """The cases of this family."""
    return [
        *_cases("max 2x2", lambda f, x: f.max_pool2d(x, 2), 16),
        *_cases("max 3x3 stride 2", lambda f, x: f.max_pool2d(x, 3, 2, 1), 16),
        *_cases("mean 2x2", lambda f, x: f.avg_pool2d(x, 2), 16),
        *_cases("mean of all pixels", lambda f, x: f.adaptive_avg_pool2d(x, 1), 1),
    ]
