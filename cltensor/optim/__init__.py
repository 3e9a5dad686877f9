"""Optimizers and learning-rate schedules."""

from sys import modules as _modules

from cltensor.core.names import HINTS as _HINTS
from cltensor.core.names import name_all as _name_all
from cltensor.core.suggestions import suggest as _suggest
from cltensor.optim import lr_scheduler
from cltensor.optim.adam import Adam, AdamW
from cltensor.optim.optimizer import Optimizer
from cltensor.optim.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "lr_scheduler"]

_name_all(globals(), ["SGD", "Adam", "AdamW", "Optimizer"], _HINTS)
_name_all(vars(lr_scheduler), lr_scheduler.__all__)
_suggest(_modules["cltensor.optim"], lr_scheduler)
