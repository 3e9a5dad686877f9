"""Optimizers and learning-rate schedules."""

from cltensor.names import HINTS, name_all
from cltensor.optim import lr_scheduler
from cltensor.optim.adam import Adam, AdamW
from cltensor.optim.optimizer import Optimizer
from cltensor.optim.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "lr_scheduler"]

name_all(globals(), ["SGD", "Adam", "AdamW", "Optimizer"], HINTS)
name_all(vars(lr_scheduler), lr_scheduler.__all__)
