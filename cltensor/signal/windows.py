"""Windows, under PyTorch's names (`ct.signal.windows`)."""

from sys import modules as _modules

from cltensor import ops as _ops
from cltensor.core.composite import publish as _publish

_publish(_modules[__name__], _ops.modules())
