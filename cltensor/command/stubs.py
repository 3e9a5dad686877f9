"""Write the stubs that editors and type checkers read: python -m cltensor.command.stubs

Files are written from what is declared, and committed: `cltensor/__init__.pyi`, the public
namespace, those of the namespaces within it (`linalg.pyi`), and `cltensor/core/methods.pyi`, the
methods of Tensor. They hold what is put together at import, where no type checker looks. All else
is typed where it stands.

Types come from the annotations of the declared functions, where `Any` for a result stands for a
tensor. A function whose keywords go by other names too has an overload for PyTorch's and one for
NumPy's.
"""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import cltensor as ct
from cltensor import return_types
from cltensor.command.annotations import Types
from cltensor.core.composite import OPERANDS, is_public
from cltensor.core.methods import Methods
from cltensor.core.names import ALIASES, parameter_of
from cltensor.core.op import Op

PACKAGE = Path(ct.__file__).parent
WIDTH = 100

#: Keywords in PyTorch's and in NumPy's style; of several names of a parameter, the first is meant.
STYLES = (
    ("input", "other", "dim", "dims", "keepdim", "start_dim", "end_dim", "fill_value"),
    ("axis", "axes", "keepdims"),
)
#: PyTorch's name of a parameter where it is not the first in its style.
SPECIAL = {
    "bmm": "mat2", "dot": "tensor", "flip": "dims", "mm": "mat2", "outer": "vec2",
    "permute": "dims", "pow": "exponent", "pow_": "exponent", "roll": "dims",
}  # fmt: skip
#: Results that depend on the arguments, so that `Any` is meant for them.
VARYING = {"max_pool2d", "nonzero", "type"}
#: Operands besides those that composites check, and the functions that take numbers for them.
_FURTHER = {"a", "b", "c", "w", "condition"}
_TAKE_NUMBERS = {"where"}
#: Functions that give several tensors for their first argument alone.
_SEVERAL_ALONE = {"where"}

#: The namespaces within the public one whose functions are declared in `cltensor.ops`.
SPACES = (ct.fft, ct.linalg, ct.masked, ct.signal.windows, ct.special)

#: Of a reduction.
Axis = int | tuple[int, ...] | None

_kinds = inspect.Parameter
HEAD = '"""{} Written by `python -m cltensor.command.stubs`."""\n\n'


@dataclass(frozen=True)
class Parameter:
    """A parameter as a stub shows it."""

    name: str
    kind: Any
    type: str
    default: str = ""

    def __str__(self) -> str:
        stars = {_kinds.VAR_POSITIONAL: "*", _kinds.VAR_KEYWORD: "**"}.get(self.kind, "")
        default = f" = {self.default}" if self.default else ""
        return f"{stars}{self.name}: {self.type}{default}"


#: The parameters of a call, and the type of its result.
Form = tuple[list[Parameter], str]


