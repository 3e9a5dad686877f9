"""What a check is, and how its results are compared with NumPy's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np

import cltensor as ct
from cltensor.testing import assert_close

_F = TypeVar("_F", bound=Callable[..., Any])
#: Dtypes that only a device with fp64 has.
_WIDE = {"float64", "complex128"}


class Missing(Exception):
    """A check needs what the device has not; the text says what."""


class Check(NamedTuple):
    """One thing to try: `run` raises where the device is wrong, and may return what it measured.

    note: what it means, where its name does not say so;  brief: whether a quick run has it too.
    """

    family: str
    name: str
    run: Callable[[], Any]
    note: str = ""
    brief: bool = True


class Family:
    """The checks of one family, gathered by decorators of the functions that make them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.checks: list[Check] = []

    def check(self, note: str = "", brief: bool = True) -> Callable[[_F], _F]:
        """The function is a check."""

        def add(function: _F) -> _F:
            name = function.__name__.strip("_").replace("_", " ")
            self.checks.append(Check(self.name, name, function, note, brief))
            return function

        return add

    def each(self, *cases: Any) -> Callable[[_F], _F]:
        """The function is a check for each case, a tuple of its arguments or the only one. A quick
        run has every other."""

        def add(function: _F) -> _F:
            name = function.__name__.strip("_").replace("_", " ")
            for i, case in enumerate(cases):
                arguments = case if isinstance(case, tuple) else (case,)
                said = ", ".join(map(str, arguments))
                run = partial(_wanting, function, arguments)
                brief = i % 2 == 1 or len(cases) == 1
                self.checks.append(Check(self.name, f"{name} {said}", run, "", brief))
            return function

        return add


def _wanting(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """What function(*arguments) gives; Missing if it needs fp64, and the device has none."""
    if _WIDE & {a for a in arguments if isinstance(a, str)}:
        require_fp64()
    return function(*arguments)


def require_fp64() -> None:
    """Raises Missing on a device without fp64."""
    if not ct.get_default_device().fp64:
        raise Missing("the device has no fp64")


def numbers(*shape: int, dtype: str = "float32", seed: int = 0) -> np.ndarray:
    """Numbers around 0 of any dtype, the same each time."""
    random = np.random.default_rng((seed, *shape))
    kind = np.dtype(dtype).kind
    if kind == "c":
        return (random.standard_normal(shape) + 1j * random.standard_normal(shape)).astype(dtype)
    if kind == "f":
        return random.standard_normal(shape).astype(dtype)
    if kind == "b":
        return random.random(shape) < 0.5
    return random.integers(0 if kind == "u" else -50, 50, shape).astype(dtype)


def floats(*values: float) -> np.ndarray:
    """These numbers, in single precision."""
    return np.array(values, "float32")


def leaf(array: np.ndarray) -> Any:
    """A tensor of the elements that gradients are asked for."""
    return ct.tensor(array, requires_grad=True)


#: What rounding in another order changes, of the largest element.
ROUNDING = {"float16": 2e-3, "float32": 1e-5, "float64": 1e-12, "complex64": 1e-5}
ROUNDING["complex128"] = ROUNDING["float64"]


def near(got: Any, want: Any, tolerance: float | None = None, dtype: Any = None) -> None:
    """The tensor has the array's shape and elements, up to `tolerance` of the largest of them (by
    default, what rounding may change), and the dtype, which is by default the array's."""
    want = np.asarray(want)
    dtype = np.dtype(dtype or want.dtype)
    if got.dtype != dtype:
        raise AssertionError(f"the dtype is {got.dtype}, expected {dtype}")
    if tolerance is None:
        tolerance = ROUNDING.get(dtype.name, 0.0)
    finite = np.abs(want[np.isfinite(want)]) if want.dtype.kind in "fc" else np.zeros(0)
    scale = max(1.0, float(finite.max(initial=0)))
    assert_close(got.detach().numpy(), want, rtol=tolerance, atol=tolerance * scale, equal_nan=True)


def same(got: Any, want: Any) -> None:
    """The tensor is the array: shape, dtype and every element."""
    near(got, want, 0.0)


def true(what: bool, otherwise: str) -> None:
    """Raise AssertionError with a text unless `what` holds."""
    if not what:
        raise AssertionError(otherwise)
