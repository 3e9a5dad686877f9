"""The base of distributions, and what they share: broadcast parameters, chances and log-odds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from cltensor import dtypes
from cltensor.autograd import enable_grad, grad, no_grad
from cltensor.core.batched import whole_of
from cltensor.core.op import broadcast_shapes
from cltensor.core.size import Size
from cltensor.core.tensor import Tensor
from cltensor.distributions import constraints
from cltensor.distributions.constraint_base import Constraint, is_dependent
from cltensor.dtypes import to_float
from cltensor.errors import ShapeError
from cltensor.halves import limits_of
from cltensor.ops.elementwise.cast import astype, full
from cltensor.ops.elementwise.functions import log, log1p
from cltensor.ops.elementwise.select import clip
from cltensor.ops.reduce.fold import all as all_of
from cltensor.ops.shape.view import broadcast_to
from cltensor.runtime.device import get, recording


class Distribution:
    """A distribution, or a batch of them.

    A sample has the shape sample_shape + batch_shape + event_shape: event_shape is that of one
    value, batch_shape how many distributions there are. Values given to `log_prob`, `cdf` and
    `icdf` broadcast against batch_shape + event_shape.

    Args:    validate_args: whether parameters and values are looked at, which waits for the device;
             by default they are, except while a call is recorded by `ct.jit`.
    Raises:  ValueError for a parameter or value that does not fit its constraint.

    >>> isinstance(ct.distributions.Normal(0.0, 1.0), ct.distributions.Distribution)
    True
    """

    #: Whether samples can be differentiated by parameters.
    has_rsample = False
    #: Whether `enumerate_support` lists all values.
    has_enumerate_support = False
    #: What each parameter must be.
    arg_constraints: ClassVar[Mapping[str, Constraint]] = {}
    _validate_args: ClassVar[bool] = __debug__

    def __init__(
        self,
        batch_shape: Sequence[int] = (),
        event_shape: Sequence[int] = (),
        validate_args: bool | None = None,
    ) -> None:
        self._batch_shape = Size(batch_shape)
        self._event_shape = Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args  # type: ignore[misc]
        if not self._looks:
            return
        for name, constraint in self.arg_constraints.items():
            value = vars(self).get(name)
            if value is not None and not is_dependent(constraint) and not _holds(constraint, value):
                raise ValueError(
                    f"{type(self).__name__}: {name} does not satisfy {constraint!r}: "
                    f"{value if value.size < 50 else value.shape}; give values that do, or pass "
                    "validate_args=False"
                )

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether parameters and values are looked at where `validate_args` is not given."""
        Distribution._validate_args = bool(value)

    @property
    def _looks(self) -> bool:
        return self._validate_args and recording.current is None

    @property
    def batch_shape(self) -> Size:
        """How many distributions there are."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one value."""
        return self._event_shape

    @property
    def support(self) -> Constraint:
        """The values that are possible."""
        raise self._lacks("support")

    def expand(self, batch_shape: Sequence[int]) -> Any:
        """The same distributions, broadcast to that batch shape."""
        shape = Size(batch_shape)
        new = object.__new__(type(self))
        for name, value in vars(self).items():
            constraint = self.arg_constraints.get(name)
            if constraint is not None and isinstance(value, Tensor):
                own = value.shape[value.ndim - constraint.event_dim :]
                vars(new)[name] = value.expand(*shape, *own)
            elif isinstance(value, Distribution):
                vars(new)[name] = value.expand(shape)
            elif not isinstance(
                getattr(type(self), name, None), cached_property
            ):  # what was computed is computed anew
                vars(new)[name] = value
        new._batch_shape = shape
        return new

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Values drawn from ct's default generator, without a gradient."""
        with no_grad():
            return self.rsample(sample_shape)

    def sample_n(self, n: int) -> Tensor:
        """`n` values."""
        return self.sample((n,))

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Values that can be differentiated by the parameters."""
        raise self._lacks("rsample")

    def log_prob(self, value: Any) -> Tensor:
        """The logarithm of the density, or of the chance, of values."""
        raise self._lacks("log_prob")

    def cdf(self, value: Any) -> Tensor:
        """The chance of a value not above these."""
        raise self._lacks("cdf")

    def icdf(self, value: Any) -> Tensor:
        """The values whose `cdf` this is."""
        raise self._lacks("icdf")

    def entropy(self) -> Tensor:
        """The mean of -log_prob."""
        raise self._lacks("entropy")

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All values, along a new first axis."""
        raise self._lacks("enumerate_support")

    @property
    def mean(self) -> Tensor:
        """The mean."""
        raise self._lacks("mean")

    @property
    def mode(self) -> Tensor:
        """The likeliest value."""
        raise self._lacks("mode")

    @property
    def variance(self) -> Tensor:
        """The mean squared distance from the mean."""
        raise self._lacks("variance")

    @property
    def stddev(self) -> Tensor:
        """The root of the variance."""
        return self.variance.sqrt()

    def perplexity(self) -> Tensor:
        """e to the entropy."""
        return self.entropy().exp()

    def _lacks(self, what: str) -> NotImplementedError:
        return NotImplementedError(f"{type(self).__name__} has no {what}")

    def _extended_shape(self, sample_shape: Sequence[int] = ()) -> Size:
        return Size((*sample_shape, *self._batch_shape, *self._event_shape))

    def _validate_sample(self, value: Any) -> None:
        """Raise unless `value` is a tensor that fits the shapes and the support."""
        name = type(self).__name__
        if not isinstance(value, Tensor):
            raise ValueError(f"{name}: a value must be a tensor, not {type(value).__name__}")
        events = len(self._event_shape)
        if events and tuple(value.shape[-events:]) != tuple(self._event_shape):
            raise ShapeError(
                f"{name}: a value of shape {value.shape} does not end in the event shape "
                f"{self._event_shape}"
            )
        broadcast_shapes(name, tuple(value.shape), tuple(self._extended_shape()))
        if not self._looks:
            return
        try:
            support = self.support
        except NotImplementedError:
            return
        if not _holds(support, value):
            raise ValueError(
                f"{name}: a value does not lie in the support, {support!r}: "
                f"{value if value.size < 50 else value.shape}"
            )

    def __repr__(self) -> str:
        own = [(n, vars(self)[n]) for n in self.arg_constraints if n in vars(self)]
        shown = [f"{n}: {p if p.size == 1 else p.shape}" for n, p in own]
        return f"{type(self).__name__}({', '.join(shown)})"