class Declaration:
    """The parameters and the result of a declared function, as the stubs show them."""

    def __init__(self, name: str, function: Any, types: Types, method: bool = False) -> None:
        self.name = name
        self.types = types
        source = getattr(function, "function", function)  # of an operator, or a method in place
        self.op = source if isinstance(source, Op) else None
        self.scope = {} if self.op else inspect.unwrap(source).__globals__
        self.function = source.__name__
        given = list(inspect.signature(function).parameters.values())
        if name.startswith("__") and len(given) > 1:  # of what the operator calls, one operand
            given = [given[0], list(inspect.signature(source).parameters.values())[1]]
        self.names = tuple(p.name for p in given)
        self.result = self._result(inspect.signature(source))
        self.parameters = [self._parameter(i, p) for i, p in enumerate(given)]
        if method:
            self.parameters[0] = Parameter("self", _kinds.POSITIONAL_OR_KEYWORD, "")
            if name.startswith("__") and len(given) > 1:
                self.parameters[1] = replace(self.parameters[1], name="other")
            if is_in_place(name):
                types.imports.add(("typing", "Self"))
                self.result = "Self"

    def _parameter(self, place: int, p: inspect.Parameter) -> Parameter:
        kind = self._type(place, p)
        if p.default is p.empty:
            return Parameter(p.name, p.kind, kind)
        if p.default is None:
            kind = kind if kind in ("_DType", "DeviceSpec") else self.types.union([kind, "None"])
        plain = p.default is None or isinstance(p.default, (bool, int, str))
        plain = plain or (isinstance(p.default, float) and np.isfinite(p.default))
        default = f'"{p.default}"' if isinstance(p.default, str) else repr(p.default)
        return Parameter(p.name, p.kind, kind, default if plain else "...")

    def _type(self, place: int, p: inspect.Parameter) -> str:
        tensor = self.types.of(ct.Tensor, {})
        if self.name in ("__eq__", "__ne__"):  # as Python has it
            return self.types.of(Any, {})
        if p.name == "dtype":
            return self.types.dtype()
        if p.name == "out":
            return tensor if self.result == tensor else self.types.of(Any, {})
        annotation = p.annotation
        if self.op is not None:
            if place == 0:
                binary = self._is_elementwise() and len(self.op.params) > 1
                return self.types.union([tensor, self.types.number()]) if binary else tensor
            if p.name in self.op.params:
                if self._is_elementwise():
                    return self.types.union([tensor, self.types.number()])
                annotation = self._annotation(p.name)
            else:
                return self._option(p.name)
        if annotation in ("Any", _kinds.empty, Any) and p.name in OPERANDS | _FURTHER:
            numbers = [self.types.number()] if self.function in _TAKE_NUMBERS else []
            return self.types.union([tensor, *numbers])
        found = self.types.of(annotation, self.scope).split(" | ")
        if tensor in found:
            found = [self.types.number() if t == "_float" else t for t in found]
        return self.types.union(found)

    def _is_elementwise(self) -> bool:
        """Whether all parameters of the operation take a tensor or a number."""
        assert self.op is not None
        kinds = [p.kind for p in inspect.signature(self.op.run).parameters.values()]
        return not self.op.variadic and kinds == [_kinds.VAR_POSITIONAL]

    def _annotation(self, name: str) -> Any:
        """That of `run`, which computes the operation."""
        assert self.op is not None
        self.scope = getattr(self.op.run, "__globals__", {})
        return getattr(self.op.run, "__annotations__", {}).get(name, _kinds.empty)

    def _option(self, name: str) -> str:
        assert self.op is not None
        function = inspect.unwrap(self.op.options[name])
        return self.types.of(function.__annotations__.get(name, Any), function.__globals__)

    def _result(self, signature: inspect.Signature) -> str:
        annotation = signature.return_annotation
        if self.op is not None:
            annotation = self._annotation("return")
        if self.name in VARYING:
            return self.types.of(Any, {})
        if annotation in ("Any", _kinds.empty, Any):
            annotation = ct.Tensor
        return self.types.of(annotation, self.scope)

    def forms(self) -> list[Form]:
        """The parameters and the result of each way to call the function.

        Those with a named pair of their own give it along `dim`, and a tensor in other ways: of all
        elements, along NumPy's `axis`, or with another tensor.
        """
        if self.name in _SEVERAL_ALONE and self.parameters[0].name != "self":
            alone = ([self.parameters[0]], self.types.of(tuple[ct.Tensor, ...], {}))
            given = [replace(p, default=p.default.strip(".")) for p in self.parameters]
            return [(given, self.result), alone]
        own = {p.name: p for p in self.parameters}
        pair = getattr(return_types, self.name, None)
        tensor = self.types.of(ct.Tensor, {})
        if pair is None or "dim" not in own or self.result != tensor:
            return [(self.parameters, self.result)]
        first, dim = self.parameters[0], own["dim"]
        out = [p for p in self.parameters if p.name == "out"]
        common = [p for p in self.parameters if p.name not in ("axis", "other", "out")]
        along = replace(dim, type=self.types.of(int, {}))
        if dim.default == "None":
            along = replace(along, default="")
        pairs = [along if p is dim else p for p in common]
        pairs += [replace(p, type=self.types.of(Any, {})) for p in out]
        found = [(pairs, self.types.of(pair, {}))]
        if dim.default == "None":
            found.insert(0, ([first, *out], tensor))
        if "axis" in own:
            axis = Parameter("axis", _kinds.KEYWORD_ONLY, self.types.of(Axis, {}))
            rest = [replace(p, kind=_kinds.KEYWORD_ONLY) for p in common[1:] if p is not dim]
            found.append(([first, axis, *rest, *out], tensor))
        if "other" in own:
            other = Parameter("other", _kinds.POSITIONAL_OR_KEYWORD, tensor)
            found.append(([first, other, *out], tensor))
        return found

    def styles(self) -> list[Form]:
        """The forms under each set of names by which calls may give the parameters."""
        found: list[Form] = []
        for parameters, result in self.forms():
            for named in self._names(parameters):
                if (named, result) not in found:
                    found.append((named, result))
        return found

    def _names(self, parameters: list[Parameter]) -> list[list[Parameter]]:
        named = [parameters]
        named += [[self._renamed(p, style) for p in parameters] for style in STYLES]
        starred = [p for p in parameters if p.kind is _kinds.VAR_POSITIONAL]
        if starred:
            calls = [[starred[0] if p.kind is starred[0].kind else p for p in ps] for ps in named]
            named = calls + [[_by_keyword(p) for p in ps] for ps in named]
        return named

    def _renamed(self, p: Parameter, style: Sequence[str]) -> Parameter:
        if p.name == "self":
            return p
        if any(name in self.names and p.name in ALIASES.get(name, ()) for name in style):
            return p  # that style has the other one
        special = SPECIAL.get(self.name) if style is STYLES[0] else None
        for name in (special, *style):
            if name in ALIASES and self._meant(name) == p.name:
                return replace(p, name=name)
        return p

    def _meant(self, keyword: str) -> str | None:
        try:
            return parameter_of(self.name, self.names, keyword)
        except TypeError:
            return None

    def text(self, indent: str = "") -> str:
        """The definition, with overloads where there are several styles."""
        styles = self.styles()
        if len(styles) > 1:
            self.types.imports.add(("typing", "overload"))
        decorator = f"{indent}@overload\n" if len(styles) > 1 else ""
        return "".join(decorator + self._definition(*s, indent) for s in styles)

    def _definition(self, parameters: list[Parameter], result: str, indent: str) -> str:
        parts = []
        starred = any(p.kind is _kinds.VAR_POSITIONAL for p in parameters)
        for p in parameters:
            if p.kind is _kinds.KEYWORD_ONLY and not starred:
                parts.append("*")
                starred = True
            parts.append("self" if p.name == "self" else str(p))
        comment = "  # type: ignore[override]" if self.name in ("__eq__", "__ne__") else ""
        end = f") -> {result}: ..."
        start = f"{indent}def {self.name}("
        line = start + ", ".join(parts) + end
        if len(line) <= WIDTH:
            return f"{line}{comment}\n"
        inner = f"{indent}    {', '.join(parts)}"
        if len(inner) > WIDTH:
            inner = "\n".join(f"{indent}    {part}," for part in parts)
        return f"{start}{comment}\n{inner}\n{indent}{end}\n"


