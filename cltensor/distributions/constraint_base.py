"""The base of constraints, and what is known of a distribution only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Constraint:
    """A set of values.

    >>> ct.distributions.constraints.positive.check(ct.tensor([-1.0, 2.0]))
    tensor([False,  True])
    """

    is_discrete = False
    event_dim = 0

    @property
    def kind(self) -> Any:
        """What registries of constraints know it by."""
        return type(self)

    def check(self, value: Any) -> Any:
        """Whether each value lies in the set, as a tensor of bools."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__.strip('_')}()"


class Dependent(Constraint):
    """What is known of a distribution only, as its parameters are the bounds.

    >>> C = ct.distributions.constraints
    >>> C.is_dependent(C.dependent(event_dim=1))
    True
    """

    def __init__(self, *, is_discrete: bool = False, event_dim: int = 0) -> None:
        self.is_discrete = is_discrete
        self.event_dim = event_dim

    def __call__(self, *, is_discrete: bool | None = None, event_dim: int | None = None) -> Any:
        """The same, of that many axes."""
        return Dependent(
            is_discrete=self.is_discrete if is_discrete is None else is_discrete,
            event_dim=self.event_dim if event_dim is None else event_dim,
        )

    def check(self, value: Any) -> Any:
        raise ValueError("constraints.dependent: it holds for no values by itself; ask an object")


class dependent_property(property, Dependent):
    """Decorator: a property that gives a constraint, and is one that depends on parameters where
    the class is asked.

    >>> class Below(ct.distributions.Distribution):
    ...     @ct.distributions.constraints.dependent_property
    ...     def support(self):
    ...         return ct.distributions.constraints.less_than(self.high)
    ...
    >>> ct.distributions.constraints.is_dependent(Below.support)
    True
    """

    def __init__(
        self,
        fn: Callable[[Any], Any] | None = None,
        *,
        is_discrete: bool = False,
        event_dim: int = 0,
    ) -> None:
        property.__init__(self, fn)
        Dependent.__init__(self, is_discrete=is_discrete, event_dim=event_dim)

    def __call__(self, fn: Any) -> Any:  # type: ignore[override]
        return dependent_property(fn, is_discrete=self.is_discrete, event_dim=self.event_dim)


def is_dependent(constraint: Any) -> bool:
    """Whether a constraint depends on the parameters of a distribution.

    >>> C = ct.distributions.constraints
    >>> C.is_dependent(C.positive), C.is_dependent(ct.distributions.Uniform.support)
    (False, False)
    """
    return isinstance(constraint, Dependent)