def _holds(constraint: Constraint, value: Any) -> bool:
    return bool(all_of(whole_of(constraint.check(value.detach()))).item())


class ExponentialFamily(Distribution):
    """Distributions whose log_prob is linear in functions of the value: the sum of them, each times
    its natural parameter, less the log-normalizer of these, plus a carrier measure.

    One that declares these has an entropy and a divergence, as the gradient of the log-normalizer
    gives the means of the functions (Nielsen and Nock, "Entropies and cross-entropies of
    exponential families", 2010).

    >>> isinstance(ct.distributions.Normal(0.0, 1.0), ct.distributions.ExponentialFamily)
    True
    """

    _mean_carrier_measure: Any = 0.0

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        raise self._lacks("_natural_params")

    def _log_normalizer(self, *natural_params: Any) -> Any:
        raise self._lacks("_log_normalizer")

    def _means(self) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
        """The log-normalizer, the natural parameters, and the mean of what each is a factor of."""
        params = self._natural_params
        with enable_grad():
            leaves = [p.detach().requires_grad_() for p in params]
            total = self._log_normalizer(*leaves)
            means = grad(total.sum(), leaves, create_graph=True)
        return self._log_normalizer(*params), params, tuple(means)

    def entropy(self) -> Tensor:
        try:
            norm, params, means = self._means()
        except NotImplementedError:
            raise self._lacks("entropy") from None
        found = norm - self._mean_carrier_measure
        for param, mean in zip(params, means, strict=True):
            own = param * mean
            found = found - sum_last(own, own.ndim - len(self._batch_shape))
        return found


def broadcast_all(*values: Any) -> list[Any]:
    """Tensors of one shape for tensors and numbers. Numbers take the dtype and device of the first
    tensor, or are of the default type on the default device."""
    first = next((v for v in values if isinstance(v, Tensor)), None)
    dtype = dtypes.default_float if first is None else to_float(first.dtype)
    device = get(None) if first is None else first.device
    tensors = []
    for v in values:
        if isinstance(v, Tensor):
            tensors.append(v if v.dtype.kind == "f" else astype(v, dtype))
        elif isinstance(v, (bool, int, float, np.generic)):
            tensors.append(full((), float(v), dtype, device))
        else:
            raise ValueError(
                f"distributions: a parameter is {type(v).__name__}; give tensors or numbers"
            )
    shape: tuple[int, ...] = ()
    for x in tensors:
        shape = broadcast_shapes("distributions", shape, tuple(x.shape))
    return [x if tuple(x.shape) == shape else broadcast_to(x, shape) for x in tensors]


def clamp_probs(probs: Any) -> Any:
    """Chances a rounding away from 0 and 1, so that their logarithms are finite."""
    eps = float(limits_of(probs.dtype).eps)
    return clip(probs, eps, 1 - eps)


class Odds(Distribution):
    """Base of distributions of a chance: given as `probs`, or as its logarithm of odds, `logits`.
    Of several chances along the last axis (`_SEVERAL`), logits are their logarithms."""

    arg_constraints: ClassVar[Mapping[str, Constraint]] = {
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    _SEVERAL = False

    def _take(self, probs: Any, logits: Any, *others: Any) -> list[Any]:
        """Keep the one that is given, broadcast with others, which are returned."""
        name = type(self).__name__
        if (probs is None) == (logits is None):
            raise ValueError(f"{name}: give one of probs and logits, and not both")
        if self._SEVERAL:
            given = probs if logits is None else logits
            if not isinstance(given, Tensor) or given.ndim < 1:
                raise ValueError(f"{name}: probs and logits are tensors of one dimension at least")
            if logits is None:
                self.probs = probs / probs.sum(-1, keepdim=True)
            else:
                self.logits = logits - logits.logsumexp(-1, keepdim=True)
            return []
        given, *rest = broadcast_all(probs if logits is None else logits, *others)
        if logits is None:
            self.probs = given
        else:
            self.logits = given
        return rest

    @property
    def _given(self) -> Any:
        """The parameter that was given."""
        return vars(self)["probs" if "probs" in vars(self) else "logits"]

    @cached_property
    def probs(self) -> Any:
        """The chances."""
        return self.logits.softmax(-1) if self._SEVERAL else self.logits.sigmoid()

    @cached_property
    def logits(self) -> Any:
        """The logarithms of the odds, or of several chances."""
        probs = clamp_probs(self.probs)
        return log(probs) if self._SEVERAL else log(probs) - log1p(-probs)

    @property
    def param_shape(self) -> Size:
        """The shape of the parameter."""
        return Size(self._given.shape)


def sum_last(x: Any, count: int) -> Any:
    """The sum over the last `count` axes."""
    return x.sum(tuple(range(-count, 0))) if count else x


def constant(like: Any, value: float) -> Any:
    """A tensor of that value with the shape, dtype and device of `like`."""
    return full(like.shape, value, like.dtype, like.device)


LOG_ROOT_TAU = 0.5 * math.log(2 * math.pi)
EULER = 0.5772156649015329
