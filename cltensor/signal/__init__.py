"""Signal processing, under PyTorch's names (`ct.signal`)."""

from sys import modules as _modules

from cltensor.core.suggestions import suggest as _suggest
from cltensor.signal import windows

__all__ = ["windows"]

_suggest(_modules[__name__])
