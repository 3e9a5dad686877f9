"""Module: a tree of layers that owns parameters, buffers and the way to save them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from cltensor.autograd import no_grad
from cltensor.core.changes import Changes
from cltensor.core.hooks import HookList, watchers
from cltensor.core.names import own_names
from cltensor.core.suggestions import missing
from cltensor.core.tensor import Tensor
from cltensor.nn.compiling import Compilable, without_compiled
from cltensor.nn.conversion import Convertible
from cltensor.nn.hooks import EVERYWHERE, Hooked
from cltensor.nn.location import MISFITS, locate
from cltensor.nn.parameter import Buffer, Parameter
from cltensor.nn.saving import Saved
from cltensor.nn.summary import Summarized

M = TypeVar("M", bound="Module")


#: Attributes of every Module, which count their changes.
_COUNTED = frozenset(
    "training _changes _parameters _buffers _modules _non_persistent _forward_pre_hooks "
    "_forward_hooks _backward_pre_hooks _backward_hooks _hooks_of_state".split()
)


class Module(Hooked, Saved, Convertible, Compilable, Summarized):
    """Base of all layers and networks.

    A subclass calls `super().__init__()`, sets Parameters and Modules as attributes and
    defines `forward`. Everything else (finding weights, saving them, moving them to a
    device, switching between training and evaluation) follows from the attributes.

    >>> class Doubled(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.inner = nn.Linear(2, 1)
    ...     def forward(self, x):
    ...         return 2 * self.inner(x)
    ...
    >>> list(Doubled().state_dict())
    ['inner.weight', 'inner.bias']
    """

    training: bool

    #: Whether `__init__` calls that of the next class of several bases, with what it was given.
    call_super_init = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if (args or kwargs) and not self.call_super_init:
            raise TypeError(
                f"{type(self).__name__}: super().__init__() of a Module takes no arguments, and "
                f"got {len(args)} and {list(kwargs)}; leave them out, or set call_super_init"
            )
        own = self.__dict__
        own["training"] = True
        own["_changes"] = 0
        own["_parameters"] = {}
        own["_buffers"] = {}
        own["_modules"] = {}
        own["_non_persistent"] = set()
        own["_forward_pre_hooks"] = HookList()
        own["_forward_hooks"] = HookList()
        own["_backward_pre_hooks"] = HookList()
        own["_backward_hooks"] = HookList()
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output; every subclass defines its own."""
        raise NotImplementedError(f"{type(self).__name__}: the class defines no forward()")

    # -- guards of recorded calls ------------------------------------------------------------

    def guarded_members(self) -> list[Module]:
        """See changes.Guarded."""
        return list(self.modules())

    def guarded_attributes(self) -> list[Any]:
        """See changes.Guarded."""
        own = without_compiled(self.__dict__)
        hooks = self._all_hooks()
        tensors = [*own["_parameters"].values(), *own["_buffers"].values()]
        marked = [t for t in tensors if t is not None and vars(t)]  # with attributes of their own
        return [*[v for k, v in own.items() if k not in _COUNTED], *hooks, *marked]

    def guarded_state(self) -> Any:
        """See changes.Guarded."""
        own = self.__dict__
        return own["training"], own["_changes"], len(self._all_hooks()), EVERYWHERE.changes

    def _note_change(self) -> None:
        own = self.__dict__
        own["_changes"] = own.get("_changes", 0) + 1
        Changes.count += 1

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        for watch in watchers:
            watch((self,))
        own = self.__dict__
        try:
            if (
                own["_forward_hooks"]
                or own["_forward_pre_hooks"]
                or own["_backward_hooks"]
                or own["_backward_pre_hooks"]
            ):
                return self._call_hooked(args, kwargs)
            if kwargs:
                if type(self).forward.__module__.startswith("cltensor."):
                    kwargs = self._own_names(args, kwargs)
                return self.forward(*args, **kwargs)
            return self.forward(*args)
        except MISFITS as error:
            locate(error, self)
            raise

    def _own_names(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Keywords by the names of our own forward; the user's have names of their own."""
        return own_names(type(self).__name__, type(self).forward, (self, *args), kwargs)

    # -- attributes ------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "training":
            Changes.count += 1
        else:
            self._note_change()
        own = self.__dict__
        kind = (
            "_parameters"
            if isinstance(value, Parameter)
            else "_modules"
            if isinstance(value, Module)
            else "_buffers"
            if isinstance(value, Buffer)
            else None
        )
        if "_parameters" not in own:
            if kind is not None:
                raise AttributeError(
                    f"{type(self).__name__}: {name!r} is set before super().__init__(); "
                    "call that first"
                )
            object.__setattr__(self, name, value)
        elif kind is not None:
            if name not in own[kind]:  # else it keeps its place in the order
                self._forget(name)
            self._become_member(kind, name, value)
            if kind == "_buffers":
                self._set_persistent(name, value.persistent)
        elif name in own["_parameters"]:
            self._only_none(name, value, "a Parameter")
            self._become_member("_parameters", name, None)
        elif name in own["_modules"]:
            self._only_none(name, value, "a Module")
            self._become_member("_modules", name, None)
        elif name in own["_buffers"]:
            if value is not None and not isinstance(value, Tensor):
                self._only_none(name, value, "a Tensor")
            self._become_member("_buffers", name, value)
        else:
            object.__setattr__(self, name, value)

    def _only_none(self, name: str, value: Any, wanted: str) -> None:
        if value is not None:
            raise TypeError(
                f"{type(self).__name__}: attribute {name!r} takes {wanted} or None, "
                f"not a {type(value).__name__}; delete it first to use the name otherwise"
            )

    def _become_member(self, kind: str, name: str, value: Any) -> None:
        """Have a member, which hooks of all modules may exchange for another."""
        if value is not None or kind != "_parameters":
            for hook in EVERYWHERE.registration[kind]:
                made = hook(self, name, value)
                value = value if made is None else made
        self.__dict__[kind][name] = value

    def _set_persistent(self, name: str, persistent: bool) -> None:
        if persistent:
            self._non_persistent.discard(name)
        else:
            self._non_persistent.add(name)

    def _forget(self, name: str) -> None:
        """Drop `name` from wherever it is kept, so that a name has one meaning."""
        own = self.__dict__
        for place in (own, own["_parameters"], own["_buffers"], own["_modules"]):
            place.pop(name, None)
        own["_non_persistent"].discard(name)

    def __getattr__(self, name: str) -> Any:
        # Reached only when the instance has no plain attribute of that name.
        own = self.__dict__
        for kind in ("_parameters", "_modules", "_buffers"):
            members = own.get(kind)
            if members is not None and name in members:
                return members[name]
        return missing(self, f"{type(self).__name__!r} object", name, lambda: dir(self))

    def __delattr__(self, name: str) -> None:
        self._note_change()
        own = self.__dict__
        for kind in ("_parameters", "_modules", "_buffers"):
            if name in own[kind]:
                del own[kind][name]
                own["_non_persistent"].discard(name)
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        members = (*self._parameters, *self._modules, *self._buffers)
        return sorted({*super().__dir__(), *members})

    def _check_name(self, name: str, known: dict[str, Any]) -> None:
        if not isinstance(name, str) or not name or "." in name:
            raise KeyError(
                f"{type(self).__name__}: a name is a non-empty string without '.', got {name!r}"
            )
        if hasattr(self, name) and name not in known and not self._is_ours_alone(name):
            raise KeyError(f"{type(self).__name__}: attribute {name!r} already exists")

    def _is_ours_alone(self, name: str) -> bool:
        """Whether it is a method of Summarized, which PyTorch's modules have not, that nobody has
        overridden: a member of that name may hide it, as PyTorch's programs expect."""
        owners = [kind for kind in type(self).__mro__ if name in vars(kind)]
        return owners == [Summarized] and name not in self.__dict__

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter, or keep its place with None."""
        self._check_name(name, self._parameters)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"register_parameter: {name!r} is a {type(param).__name__}; "
                "wrap it as nn.Parameter(...)"
            )
        self._note_change()
        self._become_member("_parameters", name, param)

    def register_buffer(self, name: str, value: Tensor | None, persistent: bool = True) -> None:
        """Add a Tensor that is saved and moved with the module but not trained.

        `persistent=False` leaves it out of the state_dict.
        """
        self._check_name(name, self._buffers)
        if value is not None and not isinstance(value, Tensor):
            raise TypeError(
                f"register_buffer: {name!r} is a {type(value).__name__}; "
                "make it with ct.tensor(...)"
            )
        self._note_change()
        self._become_member("_buffers", name, value)
        self._set_persistent(name, persistent)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a child module under `name`."""
        self._check_name(name, self._modules)
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"add_module: {name!r} is a {type(module).__name__}, not a Module")
        self._note_change()
        self._become_member("_modules", name, module)

    register_module = add_module

    # -- walking the tree ------------------------------------------------------------------

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all below it, as (dotted name, module); a shared one comes once."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, child in self._modules.items():
            if child is not None:
                yield from child.named_modules(memo, _join(prefix, name), remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """This module and all below it; a shared one comes once, unless not remove_duplicate."""
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The direct children, as (name, module)."""
        seen: set[Module] = set()
        for name, child in self._modules.items():
            if child is not None and child not in seen:
                seen.add(child)
                yield name, child

    def children(self) -> Iterator[Module]:
        """The direct children."""
        for _, child in self.named_children():
            yield child

    def get_submodule(self, target: str) -> Module:
        """The module with that dotted name; "" is the module itself."""
        module = self
        for part in target.split(".") if target else ():
            child = module._modules.get(part)
            if child is None:
                raise AttributeError(f"get_submodule: {type(module).__name__} has no {part!r}")
            module = child
        return module

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put a module in the place of that dotted name.

        Args:    strict: whether there has to be one already.
        Raises:  ValueError without a name or a Module; AttributeError where there is no module to
                 put it in, or what has that name is no module.
        """
        path, _, name = target.rpartition(".")
        if not name or not isinstance(module, Module):
            raise ValueError(
                f"set_submodule: {target!r} and a {type(module).__name__} were given; "
                "give a dotted name and a Module"
            )
        owner = self.get_submodule(path)
        held = getattr(owner, name, None)
        if not isinstance(held, Module) and (strict or held is not None):
            raise AttributeError(f"set_submodule: {type(owner).__name__} has no module {name!r}")
        setattr(owner, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter with that dotted name."""
        return self._member("get_parameter", "_parameters", target)

    def get_buffer(self, target: str) -> Tensor:
        """The buffer with that dotted name."""
        return self._member("get_buffer", "_buffers", target)

    def _member(self, operation: str, kind: str, target: str) -> Any:
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        found = owner.__dict__[kind].get(name)
        if found is None:
            what = "parameter" if kind == "_parameters" else "buffer"
            raise AttributeError(f"{operation}: {type(owner).__name__} has no {what} {name!r}")
        return found

    def _named_members(
        self, kind: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()  # of objects that the tree keeps alive meanwhile
        walk = (
            self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
            if recurse
            else iter([(prefix, self)])
        )
        for path, module in walk:
            for name, member in module.__dict__[kind].items():
                if member is None or id(member) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(member))
                yield _join(path, name), member

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """All parameters as (dotted name, Parameter); one that is shared comes once."""
        return self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters, for an optimizer."""
        for _, param in self.named_parameters(recurse=recurse):
            yield param

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """All buffers as (dotted name, Tensor)."""
        return self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """All buffers."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    # -- modes and gradients ------------------------------------------------------------------

    def apply(self: M, fn: Callable[[Module], Any]) -> M:
        """Call `fn` on every module, children before their parent."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def train(self: M, mode: bool = True) -> M:
        """Switch dropout and batch normalisation to training, or back."""
        if not isinstance(mode, bool):
            raise ValueError(f"train: mode is True or False, got {mode!r}")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: M) -> M:
        """Switch dropout off and batch normalisation to its running statistics."""
        return self.train(False)

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Freeze (False) or release all parameters."""
        for param in self.parameters():
            param.requires_grad = requires_grad
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all parameters, or set them to zero."""
        for param in self.parameters():
            if set_to_none:
                param.grad = None
            elif param.grad is not None:
                with no_grad():
                    param.grad.zero_()

    # -- text ------------------------------------------------------------------------------

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """What the layer's own line says between its parentheses."""
        return ""

    def _repr_children(self) -> list[str]:
        return [f"({name}): {child!r}" for name, child in self._modules.items()]

    def __repr__(self) -> str:
        extra = self.extra_repr()
        children = self._repr_children()
        if not children and "\n" not in extra:
            return f"{self._get_name()}({extra})"
        parts = [extra, *children] if extra else children
        body = "\n".join(parts).replace("\n", "\n  ")
        return f"{self._get_name()}(\n  {body}\n)"


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name
