"""`ct.backends`: switches that PyTorch's programs set. But for those of the precision of products
they may be set and change nothing: results are the same bits in every run, and kernels are chosen
by shape.

>>> ct.backends.cuda.matmul.allow_tf32 = False
>>> ct.get_float32_matmul_precision()
'highest'
>>> with ct.backends.cudnn.flags(benchmark=True):
...     ct.backends.cudnn.benchmark
True
>>> ct.backends.mps.is_available()
False
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from sys import modules as _modules
from typing import Any

from cltensor.core.paths import place as _place
from cltensor.core.suggestions import suggest as _suggest
from cltensor.ops.precision import get_float32_matmul_precision, set_float32_matmul_precision
from cltensor.runtime.device import devices

__all__ = ["cpu", "cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp"]


class _Switches:
    """Attributes to be set."""

    def __init__(self, **defaults: Any) -> None:
        vars(self).update(defaults)

    def __repr__(self) -> str:
        return f"switches({', '.join(f'{k}={v}' for k, v in vars(self).items())})"


class _Cudnn(_Switches):
    """The switches of a library that is not there."""

    def version(self) -> None:
        """None: it is not there."""

    def is_available(self) -> bool:
        """False: it is not there."""
        return False

    @contextmanager
    def flags(self, **given: Any) -> Iterator[None]:
        """A block in which switches are set."""
        before = dict(vars(self))
        vars(self).update(given)
        try:
            yield
        finally:
            vars(self).update(before)


class _Available:
    """Says whether there is a GPU, or a library, that PyTorch's programs would find under that
    name."""

    def is_available(self) -> bool:
        """False: the GPU is `ct.cuda`'s, and a driver computes with what it has."""
        return False

    def is_built(self) -> bool:
        """False, as above."""
        return False


class _Products(_Switches):
    """Switches of products; two are `set_float32_matmul_precision` by other names."""

    @property
    def allow_tf32(self) -> bool:
        """Whether products of float32 may take less than its precision."""
        return get_float32_matmul_precision() != "highest"

    @allow_tf32.setter
    def allow_tf32(self, value: bool) -> None:
        set_float32_matmul_precision("high" if value else "highest")

    @property
    def fp32_precision(self) -> str:
        """ "ieee", or "tf32", which allows that."""
        return "tf32" if self.allow_tf32 else "ieee"

    @fp32_precision.setter
    def fp32_precision(self, value: str) -> None:
        self.allow_tf32 = value == "tf32"


class _Cpu:
    def get_cpu_capability(self) -> str:
        """What the CPU's driver calls itself, or "DEFAULT" without one."""
        return next((d.title for d in devices() if d.is_cpu), "DEFAULT")


class _Cuda:
    def __init__(self) -> None:
        self.matmul = _Products(
            allow_fp16_reduced_precision_reduction=False,
            allow_bf16_reduced_precision_reduction=False,
        )
        self._attention = dict.fromkeys(("flash", "mem_efficient", "math", "cudnn"), True)
        for kind in self._attention:
            setattr(self, f"enable_{kind}_sdp", partial(self._attention.__setitem__, kind))
            setattr(self, f"{kind}_sdp_enabled", partial(self._attention.__getitem__, kind))

    def is_built(self) -> bool:
        """Whether there is a GPU."""
        return any(d.kind == "gpu" for d in devices())


cudnn = _Cudnn(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
cuda = _Cuda()
mps, mkl, mkldnn, openmp = (_Available() for _ in range(4))
cpu = _Cpu()

#: Programs also write `import cltensor.backends.cudnn as cudnn`.
_place(__name__, {name: globals()[name] for name in __all__})

_suggest(_modules[__name__])
