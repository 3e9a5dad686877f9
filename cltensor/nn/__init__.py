"""Layers, losses and initial values, under PyTorch's names."""

from sys import modules as _modules

from cltensor.names import name_all as _name_all
from cltensor.nn import clip as utils
from cltensor.nn import functional, init
from cltensor.nn.activation import (
    ELU,
    GELU,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from cltensor.nn.container import ModuleDict, ModuleList, Sequential
from cltensor.nn.conv import Conv2d, ConvTranspose2d
from cltensor.nn.dropout import Dropout, Dropout2d
from cltensor.nn.linear import Identity, Linear
from cltensor.nn.loss import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HuberLoss,
    L1Loss,
    MSELoss,
    NLLLoss,
    SmoothL1Loss,
)
from cltensor.nn.module import Module
from cltensor.nn.norm import BatchNorm1d, BatchNorm2d, LayerNorm
from cltensor.nn.parameter import Parameter
from cltensor.nn.pool import AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, MaxPool2d
from cltensor.nn.shape import Flatten, Unflatten
from cltensor.suggestions import suggest as _suggest

__all__ = [
    "ELU",
    "GELU",
    "AdaptiveAvgPool2d",
    "AdaptiveMaxPool2d",
    "AvgPool2d",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "Conv2d",
    "ConvTranspose2d",
    "CrossEntropyLoss",
    "Dropout",
    "Dropout2d",
    "Flatten",
    "HuberLoss",
    "Identity",
    "L1Loss",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "ModuleDict",
    "ModuleList",
    "NLLLoss",
    "Parameter",
    "ReLU",
    "ReLU6",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SmoothL1Loss",
    "Softmax",
    "Softplus",
    "Tanh",
    "Unflatten",
    "functional",
    "init",
    "utils",
]

_name_all(globals(), __all__)
for _module in (init, utils):
    _name_all(vars(_module), [n for n in vars(_module) if n[0] != "_"])
_suggest(_modules["cltensor.nn"], functional, init, utils)
