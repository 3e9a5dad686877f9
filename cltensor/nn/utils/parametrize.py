"""Parameters that are computed from others whenever they are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from copy import deepcopy
from typing import Any, TypeVar

from cltensor.autograd import no_grad
from cltensor.core.tensor import Tensor
from cltensor.errors import DTypeError, ShapeError
from cltensor.nn.layers.container import ModuleDict, ModuleList
from cltensor.nn.module import Module
from cltensor.nn.parameter import Parameter

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]

M = TypeVar("M", bound=Module)

#: Within `cached`: what parameters of modules were computed, by module and name.
_cache: ContextVar[dict[tuple[int, str], Tensor] | None] = ContextVar("_cache", default=None)


@contextmanager
def cached() -> Iterator[None]:
    """Within the block each parametrized parameter is computed once, when it is first read.

    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(2, 3))
    >>> with nn.utils.parametrize.cached():
    ...     print(layer.weight is layer.weight)
    ...
    True
    """
    if _cache.get() is not None:
        yield
        return
    token = _cache.set({})
    try:
        yield
    finally:
        _cache.reset(token)


def _register(module: Module, name: str, value: Any) -> None:
    if isinstance(value, Parameter):
        module.register_parameter(name, value)
    else:
        module.register_buffer(name, value)


def _like(what: str, found: Any, wanted: Any) -> None:
    """Raise unless `found` is a tensor of the shape and dtype of `wanted`."""
    if not isinstance(found, Tensor):
        raise ValueError(f"{what} gives a {type(found).__name__}; it must give a Tensor")
    if found.dtype != wanted.dtype:
        raise DTypeError(
            f"{what} gives {found.dtype.name} for {wanted.dtype.name}; keep it, or use unsafe=True"
        )
    if found.shape != wanted.shape:
        raise ShapeError(
            f"{what} gives shape {tuple(found.shape)} for {tuple(wanted.shape)}; keep it, or use "
            "unsafe=True"
        )


class ParametrizationList(ModuleList):
    """The modules that one parameter goes through, and the tensors that it begins with: `original`,
    or `original0`, `original1`, ... if the first module takes several.

    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(2, 3))
    >>> type(layer.parametrizations.weight).__name__
    'ParametrizationList'
    """

    def __init__(self, modules: Sequence[Module], original: Any, unsafe: bool = False) -> None:
        if not modules:
            raise ValueError("ParametrizationList: no modules; give one or more")
        super().__init__(modules)
        self.unsafe = unsafe
        shape, dtype = original.shape, original.dtype
        with no_grad():
            new = self._inverse(original, strict=False)
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1 if self.is_tensor else len(new)
        if self.is_tensor:
            if new.dtype != dtype:
                raise DTypeError(
                    f"register_parametrization: right_inverse gives {new.dtype.name} for "
                    f"{dtype.name}; keep it"
                )
            if new is not original:
                original.data = new.detach()
            _register(self, "original", original)
        else:
            for i, value in enumerate(new):
                if isinstance(original, Parameter):
                    value = Parameter(value.detach().clone(), original.requires_grad)
                _register(self, f"original{i}", value)
        if not unsafe:
            found: Any = self()
            if isinstance(found, Tensor) and (found.shape, found.dtype) == (shape, dtype):
                return
            _like("register_parametrization: the module", found, original.new_empty(shape))

    def _originals(self) -> list[Any]:
        if self.is_tensor:
            return [self.original]
        return [getattr(self, f"original{i}") for i in range(self.ntensors)]

    def _inverse(self, value: Any, strict: bool) -> Any:
        """What the modules make `value` of. strict: whether each has to say it."""
        for module in reversed(list(self)):
            inverse: Any = getattr(module, "right_inverse", None)
            if inverse is not None:
                try:
                    value = inverse(value)
                except NotImplementedError:
                    if strict:
                        raise
            elif strict:
                raise TypeError(
                    f"{type(module).__name__}: it has no right_inverse, so that what it "
                    "computes cannot be set; set what it computes from, under `parametrizations`"
                )
        return value

    def right_inverse(self, value: Tensor) -> None:
        """Set the tensors that this begins with so that it gives `value`."""
        with no_grad():
            found = self._inverse(value, strict=True)
            given = [found] if isinstance(found, Tensor) else list(found)
            if len(given) != self.ntensors:
                raise ValueError(
                    f"right_inverse: {len(given)} tensors, and there are {self.ntensors} originals"
                )
            for original, new in zip(self._originals(), given, strict=True):
                if original.dtype != new.dtype:
                    raise DTypeError(
                        f"right_inverse: {new.dtype.name} for {original.dtype.name}; cast it"
                    )
                if original.shape == new.shape:
                    original.copy_(new)
                else:
                    original.data = new.detach()

    def forward(self) -> Any:
        """() -> what the last module gives."""
        first, *rest = list(self)
        x = first(*self._originals())
        for module in rest:
            x = module(x)
        return x


class _Parametrized:
    """In front of a module's class: its parametrized names are computed when they are read."""

    def __getattr__(self, name: str) -> Any:
        own: Any = self.__dict__
        lists = own["_modules"].get("parametrizations") or {}
        if name not in lists:
            return super().__getattr__(name)  # type: ignore[misc]
        kept = _cache.get()
        if kept is None:
            return lists[name]()
        key = id(self), name
        if key not in kept:
            kept[key] = lists[name]()
        return kept[key]

    def __setattr__(self, name: str, value: Any) -> None:
        lists = self.__dict__["_modules"].get("parametrizations") or {}
        if name in lists:
            lists[name].right_inverse(value)
        else:
            super().__setattr__(name, value)

    def __reduce__(self) -> Any:
        raise TypeError(
            f"{type(self).__name__}: a parametrized module is saved by its state_dict(); pickle "
            "knows no class of that name"
        )

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        made = object.__new__(type(self))
        memo[id(self)] = made
        state: Any = self.__getstate__()
        made.__dict__.update(deepcopy(state, memo))
        return made


