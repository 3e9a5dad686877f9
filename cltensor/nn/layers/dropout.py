"""Dropout layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cltensor.core.checks import probability
from cltensor.nn import functional as F
from cltensor.nn.layers.options import WithOptions


class _Dropout(WithOptions):
    """Base. p: probability of dropping; inplace: let the input take the result."""

    _shown = ("p", "inplace")
    _drop: Callable[..., Any]

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        probability(type(self).__name__, p)
        self.p = p
        self.inplace = inplace

    def forward(self, x: Any) -> Any:
        """(any shape that is dropped from) -> the same."""
        return self._drop(x, self.p, self.training, self.inplace)


class Dropout(_Dropout):
    """Set each element to zero with probability p while training, and scale the rest up.

    Args:    p: probability of a zero; inplace: let the input take the result.
    Source:  Srivastava et al. 2014, scaled while training.

    >>> nn.Dropout(0.5).eval()(ct.ones(3))
    tensor([1., 1., 1.])
    """

    _drop = staticmethod(F.dropout)


class Dropout1d(_Dropout):
    """Dropout of whole channels of (N, C, L) or (C, L).

    >>> nn.Dropout1d(0.5)(ct.ones(2, 3, 4)).shape
    Size([2, 3, 4])
    """

    _drop = staticmethod(F.dropout1d)


class Dropout2d(_Dropout):
    """Dropout of whole channels of (N, C, H, W).

    >>> nn.Dropout2d(0.5)(ct.ones(2, 3, 4, 4)).shape
    Size([2, 3, 4, 4])
    """

    _drop = staticmethod(F.dropout2d)


class Dropout3d(_Dropout):
    """Dropout of whole channels of (N, C, D, H, W) or (C, D, H, W).

    >>> nn.Dropout3d(0.5)(ct.ones(2, 3, 4, 4, 4)).shape
    Size([2, 3, 4, 4, 4])
    """

    _drop = staticmethod(F.dropout3d)


class AlphaDropout(_Dropout):
    """Dropout to the value that SELU gives for minus infinity; mean and variance stay.

    Source:  Klambauer et al. 2017.

    >>> nn.AlphaDropout(0.5).eval()(ct.ones(3))
    tensor([1., 1., 1.])
    """

    _drop = staticmethod(F.alpha_dropout)


class FeatureAlphaDropout(_Dropout):
    """AlphaDropout of whole channels of (N, C, ...).

    >>> nn.FeatureAlphaDropout(0.5).eval()(ct.ones(1, 2, 1))
    tensor([[[1.],
             [1.]]])
    """

    _drop = staticmethod(F.feature_alpha_dropout)
