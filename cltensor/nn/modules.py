"""`nn.modules`: PyTorch's places for layers, by kind."""

from __future__ import annotations

from sys import modules as _modules

from cltensor.core.paths import place as _place
from cltensor.core.suggestions import suggest as _suggest
from cltensor.nn import everywhere, module
from cltensor.nn import tuples as utils
from cltensor.nn.layers import (
    activation,
    adaptive,
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
from cltensor.nn.layers import image as channelshuffle
from cltensor.nn.layers import image as pixelshuffle
from cltensor.nn.layers import image as upsampling
from cltensor.nn.layers import norm as batchnorm
from cltensor.nn.layers import norm as instancenorm
from cltensor.nn.layers import norm as normalization
from cltensor.nn.layers import pad as padding
from cltensor.nn.layers import pool as pooling
from cltensor.nn.layers import recurrent as rnn
from cltensor.nn.layers import shape as flatten
from cltensor.nn.layers.sync_norm import SyncBatchNorm
from cltensor.nn.module import Module

__all__ = [
    "Module",
    "activation",
    "adaptive",
    "batchnorm",
    "channelshuffle",
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
    "pixelshuffle",
    "pooling",
    "rnn",
    "sparse",
    "transformer",
    "upsampling",
    "utils",
]

#: Programs also write `from cltensor.nn.modules.conv import Conv2d`.
_place(__name__, {name: globals()[name] for name in __all__ if name != "Module"})
vars(module).update({name: getattr(everywhere, name) for name in everywhere.__all__})
#: Bases that programs derive from, or ask for with isinstance, by PyTorch's names.
vars(batchnorm)["SyncBatchNorm"] = SyncBatchNorm
vars(conv)["_ConvNd"] = conv._Convolution
vars(dropout)["_DropoutNd"] = dropout._Dropout
vars(loss).update(_Loss=loss.Loss, _WeightedLoss=loss.WeightedLoss)
vars(pooling)["_MaxPoolNd"] = pooling._MaxPool
_suggest(_modules[__name__])
