"""What is measured: a Case, and the libraries that run it beside each other."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import cltensor as ct

OURS = "cltensor"
RIVALS = ("numpy", "torch", "tinygrad")

#: Rates by unit: what one unit of `Case.work` is divided by.
UNITS = {
    "million/s": 1e6,
    "GB/s": 1e9,
    "GFLOP/s": 1e9,
    "images/s": 1.0,
    "sequences/s": 1.0,
    "": 1.0,
}


class Library:
    """One of the libraries as a case sees it.

    m is its module, nn its layers under PyTorch's names. The arrays that a case draws are the same
    in every library. Beside a GPU, PyTorch uses CUDA where it can.
    """

    def __init__(self, name: str) -> None:
        if name == "tinygrad":
            _show_opencl_to_tinygrad()
        self.name = name
        self.m: Any = importlib.import_module(name)
        self.where = ""
        if name == "torch":
            self.where = "cpu" if ct.device().is_cpu or not self.m.cuda.is_available() else "cuda"
            if self.where == "cuda":
                # Either side multiplies float32 as it is; cuDNN would round by default.
                self.m.backends.cudnn.allow_tf32 = False
        self._rng = np.random.default_rng(0)

    @property
    def nn(self) -> Any:
        """The layers."""
        return importlib.import_module("benchmarks.tiny") if self.name == "tinygrad" else self.m.nn

    @property
    def is_ours(self) -> bool:
        """Whether this is cltensor."""
        return self.name == OURS

    def array(self, values: np.ndarray) -> Any:
        """`values` as an array of the library."""
        if self.name == "numpy":
            return values
        if self.name == "tinygrad":
            return self.m.Tensor(values).realize()
        return self.m.tensor(values, **self.there)

    @property
    def there(self) -> dict[str, Any]:
        """What functions of the library take that make arrays, for these to lie where others do."""
        return {"device": self.where} if self.where else {}

    def normal(self, *shape: int) -> Any:
        """Standard normal float32 numbers."""
        return self.array(self._rng.standard_normal(shape, np.float32))

    def integers(self, high: int, *shape: int) -> Any:
        """int64 numbers from 0 to `high` - 1."""
        return self.array(self._rng.integers(0, high, shape))

    def relu(self, x: Any) -> Any:
        """The larger of x and 0, element by element."""
        return np.maximum(x, np.float32(0)) if self.name == "numpy" else self.m.relu(x)

    def pad_channels(self, x: Any, side: int) -> Any:
        """x (N, C, H, W) with `side` channels of zeros before and after its own."""
        pad = self.nn.functional.pad if self.name == "torch" else self.m.Tensor.pad
        return (ct.pad if self.is_ours else pad)(x, (0, 0, 0, 0, side, side))

    def require_grad(self, x: Any) -> Any:
        """x as a leaf that wants a gradient."""
        if self.is_ours:
            return ct.Variable(x, requires_grad=True)
        return x.requires_grad_()

    def gradients(self, y: Any, inputs: list[Any], seed: Any) -> Any:
        """The gradients of y, weighted by `seed`, for `inputs`."""
        grad = ct.grad if self.is_ours else self.m.autograd.grad
        return grad(y, inputs, seed)

    def with_gradients(
        self, function: Callable[..., Any], inputs: list[Any], shape: tuple[int, ...]
    ) -> Callable[[], Any]:
        """A call that computes function(*inputs), of `shape`, and the gradients of the inputs."""
        leaves = [self.require_grad(x) for x in inputs]
        seed = self.normal(*shape)
        return lambda: self.gradients(function(*leaves), leaves, seed)

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
        elif self.where == "cuda":
            self.m.cuda.synchronize()
        elif self.name == "tinygrad":
            self.m.Device[self.m.Device.DEFAULT].synchronize()

    def host(self, result: Any) -> list[np.ndarray]:
        """The results on the host, none when the case returns nothing to compare."""
        if result is None or isinstance(result, float):
            return []
        several = result if isinstance(result, (tuple, list)) else (result,)
        if self.name == "torch":
            return [r.detach().cpu().numpy() for r in several]
        return [np.asarray(r.detach().numpy() if self.is_ours else r) for r in several]


def _show_opencl_to_tinygrad() -> None:
    """tinygrad looks for libOpenCL in the system only; pyopencl brings one, and its drivers."""
    import pyopencl

    os.environ.setdefault("DEV", "CL")  # the driver that we use, also where CUDA would be there
    for loader in (Path(pyopencl.__file__).parent / ".libs").glob("libOpenCL*"):
        os.environ.setdefault("OPENCL_PATH", str(loader))


@dataclass(frozen=True)
class Case:
    """One measurement.

    build makes, for a library, a function without arguments that does the work once (`inner`
    times). work is what one call does, in bytes, floating-point operations or images as `unit`
    says; flops are its floating-point operations where work counts something else. self_timed: the
    function returns the seconds that count. slow: few repeats will do. memory: the peak of a
    call is measured too.
    """

    family: str
    name: str
    build: Callable[[Library], Callable[[], Any]]
    work: float = 0.0
    unit: str = ""
    flops: float = 0.0
    rivals: tuple[str, ...] = ("numpy", "torch")
    inner: int = 1
    self_timed: bool = False
    slow: bool = False
    memory: bool = False

    @property
    def title(self) -> str:
        """The name that --only matches."""
        return f"{self.family}/{self.name}"


def installed(names: tuple[str, ...]) -> list[str]:
    """Those of `names` that can be imported."""
    return [name for name in names if find_spec(name) is not None]
