"""`ct.backends`: switches that PyTorch's programs set. They may be set and change nothing: results
are the same bits in every run, and kernels are chosen by shape."""

from __future__ import annotations

from sys import modules as _modules

from cltensor.core.paths import place as _place
from cltensor.core.suggestions import suggest as _suggest
from cltensor.runtime.device import devices

__all__ = ["cuda", "cudnn", "mps"]


class _Switches:
    """Attributes to be set."""

    def __init__(self, **defaults: bool) -> None:
        vars(self).update(defaults)

    def __repr__(self) -> str:
        return f"switches({', '.join(f'{k}={v}' for k, v in vars(self).items())})"


class _Available:
    """Says whether there is a GPU that PyTorch's programs would find under that name."""

    def is_available(self) -> bool:
        """False: the GPU is `ct.cuda`'s."""
        return False

    def is_built(self) -> bool:
        """False, as above."""
        return False


class _Cuda:
    def __init__(self) -> None:
        self.matmul = _Switches(allow_tf32=False)

    def is_built(self) -> bool:
        """Whether there is a GPU."""
        return any(d.kind == "gpu" for d in devices())


cudnn = _Switches(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
cuda = _Cuda()
mps = _Available()

#: Programs also write `import cltensor.backends.cudnn as cudnn`.
_place(__name__, {name: globals()[name] for name in __all__})

_suggest(_modules[__name__])
