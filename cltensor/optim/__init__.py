"""Optimizers and learning-rate schedules."""

from sys import modules as _modules

from cltensor.core.names import HINTS as _HINTS
from cltensor.core.names import name_all as _name_all
from cltensor.core.paths import place as _place
from cltensor.core.suggestions import suggest as _suggest
from cltensor.optim import adam, lr_scheduler, swa_utils
from cltensor.optim.adadelta import Adadelta
from cltensor.optim.adafactor import Adafactor
from cltensor.optim.adagrad import Adagrad
from cltensor.optim.adam import Adam, AdamW
from cltensor.optim.adamax import Adamax
from cltensor.optim.asgd import ASGD
from cltensor.optim.lamb import LAMB
from cltensor.optim.lbfgs import LBFGS
from cltensor.optim.lion import Lion
from cltensor.optim.muon import Muon
from cltensor.optim.nadam import NAdam
from cltensor.optim.optimizer import Optimizer
from cltensor.optim.radam import RAdam
from cltensor.optim.rmsprop import RMSprop
from cltensor.optim.rprop import Rprop
from cltensor.optim.sgd import SGD
from cltensor.optim.sparse_adam import SparseAdam
from cltensor.optim.zero import ZeroRedundancyOptimizer

__all__ = [
    "ASGD",
    "LAMB",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "Muon",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "SparseAdam",
    "ZeroRedundancyOptimizer",
    "lr_scheduler",
    "swa_utils",
]

_name_all(globals(), [_name for _name in __all__ if _name[0].isupper()], _HINTS)
_name_all(vars(lr_scheduler), lr_scheduler.__all__)
_name_all(vars(swa_utils), swa_utils.__all__)
_place("cltensor.optim", {"adamw": adam})
_suggest(_modules["cltensor.optim"], lr_scheduler)
