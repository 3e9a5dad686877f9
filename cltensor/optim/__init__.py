"""Optimizers and learning-rate schedules."""

from cltensor.optim import lr_scheduler
from cltensor.optim.adam import Adam, AdamW
from cltensor.optim.optimizer import Optimizer
from cltensor.optim.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "lr_scheduler"]
