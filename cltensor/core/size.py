"""Shapes, and numbers of elements, as users see them."""

from __future__ import annotations

from math import prod
from typing import Any

from cltensor.core.names import canonical
from cltensor.errors import IndexingError


class Size(tuple[int, ...]):
    """The sizes of a tensor's dimensions: a tuple that counts its elements and prints its kind.

    >>> ct.zeros(2, 3).shape.numel()
    6
    """

    __slots__ = ()

    def numel(self) -> int:
        """How many elements a tensor of this shape has."""
        return prod(self)

    def __getitem__(self, key: Any) -> Any:
        found = tuple.__getitem__(self, key)
        return Size(found) if type(found) is tuple else found

    def __add__(self, other: Any) -> Any:
        return (
            Size(tuple.__add__(self, tuple(other))) if isinstance(other, tuple) else NotImplemented
        )

    def __radd__(self, other: Any) -> Any:
        return Size((*other, *self)) if isinstance(other, tuple) else NotImplemented

    def __mul__(self, times: Any) -> Any:
        return Size(tuple.__mul__(self, times))

    __rmul__ = __mul__

    def __repr__(self) -> str:
        return f"Size([{', '.join(map(str, self))}])"

    def __format__(self, spec: str) -> str:
        """In a sentence, a shape reads as a plain tuple."""
        return format(str(tuple(self)), spec)


class Count(int):
    """A number of elements that, called, gives the shape: array API and PyTorch users both have
    their way."""

    _shape: tuple[int, ...]

    def __new__(cls, shape: tuple[int, ...]) -> Count:
        self = super().__new__(cls, prod(shape))
        self._shape = shape
        return self

    def __call__(self, dim: int | None = None, **others: Any) -> Any:
        """The shape, or the size along `dim`. Raises IndexingError if there is no such axis."""
        if others:
            dim = canonical("size", ("dim",), () if dim is None else ("dim",), others)["dim"]
        if dim is None:
            return Size(self._shape)
        try:
            return self._shape[dim]
        except IndexError:
            raise IndexingError(
                f"size: dim {dim} is out of range for a tensor of {len(self._shape)} dimensions; "
                "size() gives them all"
            ) from None
