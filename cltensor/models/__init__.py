"""Small networks to start from; each is a plain Module of one page."""

from cltensor.models.cifar import BlitzNet, CifarNet
from cltensor.models.digits import MLP, LeNet, LogisticRegression

__all__ = ["MLP", "BlitzNet", "CifarNet", "LeNet", "LogisticRegression"]
