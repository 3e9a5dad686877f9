"""`nn.modules`: PyTorch's places for layers, by kind."""

from __future__ import annotations

from sys import modules as _modules

from cltensor.core.suggestions import suggest as _suggest
from cltensor.nn import everywhere, module
from cltensor.nn.layers import (
    activation,
    container,
    conv,
    distance,
    dropout,
    fold,
    linear,
    loss,
    transformer,
)
from cltensor.nn.layers import embed as sparse
from cltensor.nn.layers import norm as batchnorm
from cltensor.nn.layers import norm as instancenorm
from cltensor.nn.layers import norm as normalization
from cltensor.nn.layers import pad as padding
from cltensor.nn.layers import pool as pooling
from cltensor.nn.layers import recurrent as rnn
from cltensor.nn.layers import shape as flatten
from cltensor.nn.module import Module

__all__ = [
    "Module",
    "activation",
    "batchnorm",
    "container",
    "conv",
    "distance",
    "dropout",
    "flatten",
    "fold",
    "instancenorm",
    "linear",
    "loss",
    "module",
    "normalization",
    "padding",
    "pooling",
    "rnn",
    "sparse",
    "transformer",
]

#: Programs also write `from cltensor.nn.modules.conv import Conv2d`.
_modules.update({f"{__name__}.{name}": globals()[name] for name in __all__ if name != "Module"})
vars(module).update({name: getattr(everywhere, name) for name in everywhere.__all__})
_suggest(_modules[__name__])
