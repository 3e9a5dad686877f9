"""The base of transforms, and inverses."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, ClassVar

from cltensor.core.tensor import Tensor
from cltensor.distributions import constraints


class Transform:
    """y = transform(x), x = transform.inv(y). One that is declared gives `_call` and `_inverse`.

    sign: 1 for a function that grows, -1 for one that falls.
    Args:  cache_size: 1 keeps the last x and y, so that the inverse of what was made is exact.

    >>> t = ct.distributions.AffineTransform(1.0, 2.0)
    >>> t(ct.tensor(3.0)), t.inv(ct.tensor(7.0))
    (tensor(7.), tensor(3.))
    """

    bijective: Any = True
    domain: Any = constraints.real
    codomain: Any = constraints.real
    #: Names of what must be equal in equal transforms of a class; None: each equals itself alone.
    _ALIKE: ClassVar[tuple[str, ...] | None] = None
    _cache_size = 0
    _last: tuple[Any, Any] = (None, None)

    def __init__(self, cache_size: int = 0) -> None:
        if cache_size not in (0, 1):
            raise ValueError(f"{type(self).__name__}: cache_size is {cache_size}; give 0 or 1")
        self._cache_size = cache_size

    @property
    def event_dim(self) -> int:
        """How many of the last axes make up one value."""
        before, after = self.domain.event_dim, self.codomain.event_dim
        if before != after:
            raise ValueError(
                f"{type(self).__name__}: values have {before} axes before and {after} after; ask "
                "domain.event_dim or codomain.event_dim"
            )
        return before

    @property
    def sign(self) -> Any:
        """Whether it grows, or falls."""
        raise NotImplementedError(f"{type(self).__name__} has no sign")

    @property
    def inv(self) -> Transform:
        """The inverse."""
        return _Inverse(self)

    def with_cache(self, cache_size: int = 1) -> Any:
        """The same transform, with a cache of that size."""
        if cache_size == self._cache_size:
            return self
        new = copy(self)
        Transform.__init__(new, cache_size)
        new._last = (None, None)
        return new

    def __call__(self, x: Any) -> Any:
        """The function at x."""
        if not self._cache_size:
            return self._call(x)
        if self._last[0] is not x:
            self._last = x, self._call(x)
        return self._last[1]

    def _inverse_at(self, y: Any) -> Any:
        if not self._cache_size:
            return self._inverse(y)
        if self._last[1] is not y:
            self._last = self._inverse(y), y
        return self._last[0]

    def _call(self, x: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no _call")

    def _inverse(self, y: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no _inverse")

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """log |dy/dx|, summed over the axes of one value."""
        raise NotImplementedError(f"{type(self).__name__} has no log_abs_det_jacobian")

    def forward_shape(self, shape: Sequence[int]) -> Any:
        """The shape of the function of values of that shape."""
        return shape

    def inverse_shape(self, shape: Sequence[int]) -> Any:
        """The shape of values whose function has that shape."""
        return shape

    def __eq__(self, other: object) -> bool:
        if self._ALIKE is None or type(self) is not type(other):
            return self is other
        return all(same(getattr(self, n), getattr(other, n)) for n in self._ALIKE)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def same(a: Any, b: Any) -> bool:
    """Whether two parameters, tensors or others, are equal."""
    if isinstance(a, Tensor) or isinstance(b, Tensor):
        return a is b or bool((a == b).all().item())
    return bool(a == b)


class _Inverse(Transform):
    """The inverse of a transform."""

    _ALIKE = ("inv",)

    def __init__(self, of: Transform) -> None:
        super().__init__(of._cache_size)
        self._of = of
        self.domain, self.codomain, self.bijective = of.codomain, of.domain, of.bijective

    @property
    def sign(self) -> Any:
        return self._of.sign

    @property
    def inv(self) -> Transform:
        return self._of

    def with_cache(self, cache_size: int = 1) -> Any:
        return self._of.with_cache(cache_size).inv

    def __call__(self, x: Any) -> Any:
        return self._of._inverse_at(x)

    def _inverse_at(self, y: Any) -> Any:
        return self._of(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return -self._of.log_abs_det_jacobian(y, x)

    def forward_shape(self, shape: Sequence[int]) -> Any:
        return self._of.inverse_shape(shape)

    def inverse_shape(self, shape: Sequence[int]) -> Any:
        return self._of.forward_shape(shape)

    def __repr__(self) -> str:
        return f"{self._of!r}.inv"
