"""Small networks to start from; each is a plain Module of one page."""

from sys import modules as _modules

from cltensor.core.names import name_all as _name_all
from cltensor.core.suggestions import suggest as _suggest
from cltensor.models.cifar import BlitzNet, CifarNet, SmallVGG
from cltensor.models.digits import MLP, DigitNet, LeNet, LogisticRegression
from cltensor.models.quick import QuickNet, ResNet9
from cltensor.models.resnet import (
    ResidualBlock,
    ResNet,
    ResNet8,
    ResNet20,
    ResNet56,
    WideResNet,
)

__all__ = [
    "MLP",
    "BlitzNet",
    "CifarNet",
    "DigitNet",
    "LeNet",
    "LogisticRegression",
    "QuickNet",
    "ResNet",
    "ResNet8",
    "ResNet9",
    "ResNet20",
    "ResNet56",
    "ResidualBlock",
    "SmallVGG",
    "WideResNet",
]

_name_all(globals(), __all__)

_suggest(_modules[__name__])
