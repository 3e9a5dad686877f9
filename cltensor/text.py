"""How arrays print: PyTorch's way, with four digits, or an exponent where those do not suffice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

_THRESHOLD, _EDGE = 1000, 3  # more elements than the threshold show only the edges of each axis


def show_array(array: np.ndarray, indent: str) -> str:
    """The elements of `array` in brackets; lines after the first start behind `indent`."""
    if array.size == 0:
        return "[]"
    seen = _seen(array)
    one = _formatter(seen) if array.dtype.kind == "f" else str
    width = max(len(one(v)) for v in seen.ravel().tolist())
    formatter: Any = {"all": lambda v: one(v.item()).rjust(width)}
    text = np.array2string(
        array, separator=", ", prefix=indent, max_line_width=80, threshold=_THRESHOLD,
        edgeitems=_EDGE, formatter=formatter,
    )  # fmt: skip
    return text.replace(", ..., ", ",  ..., ")


def _seen(array: np.ndarray) -> np.ndarray:
    """The elements that are printed."""
    if array.size > _THRESHOLD:
        for axis, n in enumerate(array.shape):
            if n > 2 * _EDGE:
                edges = [*range(_EDGE), *range(n - _EDGE, n)]
                array = array.take(edges, axis)
    return array


def _formatter(array: np.ndarray) -> Callable[[float], str]:
    magnitudes = np.abs(array[np.isfinite(array) & (array != 0)]).astype(np.float64)
    whole = bool((magnitudes == np.floor(magnitudes)).all())
    if magnitudes.size:
        least, most = magnitudes.min(), magnitudes.max()
        if most > 1000 * least or most > 1e8 or (not whole and least < 1e-4):
            return lambda v: f"{v:.4e}"
    if whole:
        return lambda v: f"{v:.0f}." if np.isfinite(v) else f"{v:.0f}"
    return lambda v: f"{v:.4f}"
