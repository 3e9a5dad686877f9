"""What parameters and values of distributions must be.

A constraint's `check` says for each value whether it fits; `event_dim` is how many of the last axes
make up one value.
"""

from __future__ import annotations

from collections.abc import Callable
from sys import modules as _modules
from typing import Any

from cltensor.core.suggestions import suggest as _suggest
from cltensor.ops.reduce.fold import all as all_of
from cltensor.ops.shape.join import tril

__all__ = [
    "Constraint",
    "boolean",
    "greater_than",
    "greater_than_eq",
    "half_open_interval",
    "independent",
    "integer_interval",
    "interval",
    "less_than",
    "lower_cholesky",
    "multinomial",
    "nonnegative",
    "nonnegative_integer",
    "one_hot",
    "positive",
    "positive_definite",
    "positive_integer",
    "real",
    "real_vector",
    "simplex",
    "unit_interval",
]


class Constraint:
    """A set of values."""

    is_discrete = False
    event_dim = 0

    def check(self, value: Any) -> Any:
        """Whether each value lies in the set, as a tensor of bools."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__.strip('_')}()"


class _Test(Constraint):
    """The values for which a function is true."""

    def __init__(
        self, name: str, test: Callable[[Any], Any], event_dim: int = 0, is_discrete: bool = False
    ) -> None:
        self._name = name
        self._test = test
        self.event_dim = event_dim
        self.is_discrete = is_discrete

    def check(self, value: Any) -> Any:
        return self._test(value)

    def __repr__(self) -> str:
        return self._name


class _Bounded(Constraint):
    """Numbers between two bounds, each of which may be None, and is inside or not."""

    def __init__(
        self, name: str, lower: Any, upper: Any, open_: str = "", is_discrete: bool = False
    ) -> None:
        self._name = name
        self.lower_bound = lower
        self.upper_bound = upper
        self._open = open_
        self.is_discrete = is_discrete

    def check(self, value: Any) -> Any:
        found = value == value
        if self.is_discrete:
            found = found & (value == value.floor())
        if self.lower_bound is not None:
            low = self.lower_bound
            found = found & (value > low if "lower" in self._open else value >= low)
        if self.upper_bound is not None:
            high = self.upper_bound
            found = found & (value < high if "upper" in self._open else value <= high)
        return found

    def __repr__(self) -> str:
        bounds = [b for b in (self.lower_bound, self.upper_bound) if isinstance(b, (int, float))]
        return f"{self._name}({', '.join(map(str, bounds))})" if bounds else self._name


class _Independent(Constraint):
    """A constraint that must hold for all elements of the last axes."""

    def __init__(self, base: Constraint, count: int) -> None:
        self.base_constraint = base
        self.reinterpreted_batch_ndims = count
        self.event_dim = base.event_dim + count
        self.is_discrete = base.is_discrete

    def check(self, value: Any) -> Any:
        found = self.base_constraint.check(value)
        count = self.reinterpreted_batch_ndims
        return all_of(found, tuple(range(-count, 0))) if count else found

    def __repr__(self) -> str:
        return f"independent({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"


def integer_interval(lower_bound: Any, upper_bound: Any) -> Constraint:
    """Whole numbers from one to the other, both included."""
    return _Bounded("integer_interval", lower_bound, upper_bound, is_discrete=True)


def interval(lower_bound: Any, upper_bound: Any) -> Constraint:
    """Numbers from one to the other, both included."""
    return _Bounded("interval", lower_bound, upper_bound)


def half_open_interval(lower_bound: Any, upper_bound: Any) -> Constraint:
    """Numbers from one to below the other."""
    return _Bounded("half_open_interval", lower_bound, upper_bound, "upper")


def greater_than(lower_bound: Any) -> Constraint:
    """Numbers above the bound."""
    return _Bounded("greater_than", lower_bound, None, "lower")


def greater_than_eq(lower_bound: Any) -> Constraint:
    """Numbers not below the bound."""
    return _Bounded("greater_than_eq", lower_bound, None)


def less_than(upper_bound: Any) -> Constraint:
    """Numbers below the bound."""
    return _Bounded("less_than", None, upper_bound, "upper")


def multinomial(upper_bound: Any) -> Constraint:
    """Counts along the last axis that add up to the bound."""
    return _Test(
        f"multinomial({upper_bound})",
        lambda x: all_of(x >= 0, -1) & (x.sum(-1) <= upper_bound),
        event_dim=1,
        is_discrete=True,
    )


def independent(base_constraint: Constraint, reinterpreted_batch_ndims: int) -> Constraint:
    """The constraint, for all elements of so many last axes together."""
    return _Independent(base_constraint, reinterpreted_batch_ndims)


def _is_triangular(x: Any) -> Any:
    return all_of(x == tril(x), (-2, -1))


def _diagonal_is_positive(x: Any) -> Any:
    return all_of(x.diagonal(0, -2, -1) > 0, -1)


def _is_symmetric(x: Any) -> Any:
    return all_of((x - x.swapaxes(-2, -1)).abs() < 1e-6 + 1e-6 * x.abs(), (-2, -1))


real = _Test("real", lambda x: x == x)
boolean = _Test("boolean", lambda x: (x == 0) | (x == 1), is_discrete=True)
positive = greater_than(0.0)
nonnegative = greater_than_eq(0.0)
unit_interval = interval(0.0, 1.0)
nonnegative_integer = _Bounded("nonnegative_integer", 0, None, is_discrete=True)
positive_integer = _Bounded("positive_integer", 1, None, is_discrete=True)
real_vector = independent(real, 1)
simplex = _Test(
    "simplex",
    lambda x: all_of(x >= 0, -1) & ((x.sum(-1) - 1).abs() < 1e-6 * max(1, x.shape[-1] / 8)),
    event_dim=1,
)
one_hot = _Test(
    "one_hot",
    lambda x: all_of((x == 0) | (x == 1), -1) & (x.sum(-1) == 1),
    event_dim=1,
    is_discrete=True,
)
lower_cholesky = _Test(
    "lower_cholesky", lambda x: _is_triangular(x) & _diagonal_is_positive(x), event_dim=2
)
positive_definite = _Test(
    "positive_definite", lambda x: _is_symmetric(x) & _diagonal_is_positive(x), event_dim=2
)

_suggest(_modules[__name__])
