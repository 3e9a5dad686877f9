"""Layers, losses and initial values, under PyTorch's names."""

from sys import modules as _modules

from cltensor.core.names import name_all as _name_all
from cltensor.core.suggestions import suggest as _suggest
from cltensor.nn import functional, init
from cltensor.nn import utils as utils
from cltensor.nn.layers.activation import (
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
from cltensor.nn.layers.container import ModuleDict, ModuleList, Sequential
from cltensor.nn.layers.conv import Conv2d, ConvTranspose2d
from cltensor.nn.layers.distance import CosineSimilarity, PairwiseDistance
from cltensor.nn.layers.dropout import Dropout, Dropout2d
from cltensor.nn.layers.linear import Identity, Linear
from cltensor.nn.layers.loss import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HuberLoss,
    L1Loss,
    MSELoss,
    NLLLoss,
    SmoothL1Loss,
)
from cltensor.nn.layers.norm import BatchNorm1d, BatchNorm2d, LayerNorm
from cltensor.nn.layers.pool import AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, MaxPool2d
from cltensor.nn.layers.shape import Flatten, Unflatten
from cltensor.nn.module import Module
from cltensor.nn.parameter import Parameter

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
    "CosineSimilarity",
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
    "PairwiseDistance",
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
    _name_all(vars(_module), _module.__all__)
_suggest(_modules["cltensor.nn"], functional, init, utils)
