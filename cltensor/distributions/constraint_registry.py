"""Transforms from all real numbers to the values that a constraint allows.

`biject_to` gives invertible ones, as a change of variables needs; `transform_to` may give others
that suit an optimizer better, as they treat all elements of a value alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cltensor.distributions import constraints
from cltensor.distributions.transform import (
    CatTransform,
    ComposeTransform,
    IndependentTransform,
    StackTransform,
    identity_transform,
)
from cltensor.distributions.transform_base import Transform
from cltensor.distributions.transforms import AffineTransform, ExpTransform, SigmoidTransform
from cltensor.distributions.vector_transforms import (
    CorrCholeskyTransform,
    LowerCholeskyTransform,
    PositiveDefiniteTransform,
    SoftmaxTransform,
    StickBreakingTransform,
)

Factory = Callable[[Any], Transform]


def _key(constraint: Any) -> Any:
    """What a constraint, or a class of them, is known by."""
    if isinstance(constraint, type) and issubclass(constraint, constraints.Constraint):
        return constraint
    if isinstance(constraint, constraints.Constraint):
        return constraint.kind
    raise TypeError(f"ConstraintRegistry: {constraint!r} is no constraint")


class ConstraintRegistry:
    """Functions that make transforms, by the kind of the constraint.

    >>> ct.distributions.biject_to(ct.distributions.constraints.positive)(ct.tensor([0.0]))
    tensor([1.])
    """

    def __init__(self) -> None:
        self._registry: dict[Any, Factory] = {}

    def register(self, constraint: Any, factory: Factory | None = None) -> Any:
        """Declare the function that makes the transform of a constraint of that kind; without one,
        a decorator."""
        if factory is None:
            return lambda factory: self.register(constraint, factory)
        self._registry[_key(constraint)] = factory
        return factory

    def __call__(self, constraint: Any) -> Transform:
        """A transform to the values that the constraint allows.

        Raises NotImplementedError for a kind of constraint that has none.
        """
        factory = self._registry.get(_key(constraint))
        if factory is None:
            raise NotImplementedError(
                f"no transform to {constraint!r} is declared; declare one with `register`"
            )
        return factory(constraint)


biject_to = ConstraintRegistry()
transform_to = ConstraintRegistry()


def _to_reals(constraint: Any) -> Transform:
    return identity_transform


def _to_above(constraint: Any) -> Transform:
    return _from(ExpTransform(), constraint.lower_bound, 1)


def _to_below(constraint: Any) -> Transform:
    return _from(ExpTransform(), constraint.upper_bound, -1)


def _to_between(constraint: Any) -> Transform:
    low, high = constraint.lower_bound, constraint.upper_bound
    return _from(SigmoidTransform(), low, high - low)


def _from(transform: Transform, loc: Any, scale: Any) -> Transform:
    """The transform, then loc + scale y."""
    if isinstance(loc, (int, float)) and isinstance(scale, (int, float)) and (loc, scale) == (0, 1):
        return transform
    return ComposeTransform([transform, AffineTransform(loc, scale)])


_SHARED: dict[Any, Factory] = {
    constraints.real: _to_reals,
    constraints.greater_than: _to_above,
    constraints.greater_than_eq: _to_above,
    constraints.less_than: _to_below,
    constraints.interval: _to_between,
    constraints.half_open_interval: _to_between,
    constraints.lower_cholesky: lambda c: LowerCholeskyTransform(),
    constraints.positive_definite: lambda c: PositiveDefiniteTransform(),
    constraints.positive_semidefinite: lambda c: PositiveDefiniteTransform(),
    constraints.corr_cholesky: lambda c: CorrCholeskyTransform(),
}


def _of_parts(registry: ConstraintRegistry) -> dict[Any, Factory]:
    """Those whose parts' transforms come from the registry itself."""
    return {
        constraints.independent: lambda c: IndependentTransform(
            registry(c.base_constraint), c.reinterpreted_batch_ndims
        ),
        constraints.cat: lambda c: CatTransform([registry(x) for x in c.cseq], c.dim, c.lengths),
        constraints.stack: lambda c: StackTransform([registry(x) for x in c.cseq], c.dim),
    }


for _registry in (biject_to, transform_to):
    for _kind, _factory in {**_SHARED, **_of_parts(_registry)}.items():
        _registry.register(_kind, _factory)
biject_to.register(constraints.simplex, lambda c: StickBreakingTransform())
transform_to.register(constraints.simplex, lambda c: SoftmaxTransform())
