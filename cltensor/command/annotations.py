"""Annotations as the text of a stub, with the imports that they need."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import numpy as np

import cltensor as ct
from cltensor.runtime.device import Device, DeviceSpec
from cltensor.runtime.kernel import Live


class Types:
    """Types as text, and the imports and aliases that they need."""

    def __init__(self, avoid: str = "none", space: types.ModuleType = ct) -> None:
        """avoid: a package whose classes are not named, for it is above the stub. space: the
        namespace that the stub is of."""
        self.avoid = avoid
        self.spaces = (ct, space, ct.Tensor)
        self.imports: set[tuple[str, str]] = set()
        self.aliases: set[str] = set()
        self.uses_numpy = False

    def of(self, annotation: Any, scope: dict[str, Any]) -> str:
        """The text of an annotation, itself text or a type, that is written in `scope`."""
        if isinstance(annotation, str):
            try:
                annotation = eval(annotation, {"Tensor": ct.Tensor, "Any": Any, **scope})
            except (NameError, AttributeError, TypeError):  # for type checkers only
                annotation = Any
        if annotation is None or annotation is type(None):
            return "None"
        if annotation is ...:
            return "..."
        if annotation == DeviceSpec:
            self.imports.add((Device.__module__, "DeviceSpec"))
            return "DeviceSpec"
        origin, args = get_origin(annotation), get_args(annotation)
        if origin in (Union, types.UnionType):
            return self.union(self.of(a, scope) for a in args)
        if origin is Callable:
            return f"{self.of(Callable, scope)}[..., {self.of(args[-1], scope)}]"
        if origin is Literal:
            return f"{self.of(Literal, scope)}[{', '.join(map(repr, args))}]"
        if origin is not None:
            return f"{self.of(origin, scope)}[{', '.join(self.of(a, scope) for a in args)}]"
        return self._named(annotation)

    def union(self, members: Iterable[str]) -> str:
        """Any one of them."""
        found = list(dict.fromkeys(part for m in members for part in m.split(" | ")))
        return "Any" if "Any" in found else " | ".join(found)

    def number(self) -> str:
        """What stands for a number in an operation."""
        self.aliases.add("_Number")
        self.uses_numpy = True
        self.of(Live, {})
        return "_Number"

    def dtype(self) -> str:
        """What names a dtype."""
        self.aliases.add("_DType")
        self.of(Any, {})
        return "_DType"

    def _named(self, kind: Any) -> str:
        if kind is np.ndarray or kind is np.dtype:
            self.uses_numpy = True
            return f"numpy.{kind.__name__}[{', '.join(['Any'] * (1 + (kind is np.ndarray)))}]"
        if kind is inspect.Parameter.empty or isinstance(kind, TypeVar):
            kind = Any
        module = getattr(kind, "__module__", "")
        name = getattr(kind, "__name__", "")
        if module == "builtins":
            if not (hasattr(ct, name) or hasattr(ct.Tensor, name)):
                return name
            self.aliases.add(f"_{name}")  # the stub has a function of that name
            return f"_{name}"
        known = module.partition(".")[0] in ("cltensor", "collections", "typing") and name
        if not known or module.startswith(self.avoid):
            return self.of(Any, {})
        if any(getattr(space, name, kind) is not kind for space in self.spaces):
            package, _, module = module.rpartition(".")
            self.imports.add((package, module))
            return f"{module}.{name}"
        self.imports.add((module, name))
        return name

    def head(self, exports: Iterable[tuple[str, str, str]] = ()) -> str:
        """The imports, those of `exports` (module, name, name here) to be seen, and the aliases."""
        lines = [(m, n, f"from {m} import {n} as {here}") for m, n, here in exports]
        seen = {(m, n) for m, n, text in lines if text.endswith(f" {n} as {n}")}
        together: dict[str, list[str]] = {"typing": []}
        if self.aliases:
            together["typing"].append("TypeAlias")
        for module, name in sorted(self.imports - seen, key=_order):
            together.setdefault(module, []).append(name)
        for module, names in together.items():
            if names:
                names.sort(key=lambda n: _order(("", n)))
                text = f"from {module} import {', '.join(names)}"
                if len(text) > 100:
                    inner = "".join(f"    {name},\n" for name in names)
                    text = f"from {module} import (\n{inner})"
                lines.append((module, names[0], text))
        lines.sort(key=_order)
        known = ["import builtins"] if self.aliases - {"_DType"} else []
        blocks = [known, ["import numpy"] if self.uses_numpy else [], []]
        for module, _, text in lines:
            root = module.partition(".")[0]
            blocks[{"cltensor": 2, "numpy": 1}.get(root, 0)].append(text)
        return "\n\n".join("\n".join(b) for b in (*blocks, self._aliases()) if b) + "\n\n"

    def _aliases(self) -> list[str]:
        meaning = {
            "_DType": "Any",
            "_Number": "builtins.float | numpy.number[Any] | numpy.bool_ | Live",
        }
        return [
            f"{alias}: TypeAlias = {meaning.get(alias, f'builtins.{alias[1:]}')}"
            for alias in sorted(self.aliases)
        ]


def _order(entry: Sequence[str]) -> Any:
    """The order of imports: by module; constants, classes, the rest; by name."""
    module, name = entry[0], entry[1]
    rank = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    return module, rank, name.lower(), name
