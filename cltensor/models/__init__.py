"""Small networks to start from; each is a plain Module of one page."""

from sys import modules as _modules

from cltensor.core.names import name_all as _name_all
from cltensor.core.suggestions import suggest as _suggest
from cltensor.models.cifar import BlitzNet, CifarNet
from cltensor.models.digits import MLP, LeNet, LogisticRegression
from cltensor.models.resnet import ResidualBlock, ResNet, ResNet8, ResNet20

__all__ = [
    "MLP",
    "BlitzNet",
    "CifarNet",
    "LeNet",
    "LogisticRegression",
    "ResNet",
    "ResNet8",
    "ResNet20",
    "ResidualBlock",
]

_name_all(globals(), __all__)

_suggest(_modules[__name__])
