"""What parameters and values of distributions must be.

A constraint's `check` says for each value whether it fits; `event_dim` is how many of the last axes
make up one value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from sys import modules as _modules
from typing import Any

import numpy as np

from cltensor.core.suggestions import suggest as _suggest
from cltensor.distributions.constraint_base import (
    Constraint,
    Dependent,
    dependent_property,
    is_dependent,
)
from cltensor.halves import limits_of
from cltensor.ops.elementwise.cast import full
from cltensor.ops.linalg.cholesky import cholesky_ex
from cltensor.ops.linalg.eigh import eigvalsh
from cltensor.ops.reduce.fold import all as all_of
from cltensor.ops.shape.cut import narrow
from cltensor.ops.shape.join import cat as _joined
from cltensor.ops.shape.join import stack as _stacked
from cltensor.ops.shape.join import tril
from cltensor.ops.shape.views import select

__all__ = [
    "Constraint",
    "MixtureSameFamilyConstraint",
    "boolean",
    "cat",
    "corr_cholesky",
    "dependent",
    "dependent_property",
    "greater_than",
    "greater_than_eq",
    "half_open_interval",
    "independent",
    "integer_interval",
    "interval",
    "is_dependent",
    "less_than",
    "lower_cholesky",
    "lower_triangular",
    "multinomial",
    "nonnegative",
    "nonnegative_integer",
    "one_hot",
    "positive",
    "positive_definite",
    "positive_integer",
    "positive_semidefinite",
    "real",
    "real_vector",
    "simplex",
    "square",
    "stack",
    "symmetric",
    "unit_interval",
]


class _Test(Constraint):
    """The values for which a function is true."""

    def __init__(
        self, name: str, test: Callable[[Any], Any], event_dim: int = 0, is_discrete: bool = False
    ) -> None:
        self._name = name
        self._test = test
        self.event_dim = event_dim
        self.is_discrete = is_discrete

    @property
    def kind(self) -> Any:
        return self

    def check(self, value: Any) -> Any:
        return self._test(value)

    def __repr__(self) -> str:
        return self._name


class _Bounded(Constraint):
    """Numbers between two bounds, each of which may be None, and is inside or not (`_OPEN`)."""

    _OPEN = ""

    def __init__(self, lower_bound: Any, upper_bound: Any) -> None:
        self.lower_bound = lower_bound
        self.upper_bound = upper_bound

    def check(self, value: Any) -> Any:
        found = value == value
        if self.is_discrete:
            found = found & (value == value.floor())
        if self.lower_bound is not None:
            low = self.lower_bound
            found = found & (value > low if self._OPEN == "lower" else value >= low)
        if self.upper_bound is not None:
            high = self.upper_bound
            found = found & (value < high if self._OPEN == "upper" else value <= high)
        return found

    def __repr__(self) -> str:
        bounds = [b for b in (self.lower_bound, self.upper_bound) if isinstance(b, (int, float))]
        name = type(self).__name__
        return f"{name}({', '.join(map(str, bounds))})" if bounds else name


class integer_interval(_Bounded):
    """Whole numbers from one to the other, both included.

    >>> ct.distributions.constraints.integer_interval(0, 3).check(ct.tensor([2.0, 2.5, 4.0]))
    tensor([ True, False, False])
    """

    is_discrete = True


class interval(_Bounded):
    """Numbers from one to the other, both included.

    >>> ct.distributions.constraints.interval(0.0, 1.0).check(ct.tensor([-1.0, 0.5, 1.0]))
    tensor([False,  True,  True])
    """


class half_open_interval(_Bounded):
    """Numbers from one to below the other.

    >>> ct.distributions.constraints.half_open_interval(0.0, 1.0).check(ct.tensor([0.0, 1.0]))
    tensor([ True, False])
    """

    _OPEN = "upper"


class greater_than(_Bounded):
    """Numbers above the bound.

    >>> ct.distributions.constraints.greater_than(1.0).check(ct.tensor([1.0, 2.0]))
    tensor([False,  True])
    """

    _OPEN = "lower"

    def __init__(self, lower_bound: Any) -> None:
        super().__init__(lower_bound, None)


class greater_than_eq(_Bounded):
    """Numbers not below the bound.

    >>> ct.distributions.constraints.greater_than_eq(1.0).check(ct.tensor([0.0, 1.0]))
    tensor([False,  True])
    """

    def __init__(self, lower_bound: Any) -> None:
        super().__init__(lower_bound, None)


class less_than(_Bounded):
    """Numbers below the bound.

    >>> ct.distributions.constraints.less_than(1.0).check(ct.tensor([0.0, 1.0]))
    tensor([ True, False])
    """

    _OPEN = "upper"

    def __init__(self, upper_bound: Any) -> None:
        super().__init__(None, upper_bound)


class _WholeFrom(_Bounded):
    """Whole numbers not below the bound, 0 or 1."""

    is_discrete = True

    def __init__(self, lower_bound: int) -> None:
        super().__init__(lower_bound, None)

    def __repr__(self) -> str:
        return f"{'positive' if self.lower_bound else 'nonnegative'}_integer({self.lower_bound})"


class independent(Constraint):
    """A constraint that must hold for all elements of so many last axes together.

    >>> C = ct.distributions.constraints
    >>> C.independent(C.positive, 1).check(ct.tensor([[1.0, 2.0], [-1.0, 3.0]]))
    tensor([ True, False])
    """

    def __init__(self, base_constraint: Constraint, reinterpreted_batch_ndims: int) -> None:
        self.base_constraint = base_constraint
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        self.event_dim = base_constraint.event_dim + reinterpreted_batch_ndims
        self.is_discrete = base_constraint.is_discrete

    def check(self, value: Any) -> Any:
        found = self.base_constraint.check(value)
        count = self.reinterpreted_batch_ndims
        return all_of(found, tuple(range(-count, 0))) if count else found

    def __repr__(self) -> str:
        return f"independent({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"


class MixtureSameFamilyConstraint(Constraint):
    """What all components of a mixture allow, which lie along the last batch axis.

    >>> C = ct.distributions.constraints
    >>> C.MixtureSameFamilyConstraint(C.interval(ct.tensor([0.0, 1.0]), 2.0)).check(
    ...     ct.tensor([0.5, 1.5])
    ... )
    tensor([False,  True])
    """

    def __init__(self, base_constraint: Constraint) -> None:
        self.base_constraint = base_constraint
        self.event_dim = base_constraint.event_dim
        self.is_discrete = base_constraint.is_discrete

    def check(self, value: Any) -> Any:
        return all_of(self.base_constraint.check(value.unsqueeze(-1 - self.event_dim)), -1)

    def __repr__(self) -> str:
        return f"MixtureSameFamilyConstraint({self.base_constraint!r})"


class _Several(Constraint):
    """Constraints, one for each part of the values along the axis `dim`."""

    def __init__(self, cseq: Sequence[Constraint], dim: int = 0) -> None:
        self.cseq = list(cseq)
        self.dim = dim

    @property
    def is_discrete(self) -> bool:  # type: ignore[override]
        return any(c.is_discrete for c in self.cseq)


class cat(_Several):
    """Constraints of parts side by side along the axis `dim`, of those lengths (1 each).

    >>> C = ct.distributions.constraints
    >>> C.cat([C.positive, C.real]).check(ct.tensor([-1.0, -1.0]))
    tensor([False,  True])
    """

    def __init__(
        self, cseq: Sequence[Constraint], dim: int = 0, lengths: Sequence[int] | None = None
    ) -> None:
        super().__init__(cseq, dim)
        self.lengths = [1] * len(self.cseq) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.cseq):
            raise ValueError(
                f"constraints.cat: {len(self.lengths)} lengths of {len(self.cseq)} constraints"
            )

    @property
    def event_dim(self) -> int:  # type: ignore[override]
        return max(c.event_dim for c in self.cseq)

    def check(self, value: Any) -> Any:
        found, start = [], 0
        for constraint, length in zip(self.cseq, self.lengths, strict=True):
            found.append(constraint.check(narrow(value, self.dim, start, length)))
            start += length
        return _joined(found, self.dim)


class stack(_Several):
    """Constraints of the elements along the axis `dim`.

    >>> C = ct.distributions.constraints
    >>> C.stack([C.positive, C.real]).check(ct.tensor([-1.0, -1.0]))
    tensor([False,  True])
    """

    @property
    def event_dim(self) -> int:  # type: ignore[override]
        most = max(c.event_dim for c in self.cseq)
        return most + 1 if self.dim + most < 0 else most

    def check(self, value: Any) -> Any:
        parts = [c.check(select(value, self.dim, i)) for i, c in enumerate(self.cseq)]
        return _stacked(parts, self.dim)


class multinomial(Constraint):
    """Counts along the last axis that add up to the bound at most.

    >>> ct.distributions.constraints.multinomial(3).check(ct.tensor([[1.0, 2.0], [2.0, 2.0]]))
    tensor([ True, False])
    """

    is_discrete = True
    event_dim = 1

    def __init__(self, upper_bound: Any) -> None:
        self.upper_bound = upper_bound

    def check(self, value: Any) -> Any:
        return all_of(value >= 0, -1) & (value.sum(-1) <= self.upper_bound)

    def __repr__(self) -> str:
        return f"multinomial({self.upper_bound})"


def _is_triangular(x: Any) -> Any:
    return all_of(x == tril(x), (-2, -1))


def _diagonal_is_positive(x: Any) -> Any:
    return all_of(x.diagonal(0, -2, -1) > 0, -1)


def _is_square(x: Any) -> Any:
    return full(x.shape[:-2], x.shape[-2] == x.shape[-1], np.dtype(bool), x.device)


def _of_square(test: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A test that only square matrices can pass."""
    return lambda x: test(x) if x.shape[-2] == x.shape[-1] else _is_square(x)


