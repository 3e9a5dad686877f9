"""What is measured: a Case, and the libraries that run it beside each other."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

import cltensor as ct

OURS = "cltensor"
RIVALS = ("numpy", "torch")

#: Rates by unit: what one unit of `Case.work` is divided by.
UNITS = {"GB/s": 1e9, "GFLOP/s": 1e9, "images/s": 1.0, "": 1.0}


class Library:
    """One of the libraries as a case sees it.

    m is its module. The arrays that a case draws are the same in every library.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.m: Any = importlib.import_module(name)
        self._rng = np.random.default_rng(0)

    @property
    def is_ours(self) -> bool:
        """Whether this is cltensor."""
        return self.name == OURS

    def array(self, values: np.ndarray) -> Any:
        """`values` as an array of the library."""
        return values if self.name == "numpy" else self.m.tensor(values)

    def normal(self, *shape: int) -> Any:
        """Standard normal float32 numbers."""
        return self.array(self._rng.standard_normal(shape, np.float32))

    def integers(self, high: int, *shape: int) -> Any:
        """int64 numbers from 0 to `high` - 1."""
        return self.array(self._rng.integers(0, high, shape))

    def relu(self, x: Any) -> Any:
        """The larger of x and 0, element by element."""
        return np.maximum(x, np.float32(0)) if self.name == "numpy" else self.m.relu(x)

    def require_grad(self, x: Any) -> Any:
        """x as a leaf that wants a gradient."""
        if self.is_ours:
            return ct.Variable(x, requires_grad=True)
        return x.requires_grad_()

    def gradients(self, y: Any, inputs: list[Any], seed: Any) -> Any:
        """The gradients of y, weighted by `seed`, for `inputs`."""
        grad = ct.grad if self.is_ours else self.m.autograd.grad
        return grad(y, inputs, seed)

    def settle(self, result: Any) -> None:
        """Launch what a result still waits for; other libraries have done so already."""
        if not self.is_ours or result is None or isinstance(result, float):
            return
        for each in result if isinstance(result, (tuple, list)) else (result,):
            each.realize()

    def finish(self) -> None:
        """Wait until everything launched is done."""
        if self.is_ours:
            ct.device().synchronize()

    def host(self, result: Any) -> list[np.ndarray]:
        """The results on the host, none when the case returns nothing to compare."""
        if result is None or isinstance(result, float):
            return []
        several = result if isinstance(result, (tuple, list)) else (result,)
        return [np.asarray(r if self.name == "numpy" else r.detach().numpy()) for r in several]


@dataclass(frozen=True)
class Case:
    """One measurement.

    build makes, for a library, a function without arguments that does the work once (`inner`
    times). work is what one call does, in bytes, floating-point operations or images as `unit`
    says. self_timed: the function returns the seconds that count. slow: few repeats will do.
    """

    family: str
    name: str
    build: Callable[[Library], Callable[[], Any]]
    work: float = 0.0
    unit: str = ""
    rivals: tuple[str, ...] = RIVALS
    inner: int = 1
    self_timed: bool = False
    slow: bool = False

    @property
    def title(self) -> str:
        """The name that --only matches."""
        return f"{self.family}/{self.name}"


def installed(names: tuple[str, ...]) -> list[str]:
    """Those of `names` that can be imported."""
    return [name for name in names if find_spec(name) is not None]
