"""Modules that hold parameters: ParameterList, ParameterDict."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, KeysView, Mapping
from typing import TYPE_CHECKING, Any

from cltensor.core.tensor import Tensor
from cltensor.nn.module import Module
from cltensor.nn.parameter import Parameter

if TYPE_CHECKING:
    from typing import Self


class _Holder(Module):
    """What both share. A Tensor that is put in becomes a Parameter; other values are only held."""

    def _pairs(self) -> Iterable[tuple[str, Any]]:
        raise NotImplementedError

    def _put(self, name: str, value: Any) -> None:
        if isinstance(value, Tensor) and not isinstance(value, Parameter):
            value = Parameter(value)
        setattr(self, name, value)

    def extra_repr(self) -> str:
        """See Module."""
        return "\n".join([f"({name}): {_described(value)}" for name, value in self._pairs()])

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """There is none."""
        raise TypeError(
            f"{type(self).__name__}: it only holds parameters; call a module that uses them"
        )


def _described(value: Any) -> str:
    if not isinstance(value, Tensor):
        return f"Object of type: {type(value).__name__}"
    kind = "Parameter" if isinstance(value, Parameter) else "Tensor"
    return f"{kind} containing: [{value.dtype.name} of size {'x'.join(map(str, value.shape))}]"


class ParameterList(_Holder):
    """A list of parameters that the tree knows about.

    Args:    values: Tensors, which become Parameters, or anything else, which is only held.

    >>> len(list(nn.ParameterList([ct.ones(2), ct.ones(3)]).parameters()))
    2
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def _pairs(self) -> Iterable[tuple[str, Any]]:
        return [(str(i), value) for i, value in enumerate(self)]

    def _name_at(self, index: int) -> str:
        position = operator.index(index)
        if not -self._size <= position < self._size:
            raise IndexError(
                f"{type(self).__name__}: index {index} is out of range for {self._size} values"
            )
        return str(position % self._size)

    def append(self, value: Any) -> Self:
        """Add a value at the end."""
        self._put(str(self._size), value)
        self._size += 1
        return self

    def extend(self, values: Iterable[Any]) -> Self:
        """Add several values at the end."""
        if isinstance(values, Tensor) or not isinstance(values, Iterable):
            raise TypeError(
                f"{type(self).__name__}: extend takes several values, not a "
                f"{type(values).__name__}; use append"
            )
        for value in list(values):
            self.append(value)
        return self

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return getattr(self, self._name_at(index))

    def __setitem__(self, index: int, value: Any) -> None:
        self._put(self._name_at(index), value)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return iter([getattr(self, str(i)) for i in range(self._size)])

    def __iadd__(self, values: Iterable[Any]) -> Self:
        return self.extend(values)


class ParameterDict(_Holder):
    """A dictionary of parameters that the tree knows about.

    Args:    parameters: a mapping, or pairs, of names and Tensors, which become Parameters, or
             anything else, which is only held.

    >>> weights = nn.ParameterDict({"a": ct.ones(2)})
    >>> weights["a"].requires_grad
    True
    """

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def _pairs(self) -> Iterable[tuple[str, Any]]:
        return self.items()

    def __getitem__(self, key: str) -> Any:
        if key not in self._keys:
            raise KeyError(f"{type(self).__name__}: {key!r} is none of {list(self._keys)}")
        return getattr(self, key)

    def __setitem__(self, key: str, value: Any) -> None:
        if key not in self._keys:
            self._check_name(key, {})
        self._put(key, value)
        self._keys[key] = None

    def __delitem__(self, key: str) -> None:
        delattr(self, key)
        del self._keys[key]

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __or__(self, other: Mapping[str, Any]) -> ParameterDict:
        made = self.copy()
        made.update(other)
        return made

    def __ior__(self, other: Mapping[str, Any]) -> Self:
        self.update(other)
        return self

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._keys.keys()

    def values(self) -> Iterable[Any]:
        """The values, in the order of the names."""
        return [self[key] for key in self._keys]

    def items(self) -> Iterable[tuple[str, Any]]:
        """Pairs of name and value."""
        return [(key, self[key]) for key in self._keys]

    def copy(self) -> ParameterDict:
        """Another dictionary of the same values."""
        return type(self)(self.items())

    def get(self, key: str, default: Any = None) -> Any:
        """The value of that name, `default` if there is none."""
        return getattr(self, key) if key in self._keys else default

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of that name, which is `default` from now on if there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: str) -> Any:
        """Take a value out."""
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Take the last value out, with its name."""
        if not self._keys:
            raise KeyError(f"{type(self).__name__}: popitem of an empty dictionary")
        key = next(reversed(self._keys))
        return key, self.pop(key)

    def clear(self) -> None:
        """Take all values out."""
        for key in list(self._keys):
            del self[key]

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """A dictionary that has `default` under every name."""
        return type(self)([(key, default) for key in keys])

    def update(self, parameters: Any) -> None:
        """Add or replace several values: those of a mapping, or pairs of names and values."""
        pairs = parameters.items() if hasattr(parameters, "items") else parameters
        for key, value in list(pairs):
            self[key] = value