def _is_symmetric(x: Any) -> Any:
    return all_of((x - x.swapaxes(-2, -1)).abs() < 1e-6 + 1e-5 * x.abs(), (-2, -1))


def _has_unit_rows(x: Any) -> Any:
    tolerance = float(limits_of(x.dtype).eps) * x.shape[-1] * 10
    return all_of(((x * x).sum(-1) - 1).abs() < tolerance, -1)


real = _Test("real", lambda x: x == x)
boolean = _Test("boolean", lambda x: (x == 0) | (x == 1), is_discrete=True)
positive = greater_than(0.0)
nonnegative = greater_than_eq(0.0)
unit_interval = interval(0.0, 1.0)
nonnegative_integer = _WholeFrom(0)
positive_integer = _WholeFrom(1)
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
square = _Test("square", _is_square, event_dim=2)
symmetric = _Test("symmetric", _of_square(_is_symmetric), event_dim=2)
lower_triangular = _Test("lower_triangular", _is_triangular, event_dim=2)
lower_cholesky = _Test(
    "lower_cholesky", lambda x: _is_triangular(x) & _diagonal_is_positive(x), event_dim=2
)
corr_cholesky = _Test(
    "corr_cholesky", lambda x: lower_cholesky.check(x) & _has_unit_rows(x), event_dim=2
)
positive_semidefinite = _Test(
    "positive_semidefinite",
    _of_square(lambda x: _is_symmetric(x) & all_of(eigvalsh(x) >= 0, -1)),
    event_dim=2,
)
positive_definite = _Test(
    "positive_definite",
    _of_square(lambda x: _is_symmetric(x) & (cholesky_ex(x)[1] == 0)),
    event_dim=2,
)
dependent = Dependent()

_suggest(_modules[__name__])
