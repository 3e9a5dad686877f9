"""Whether values are as near as their dtypes let one expect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from cltensor.core.names import named
from cltensor.core.tensor import Tensor
from cltensor.dtypes import bfloat16, float16

#: (rtol, atol) by the name of a dtype, as in PyTorch; others compare exactly.
_NEAR = {
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
}


@named
def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: Any = None,
) -> None:
    """Raise AssertionError unless |actual - expected| <= atol + rtol |expected| everywhere.

    Args:    actual, expected: tensors, arrays or numbers; or sequences or mappings of them, which
             are compared member by member;  rtol and atol: both or neither, which takes what suits
             the dtype (float32 1.3e-6 and 1e-5, float64 1e-7 and 1e-7, integers equal);
             equal_nan: whether NaN equals NaN;  check_device, check_dtype, check_stride: what else
             has to agree;  msg: the error's text, or a function of the usual one. There is one
             layout, and subclasses are tensors: the other two change nothing.
    Raises:  AssertionError that names the place, the greatest difference and the tolerances;
             ValueError for one of rtol and atol alone.

    >>> ct.testing.assert_close(ct.tensor([1.0]), ct.tensor([1.0 + 1e-8]))
    """
    if (rtol is None) != (atol is None):
        raise ValueError("assert_close: rtol and atol belong together; give both or neither")
    checks = {"device": check_device, "dtype": check_dtype, "stride": check_stride}
    for place, found, wanted in _pairs(actual, expected, ""):
        text = _difference(found, wanted, rtol, atol, equal_nan, checks)
        if text:
            text = f"assert_close: {text}{f' (at {place})' if place else ''}"
            raise AssertionError(text if msg is None else msg(text) if callable(msg) else msg)


def _pairs(actual: Any, expected: Any, place: str) -> Iterator[tuple[str, Any, Any]]:
    """(where, actual, expected) for all members of two nestings alike."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        if actual.keys() != expected.keys():
            raise AssertionError(
                f"assert_close: the keys are {sorted(map(str, actual))}, expected "
                f"{sorted(map(str, expected))}{f' (at {place})' if place else ''}"
            )
        for key in expected:
            yield from _pairs(actual[key], expected[key], f"{place}[{key!r}]")
    elif isinstance(expected, (list, tuple)) and isinstance(actual, (list, tuple)):
        if len(actual) != len(expected):
            raise AssertionError(
                f"assert_close: the lengths are {len(actual)} and {len(expected)}"
                f"{f' (at {place})' if place else ''}"
            )
        for i, (a, b) in enumerate(zip(actual, expected, strict=True)):
            yield from _pairs(a, b, f"{place}[{i}]")
    else:
        yield place, actual, expected


def _array(x: Any) -> np.ndarray:
    """Elements for NumPy, of which floats of 16 bits have no arithmetic there."""
    if not isinstance(x, Tensor):
        return np.asarray(x)
    x = x.detach()
    return (x.float() if x.dtype in (float16, bfloat16) else x).numpy()


def _difference(
    actual: Any,
    expected: Any,
    rtol: float | None,
    atol: float | None,
    equal_nan: bool,
    checks: dict[str, bool],
) -> str:
    """What differs between two tensors, arrays or numbers, or an empty text."""
    tensors = isinstance(actual, Tensor) and isinstance(expected, Tensor)
    if isinstance(actual, Tensor) != isinstance(expected, Tensor):
        return f"one is a tensor and one is not: {type(actual).__name__}, {type(expected).__name__}"
    for name, wanted in checks.items() if tensors else ():
        a, b = (x.stride() if name == "stride" else getattr(x, name) for x in (actual, expected))
        if wanted and a != b:
            return f"the {name}s are {a} and {b}"
    a, b = _array(actual), _array(expected)
    if a.shape != b.shape:
        return f"the shapes are {a.shape} and {b.shape}"
    names = [x.dtype.name for x in ((actual, expected) if tensors else (a, b))]
    near = [_NEAR.get(name, (0.0, 0.0)) for name in names]
    relative = max(pair[0] for pair in near) if rtol is None else rtol
    absolute = max(pair[1] for pair in near) if atol is None else atol
    with np.errstate(invalid="ignore", over="ignore"):
        wide = np.complex128 if "c" in (a.dtype.kind, b.dtype.kind) else np.float64
        gap = np.abs(a.astype(wide) - b.astype(wide))
        good = (a == b) | (gap <= absolute + relative * np.abs(b.astype(wide)))
        good &= (a == b) | (np.isfinite(a.astype(wide)) & np.isfinite(b.astype(wide)))
    if equal_nan:
        good |= (a != a) & (b != b)
    if good.all():
        return ""
    worst = np.unravel_index(np.argmax(np.where(good, -1, np.nan_to_num(gap, nan=np.inf))), a.shape)
    where = tuple(map(int, worst))
    return (
        f"{np.count_nonzero(~good)} of {a.size} elements differ; the most at {where}: {a[worst]} "
        f"and {b[worst]}, {gap[worst]:.3g} apart (rtol {relative:g}, atol {absolute:g})"
    )