def register_parametrization(
    module: M, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> M:
    """Have a parameter or buffer computed by a module whenever it is read.

        module.<tensor_name> is then parametrization(module.parametrizations.<name>.original)

    A parametrization may have a method right_inverse(value), which says what to begin with, so that
    `module.<tensor_name> = value` works; where that gives several tensors, they are its arguments.
    A further one is applied to what the first gives.

    Args:    unsafe: shape and dtype may change; nothing is tried at once.
    Returns: the module, whose class is now one of its own below the former.
    Raises:  ValueError for an unknown name; ShapeError, DTypeError if those change.

    >>> layer = nn.Linear(2, 2)
    >>> _ = nn.utils.parametrize.register_parametrization(layer, "weight", nn.ReLU())
    >>> bool((layer.weight >= 0).all())
    True
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        lists: Any = module.parametrizations
        if not unsafe:
            before = getattr(module, tensor_name)
            _like("register_parametrization: the module", parametrization(before), before)
        lists[tensor_name].append(parametrization)
        lists[tensor_name].unsafe |= unsafe
        return module
    if tensor_name not in module._parameters and tensor_name not in module._buffers:
        raise ValueError(
            f"register_parametrization: {type_before_parametrizations(module).__name__} has no "
            f"parameter or buffer {tensor_name!r}"
        )
    made = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe)
    delattr(module, tensor_name)
    if not is_parametrized(module):
        cls = type(module)
        module.parametrizations = ModuleDict()
        object.__setattr__(
            module, "__class__", type(f"Parametrized{cls.__name__}", (_Parametrized, cls), {})
        )
    lists = module.parametrizations
    lists._note_change()
    lists._modules[tensor_name] = made
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether the module has parametrized parameters, or one of that name.

    >>> nn.utils.parametrize.is_parametrized(nn.Linear(2, 3))
    False
    """
    lists = module._modules.get("parametrizations")
    if not isinstance(lists, ModuleDict):
        return False
    return len(lists) > 0 if tensor_name is None else tensor_name in lists


def remove_parametrizations(module: M, tensor_name: str, leave_parametrized: bool = True) -> M:
    """Make a parametrized parameter an ordinary one again.

    Args:    leave_parametrized: with the value that it has; False for what that is computed from,
             which must be one tensor.
    Raises:  ValueError for a name that is not parametrized, or several tensors with False.

    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(2, 3))
    >>> _ = nn.utils.parametrize.remove_parametrizations(layer, "weight")
    >>> nn.utils.parametrize.is_parametrized(layer)
    False
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(
            f"remove_parametrizations: {tensor_name!r} of "
            f"{type_before_parametrizations(module).__name__} is not parametrized"
        )
    lists: Any = module.parametrizations
    made = lists[tensor_name]
    if made.is_tensor:
        value = made.original
        if leave_parametrized:
            with no_grad():
                value.data = getattr(module, tensor_name).detach()
    elif leave_parametrized:
        found = getattr(module, tensor_name)
        value = Parameter(found.detach()) if found.requires_grad else found
    else:
        raise ValueError(
            f"remove_parametrizations: {tensor_name!r} is computed from {made.ntensors} tensors; "
            "use leave_parametrized=True"
        )
    del lists[tensor_name]
    if not len(lists):
        object.__setattr__(module, "__class__", type_before_parametrizations(module))
        del module.parametrizations
    _register(module, tensor_name, value)
    return module


def type_before_parametrizations(module: Module) -> type:
    """The class that the module had before any parametrization.

    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(2, 3))
    >>> nn.utils.parametrize.type_before_parametrizations(layer).__name__
    'Linear'
    """
    cls = type(module)
    return cls.__bases__[-1] if issubclass(cls, _Parametrized) else cls


def transfer_parametrizations_and_params(
    from_module: Module, to_module: M, tensor_name: str | None = None
) -> M:
    """Have `to_module` share the parametrizations of another, and what they begin with.

    tensor_name: of that parameter alone.

    >>> layer, other = nn.utils.parametrizations.weight_norm(nn.Linear(2, 3)), nn.Linear(2, 3)
    >>> _ = nn.utils.parametrize.transfer_parametrizations_and_params(layer, other)
    >>> nn.utils.parametrize.is_parametrized(other)
    True
    """
    lists: Any = from_module.parametrizations if is_parametrized(from_module) else {}
    for name in list(lists) if tensor_name is None else [tensor_name]:
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name).detach()))
        for parametrization in lists[name]:
            register_parametrization(to_module, name, parametrization)
        target: Any = to_module.parametrizations
        for key, value in [*lists[name]._parameters.items(), *lists[name]._buffers.items()]:
            setattr(target[name], key, value)
    return to_module
