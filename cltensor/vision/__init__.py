"""`ct.vision`: sets of images and changes to them, under torchvision's names (extra 'vision')."""

from sys import modules as _modules

from cltensor import models
from cltensor.core.names import name_all as _name_all
from cltensor.core.paths import place as _place
from cltensor.core.suggestions import suggest as _suggest
from cltensor.vision import datasets, grid, transforms
from cltensor.vision import grid as utils

__all__ = ["datasets", "models", "transforms", "utils"]

#: Programs also write `from cltensor.vision.utils import make_grid`, and so of models.
_place(__name__, {"models": models, "utils": grid})
_name_all(vars(grid), grid.__all__)
_suggest(_modules[__name__], grid)
