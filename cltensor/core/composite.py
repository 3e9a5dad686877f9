"""Composites: public functions made of operations, declared where they stand.

``@composite`` gives a function what an operation has: operands that are no tensors are refused by
name, keywords go by any name of the table (`names`), an unknown one is an error that lists the
accepted ones. The public namespace and the methods of Tensor are gathered from these declarations.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial, wraps
from types import FunctionType, ModuleType
from typing import Any, TypeVar, overload

from cltensor.core.batched import Batched, Unbatched, beside
from cltensor.core.casting import as_given, casting, casts
from cltensor.core.hooks import Hooks, tracers
from cltensor.core.names import LEGACY, canonical, twice, with_reduction
from cltensor.core.op import OPERATIONS, Op, require_tensor, write_out
from cltensor.core.parameters import Described, Parameters
from cltensor.core.suggestions import suggest
from cltensor.core.tensor import Tensor
from cltensor.core.wide import NORMS, WIDE, Widening, narrowed

F = TypeVar("F", bound=Callable[..., Any])

#: Parameters of these names take tensors.
OPERANDS = {
    "x", "input", "other", "mask", "target", "weight", "pos_weight", "bias", "running_mean",
    "running_var",
}  # fmt: skip


class _Signature:
    """The parameters of a function, as calls need them."""

    def __init__(
        self, function: Callable[..., Any], more: tuple[str, ...] = (), older: tuple[int, ...] = ()
    ) -> None:
        self.name = function.__name__.strip("_")
        self.function = function
        own = Parameters(function)
        self.all = (*own.names, *more)
        self.positional = own.by_position
        self.variadic = own.several
        self.older = dict(zip(older, LEGACY, strict=False))
        kinds = {name: str(kind) for name, kind in own.annotations.items()}
        #: (place, name, whether it may be None) of the parameters that take a tensor.
        self.operands = [
            (i, n, own.defaults.get(n, n) is None or "None" in kinds.get(n, ""))
            for i, n in enumerate(self.positional)
            if (n in OPERANDS or kinds.get(n, "").startswith("Tensor"))
            and "float" not in kinds.get(n, "")  # a number will do
        ]
        first = own.names[0] if own.names else ""
        #: Whether the first parameter takes a tensor.
        self.takes_tensor = (bool(self.operands) and self.operands[0][0] == 0) or (
            first == "a" or kinds.get(first, "").startswith("Tensor")
        )
        #: Whether `out` may be given beside the function's own keywords.
        self.takes_out = kinds.get("return") in ("Tensor", "Any") and "out" not in self.all

    def shown(self, *more: inspect.Parameter) -> Described:
        """What help() shows: the function's own parameters, and `more` by keyword."""

        def describe() -> inspect.Signature:
            own = inspect.signature(self.function)
            parameters = list(own.parameters.values())
            for place, name in self.older.items():
                kind, hint = inspect.Parameter.POSITIONAL_OR_KEYWORD, "bool | None"
                parameters.insert(
                    place, inspect.Parameter(name, kind, default=None, annotation=hint)
                )
            return own.replace(parameters=[*parameters, *more])

        return Described(self.function, describe)

    def without_older(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """size_average and reduce by keyword, where they are given by position."""
        short, named = list(args), dict(kwargs)
        for place, name in reversed(self.older.items()):
            if place < len(args):
                if name in kwargs:
                    raise twice(self.name, name, name)
                named[name] = short.pop(place)
        for name in LEGACY:
            if named.get(name) is not None and not isinstance(named[name], bool):
                raise TypeError(
                    f"{self.name}: {name} is {named[name]!r}, and PyTorch takes True or False "
                    "there; give reduction by its name"
                )
        return tuple(short), named

    def bind(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Arguments by position, and keywords under the function's own names."""
        if "reduction" in self.all:
            kwargs = dict(kwargs)
            with_reduction(self.name, self.all, kwargs)
        beside = ("out",) if self.takes_out else ()
        named = canonical(self.name, self.all, self.positional[: len(args)], kwargs, beside)
        if self.variadic in named:
            several = named.pop(self.variadic)
            missing = [n for n in self.positional[len(args) :] if n in named]
            args = (*args, *[named.pop(n) for n in missing])
            # Nothing given by keyword is not the same as nothing given.
            args += (tuple(several) or ((),)) if isinstance(several, Iterable) else (several,)
        return args, named

    def check(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Raise DTypeError for an operand that is no tensor."""
        for i, name, optional in self.operands:
            if i < len(args):
                x = args[i]
            elif name in kwargs:
                x = kwargs[name]
            else:
                continue
            if not isinstance(x, Tensor) and not (optional and x is None):
                require_tensor(self.name, name, x)


@overload
def composite(function: F) -> F: ...
@overload
def composite(
    *, method: bool | str | None = None, space: str = "", older: tuple[int, ...] = ()
) -> Callable[[F], F]: ...
def composite(
    function: Any = None, *, method: bool | str | None = None, space: str = "",
    older: tuple[int, ...] = (),
) -> Any:  # fmt: skip
    """Declare a public function. Its name, without underscores at the ends, is public.

    method: whether it is a method of Tensor too, "only" for no function beside; left out, it is
    one if its first parameter takes a tensor and it is in the main namespace.
    space: the namespace that it is public in, such as "linalg" for `ct.linalg`; the main one if
    left out.
    older: the places of PyTorch's size_average and reduce among the parameters of a loss.
    """
    if function is None:
        return partial(_declared, method, space, older)
    return _declared(method, space, older, function)


def _declared(method: bool | str | None, space: str, older: tuple[int, ...], function: Any) -> Any:
    signature = _Signature(function, older=older)
    most = min(older, default=1 << 62)
    places = tuple([i for i, _, _ in signature.operands])
    is_wide = signature.name in WIDE or signature.name in NORMS
    widening = Widening(function, OPERATIONS) if is_wide else None
    cast = casts(signature.name)

    @wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if tracers and not tracers[-1].enters(checked):
            return tracers[-1].call(checked, args, kwargs)
        if kwargs or len(args) > most:
            if older:
                args, kwargs = signature.without_older(args, kwargs)
            if "out" in kwargs and "out" not in signature.all:
                out = kwargs.pop("out")
                if out is not None and casting.dtypes is not None:  # computes as it is given
                    return as_given(checked, *args, **kwargs, out=out)
                return write_out(signature.name, checked(*args, **kwargs), out)
            args, kwargs = signature.bind(args, kwargs)
        for i in places:
            if i >= len(args) or not isinstance(args[i], Tensor):
                signature.check(args, kwargs)
                break
        if cast is not None and casting.dtypes is not None:
            args = tuple([cast(x) for x in args])
            kwargs = {name: cast(x) for name, x in kwargs.items()}
            return as_given(checked, *args, **kwargs)
        wide = None if widening is None else widening.arguments(args, kwargs)
        dtype: Any = None
        if wide is not None:
            args, kwargs, dtype = wide
        # No call more in between, for warnings that count them.
        try:
            found = function(*args, **kwargs)
            return found if wide is None else narrowed(found, dtype, OPERATIONS["astype"])
        except Unbatched:
            pass
        if checked.batched is not None:  # type: ignore[attr-defined]
            found = checked.batched(*args, **kwargs)  # type: ignore[attr-defined]
        else:
            found = Hooks.looped(signature.name, function, args, kwargs)
        return found if wide is None else narrowed(found, dtype, OPERATIONS["astype"])

    checked.batched = None  # type: ignore[attr-defined]
    checked.bind = signature.bind  # type: ignore[attr-defined]
    checked.by_position = signature.positional  # type: ignore[attr-defined]
    wanted = signature.takes_tensor and not space if method is None else bool(method)
    checked.is_method = wanted  # type: ignore[attr-defined]
    checked.space = space  # type: ignore[attr-defined]
    checked.is_function = method != "only"  # type: ignore[attr-defined]
    checked.__name__ = function.__name__.strip("_")
    if signature.takes_out:
        vars(checked)["__wrapped__"] = signature.shown(_OUT)
    return checked


#: The keyword for the tensor to write a result into, of all functions that give one.
_OUT = inspect.Parameter(
    "out", inspect.Parameter.KEYWORD_ONLY, default=None, annotation="Tensor | None"
)
_REQUIRES_GRAD = inspect.Parameter(
    "requires_grad", inspect.Parameter.KEYWORD_ONLY, default=False, annotation="bool"
)
#: Keywords of every function that makes a tensor, beside its own.
_MAKING = ("requires_grad", "out", "layout", "pin_memory", "memory_format", "names")


@overload
def creator(function: F) -> F: ...
@overload
def creator(*, method: bool = False, space: str = "") -> Callable[[F], F]: ...
def creator(function: Any = None, *, method: bool = False, space: str = "") -> Any:
    """Declare a public function that makes a tensor. It takes, beside its own keywords,
    requires_grad, out (a tensor to write into), and PyTorch's layout, pin_memory, memory_format and
    names where they ask for nothing else than what is done anyway.

    method: whether it is a method of Tensor too. space: as for `composite`."""
    if function is None:
        return partial(_creates, method, space)
    return _creates(method, space, function)


def _creates(method: bool, space: str, function: Any) -> Any:
    signature = _Signature(function, _MAKING)
    operands = signature.operands

    @wraps(function)
    def make(*args: Any, **kwargs: Any) -> Any:
        if tracers and not tracers[-1].enters(make):
            return tracers[-1].call(make, args, kwargs)
        if operands and not (args and isinstance(args[0], Tensor)):
            signature.check(*signature.bind(args, kwargs))
        more = {}
        if kwargs:
            args, kwargs = signature.bind(args, kwargs)
            more = {name: kwargs.pop(name) for name in _MAKING if name in kwargs}
        try:
            made = function(*args, **kwargs)
        except Unbatched:
            made = None
        if made is None:
            made = Hooks.looped(signature.name, function, args, kwargs)
        elif operands and type(made) is Tensor:
            like = args[0] if args else next(iter(kwargs.values()))
            if isinstance(like, Batched):  # what is made like an example takes elements of it
                made = beside(made, like).clone()
        return _as_wanted(signature.name, made, **more) if more else made

    make.is_method = method  # type: ignore[attr-defined]
    make.is_function = True  # type: ignore[attr-defined]
    make.space = space  # type: ignore[attr-defined]
    make.__name__ = function.__name__.strip("_")
    vars(make)["__wrapped__"] = signature.shown(_REQUIRES_GRAD, _OUT)
    return make


def _as_wanted(
    operation: str,
    made: Tensor,
    requires_grad: bool = False,
    out: Tensor | None = None,
    layout: Any = None,
    pin_memory: bool = False,
    memory_format: Any = None,
    names: Any = None,
) -> Tensor:
    """What was made, as the keywords of all creators say."""
    if names is not None or layout not in (None, "strided"):
        raise TypeError(
            f"{operation}: names and layouts of storage are not supported; leave them out"
        )
    made = write_out(operation, made, out)
    return made.requires_grad_() if requires_grad else made


def is_public(value: Any) -> bool:
    """Whether `value` is a declared function or a public operation."""
    if isinstance(value, Op):
        return value.public
    return isinstance(value, FunctionType) and hasattr(value, "is_method")


@cache
def _public(module: ModuleType) -> list[tuple[str, Any]]:
    """What `module` declares under a name that does not begin with an underscore."""
    return [(n, v) for n, v in vars(module).items() if n[0] != "_" and is_public(v)]


def gather(modules: Iterable[ModuleType], space: str = "") -> dict[str, Any]:
    """The public functions of `modules` in a namespace, by name: what is declared there for it. An
    underscore at the end avoids a name of Python."""
    found: dict[str, Any] = {}
    for module in modules:
        for name, value in _public(module):
            if value.space != space:
                continue
            name = name.rstrip("_")
            if found.setdefault(name, value) is not value:
                raise ValueError(f"{module.__name__}: {name} is declared twice")
    return found


def publish(
    module: ModuleType, declaring: Iterable[ModuleType], *also: str, **renamed: str
) -> None:
    """Make `module` a public namespace: of what `declaring` declare for the space of its name, and
    of functions of the main one, under the same names (also) or others (renamed)."""
    own, main = vars(module), gather(declaring)
    public = gather(declaring, module.__name__.partition(".")[2])
    public |= {name: main[name] for name in also}
    public |= {name: main[there] for name, there in renamed.items()}
    own.update(public)
    own["__all__"] = sorted(public)
    suggest(module)
