"""Modules that hold modules: Sequential, ModuleList, ModuleDict."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, overload

from cltensor.nn.module import Module

if TYPE_CHECKING:
    from typing import Self


class _Ordered(Module):
    """What containers of modules in a row share: length, iteration, and access by position."""

    def append(self, module: Module) -> Self:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def _name_at(self, index: int) -> str:
        """The name of the module at a position, counted from the end if negative."""
        size = len(self)
        position = operator.index(index)
        if not -size <= position < size:
            raise IndexError(
                f"{type(self).__name__}: index {index} is out of range for {size} modules"
            )
        return list(self._modules)[position]

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add several modules at the end."""
        for module in list(modules):
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Self:
        """Put a module before position `index`."""
        modules = list(self)
        modules.insert(index, module)
        return self._replace(modules)

    def pop(self, key: int) -> Module:
        """Take the module at a position out."""
        module = self[key]
        del self[key]
        return module

    def _replace(self, modules: list[Module]) -> Self:
        """Hold these modules, numbered anew."""
        self._note_change()
        self._modules.clear()
        return self.extend(modules)

    def _part(self, modules: dict[str, Module]) -> Self:
        """A container of the same kind with some of the modules, by their names."""
        raise NotImplementedError

    def __delitem__(self, index: int | slice) -> None:
        modules = list(self)
        del modules[index]
        self._replace(modules)

    def __iadd__(self, modules: Iterable[Module]) -> Self:
        return self.extend(modules)

    def __add__(self, other: Iterable[Module]) -> Self:
        if not isinstance(other, Iterable):
            return NotImplemented
        return self._part(dict(self._modules)).extend(other)

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...

    def __getitem__(self, index: int | slice) -> Module:
        if isinstance(index, slice):
            return self._part(dict(list(self._modules.items())[index]))
        return self._modules[self._name_at(index)]

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, self._name_at(index), module)


class Sequential(_Ordered):
    """Feed the input through the modules, one after the other.

    Args:    the modules in order, or one mapping of names to modules.

    >>> model = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1))
    >>> model(ct.ones(3, 2)).shape, len(model)
    (Size([3, 1]), 3)
    """

    def __init__(self, *modules: Module | Mapping[str, Module]) -> None:
        super().__init__()
        first: Any = modules[0] if modules else None
        named: Mapping[Any, Any] = first if isinstance(first, Mapping) else dict(enumerate(modules))
        for name, module in named.items():
            self.add_module(str(name), module)

    def forward(self, x: Any) -> Any:
        """Apply every module in turn."""
        for module in self._modules.values():
            x = module(x)
        return x

    def _part(self, modules: dict[str, Module]) -> Self:
        return type(self)(modules)


class ModuleList(_Ordered):
    """A list of modules that the tree knows about; it has no forward of its own.

    >>> layers = nn.ModuleList([nn.Linear(2, 2) for _ in range(3)])
    >>> len(layers), len(list(layers.parameters()))
    (3, 6)
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        self.extend(() if modules is None else modules)

    def _part(self, modules: dict[str, Module]) -> Self:
        return type(self)(modules.values())

    def _repr_children(self) -> list[str]:
        # A run of equal layers is one line, as in "(0-5): 6 x Block(...)".
        lines = []
        numbered = enumerate(repr(module) for module in self)
        for text, run in itertools.groupby(numbered, key=operator.itemgetter(1)):
            numbers = [number for number, _ in run]
            if len(numbers) == 1:
                lines.append(f"({numbers[0]}): {text}")
            else:
                lines.append(f"({numbers[0]}-{numbers[-1]}): {len(numbers)} x {text}")
        return lines


class ModuleDict(Module):
    """A dictionary of modules that the tree knows about; it has no forward of its own.

    >>> layers = nn.ModuleDict({"a": nn.Linear(2, 1), "b": nn.ReLU()})
    >>> list(layers)
    ['a', 'b']
    """

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        super().__init__()
        self.update(modules or {})

    def update(self, modules: Mapping[str, Module]) -> None:
        """Add or replace several modules."""
        for name, module in modules.items():
            self[name] = module

    def clear(self) -> None:
        """Take all modules out."""
        for name in list(self._modules):
            del self[name]

    def pop(self, key: str) -> Module:
        """Take a module out."""
        module = self[key]
        del self[key]
        return module

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._modules.keys()

    def values(self) -> Iterable[Module]:
        """The modules."""
        return self._modules.values()

    def items(self) -> Iterable[tuple[str, Module]]:
        """Pairs of name and module."""
        return self._modules.items()

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, name: str) -> bool:
        return name in self._modules

    def __getitem__(self, name: str) -> Module:
        return self._modules[name]

    def __setitem__(self, name: str, module: Module) -> None:
        self.add_module(name, module)

    def __delitem__(self, name: str) -> None:
        self._note_change()
        del self._modules[name]
        self._note_change()
