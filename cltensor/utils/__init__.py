"""PyTorch's places for two modules: `ct.utils.data` is `ct.data`, and `ct.utils.checkpoint`."""

from sys import modules as _modules

from cltensor import data
from cltensor.autograd import checkpoint
from cltensor.core.suggestions import suggest as _suggest

__all__ = ["checkpoint", "data"]

#: Programs also write `from cltensor.utils.data import DataLoader`.
_modules.update({f"{__name__}.data": data, f"{__name__}.checkpoint": checkpoint})
_suggest(_modules[__name__])
