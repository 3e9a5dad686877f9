"""How arrays print: PyTorch's way, with four digits, or an exponent where those do not suffice."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import numpy as np

from cltensor import dtypes


class _Options:
    precision: int = 4
    threshold: int = 1000  # more elements show only the edges of each axis
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


#: What each profile sets, the other options being the defaults.
_PROFILES: dict[str, dict[str, Any]] = {
    "default": {},
    "short": {"precision": 2, "edgeitems": 2},
    "full": {"threshold": 1 << 62},
}
_options = _Options()


def set_printoptions(
    precision: int | None = None,
    threshold: int | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """How tensors print: digits, the number of elements beyond which only the edges of each axis
    are shown, how many those are, characters in a line, and whether with an exponent (None: where
    digits do not suffice). profile: "default", "short" or "full", to start from.

    Raises ValueError for another profile.

    >>> ct.set_printoptions(precision=2)
    >>> ct.tensor([1.23456])
    tensor([1.23])
    >>> ct.set_printoptions(profile="default")
    """
    if profile is not None:
        if profile not in _PROFILES:
            raise ValueError(
                f"set_printoptions: profile is {profile!r}; use {', '.join(map(repr, _PROFILES))}"
            )
        vars(_options).clear()
        vars(_options).update(_PROFILES[profile])
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems}
    given["linewidth"] = linewidth
    vars(_options).update({name: value for name, value in given.items() if value is not None})
    _options.sci_mode = sci_mode


def show_array(array: np.ndarray, indent: str) -> str:
    """The elements of `array` in brackets; lines after the first start behind `indent`."""
    if array.size == 0:
        return "[]"
    seen = _seen(array)
    one: Callable[[Any], str] = str
    if array.dtype.kind == "f":
        one = _formatter(seen)
    elif array.dtype.kind == "c":
        one = _complex_formatter(seen)
    width = max(len(one(v)) for v in seen.ravel().tolist())
    formatter: Any = {"all": lambda v: one(v.item()).rjust(width)}
    text = np.array2string(
        array, separator=", ", prefix=indent, max_line_width=_options.linewidth,
        threshold=_options.threshold,
        edgeitems=_options.edgeitems, formatter=formatter,
    )  # fmt: skip
    return text.replace(", ..., ", ",  ..., ")


def show_elements(array: np.ndarray, dtype: np.dtype) -> str:
    """An array as the repr of a tensor shows it, with its dtype where the elements do not tell."""
    text = show_array(array, "tensor(")
    default = [dtypes.default_float, dtypes.default_complex, dtypes.int64, dtypes.bool_]
    if array.size == 0:  # no element shows what it is
        del default[1:]
        if array.ndim > 1:
            text = f"[], size={array.shape}"
    return text if dtype in default else f"{text}, dtype={dtype.name}"


def _seen(array: np.ndarray) -> np.ndarray:
    """The elements that are printed."""
    if array.size > _options.threshold:
        edge = _options.edgeitems
        for axis, n in enumerate(array.shape):
            if n > 2 * edge:
                edges = [*range(edge), *range(n - edge, n)]
                array = array.take(edges, axis)
    return array


def _complex_formatter(array: np.ndarray) -> Callable[[complex], str]:
    """Each part as numbers of the parts are printed."""
    real, imag = _formatter(array.real), _formatter(array.imag)
    widths = [max(len(f(v)) for v in p.ravel().tolist()) for f, p in
              ((real, array.real), (imag, abs(array.imag)))]  # fmt: skip

    def one(v: complex) -> str:
        sign = "-" if np.signbit(v.imag) else "+"
        return f"{real(v.real).rjust(widths[0])}{sign}{imag(abs(v.imag))}j"

    return one


def _formatter(array: np.ndarray) -> Callable[[float], str]:
    magnitudes = np.abs(array[np.isfinite(array) & (array != 0)]).astype(np.float64)
    whole = bool((magnitudes == np.floor(magnitudes)).all())
    digits, exponent = _options.precision, _options.sci_mode
    if magnitudes.size and exponent is None:
        least, most = magnitudes.min(), magnitudes.max()
        exponent = most > 1000 * least or most > 1e8 or (not whole and least < 1e-4)
    if exponent:
        return lambda v: f"{v:.{digits}e}"
    if whole:
        return lambda v: f"{v:.0f}." if np.isfinite(v) else f"{v:.0f}"
    return lambda v: f"{v:.{digits}f}"


def html(array: np.ndarray, caption: str) -> str:
    """A table of an array of at most two dimensions, as a notebook shows it; of one with more, its
    text."""
    if array.ndim > 2 or array.size == 0:
        return f"<pre>{escape(show_array(array, ''))}\n{escape(caption)}</pre>"
    rows = array.reshape(1, -1) if array.ndim < 2 else array
    cells = [_cut(list(range(n)), array.size) for n in rows.shape]
    seen = _seen(rows)
    one: Callable[[Any], str] = str
    if array.dtype.kind in "fc":
        one = _formatter(seen) if array.dtype.kind == "f" else _complex_formatter(seen)
    lines = []
    for i in cells[0]:
        line = ["..." if i is None or j is None else one(rows[i, j].item()) for j in cells[1]]
        lines.append("<tr>" + "".join([f"<td>{text}</td>" for text in line]) + "</tr>")
    return f"<table>{''.join(lines)}</table>{escape(caption)}"


def _cut(places: list[int], size: int) -> list[int | None]:
    """The places along an axis that are shown, None for those between."""
    edge = _options.edgeitems
    if size <= _options.threshold or len(places) <= 2 * edge:
        return [*places]
    return [*places[:edge], None, *places[-edge:]]