def _by_keyword(p: Parameter) -> Parameter:
    """What is variadic, as a keyword for all of them."""
    return replace(p, kind=_kinds.KEYWORD_ONLY) if p.kind is _kinds.VAR_POSITIONAL else p


def is_in_place(name: str) -> bool:
    """Whether a method of that name changes its tensor and returns it."""
    if name.startswith("__"):
        return name.startswith("__i") and name != "__invert__"
    return name.endswith("_")


def methods() -> str:
    """The stub of the methods of Tensor."""
    types = Types(avoid="cltensor.ops")
    names = sorted(n for n, v in vars(Methods).items() if callable(v) and n != "__doc__")
    text = "".join(Declaration(n, vars(Methods)[n], types, True).text("    ") for n in names)
    return (
        HEAD.format("The methods of Tensor that are functions.")
        + types.head()
        + f"class Methods:\n{text}"
    )


def namespace(module: types.ModuleType) -> str:
    """The stub of a namespace that is gathered from declarations."""
    types = Types(space=module)
    exports, values, functions = [], ["__all__: list[str]"], []
    if module is ct:
        values.append("__version__: str")
    for name in vars(module)["__all__"]:
        value = getattr(module, name)
        if is_public(value):
            functions.append(Declaration(name, value, types).text())
            continue
        if inspect.ismodule(value):
            package, _, own = value.__name__.rpartition(".")
        else:
            package, own = getattr(value, "__module__", ""), getattr(value, "__qualname__", "")
        there = getattr(sys.modules.get(package), own or "", None)
        if there is not None and inspect.unwrap(value) is inspect.unwrap(there):
            exports.append((package, own, name))
        else:
            kind = np.dtype if isinstance(value, np.dtype) else type(value)
            values.append(f"{name}: {types.of(kind, {})}")
    return (
        HEAD.format(f"The namespace {module.__name__}.")
        + types.head(exports)
        + "\n".join(values)
        + "\n\n"
        + "".join(functions)
    )


STUBS: dict[str, Callable[[], str]] = {
    "__init__.pyi": partial(namespace, ct),
    **{
        f"{m.__name__.partition('.')[2].replace('.', '/')}.pyi": partial(namespace, m)
        for m in SPACES
    },
    "core/methods.pyi": methods,
}


def main() -> None:
    """Write the stubs that are not as they should be."""
    for name, make in STUBS.items():
        path, text = PACKAGE / name, make()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"{path.relative_to(PACKAGE.parent)} is written anew")


if __name__ == "__main__":
    main()
