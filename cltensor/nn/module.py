"""Module: a tree of layers that owns parameters, buffers and the way to save them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np

from cltensor.autograd import no_grad
from cltensor.core.changes import Changes
from cltensor.core.hooks import watchers
from cltensor.core.names import own_names
from cltensor.core.tensor import Tensor
from cltensor.dtypes import ALL, as_dtype
from cltensor.errors import DTypeError
from cltensor.nn import state
from cltensor.nn.parameter import Parameter

M = TypeVar("M", bound="Module")

_DTYPE_NAMES = {dtype.name for dtype in ALL}
_handle_numbers = itertools.count()


class RemovableHandle:
    """Takes a hook away again, by `remove()` or at the end of a `with` block."""

    def __init__(
        self, module: Module, hooks: dict[int, Callable[..., Any]], hook: Callable[..., Any]
    ) -> None:
        self.module = module
        self.hooks = hooks
        self.number = next(_handle_numbers)
        hooks[self.number] = hook
        module._note_change()

    def remove(self) -> None:
        """Forget the hook; a second call does nothing."""
        if self.hooks.pop(self.number, None) is not None:
            self.module._note_change()

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


class Module:
    """Base of all layers and networks.

    A subclass calls `super().__init__()`, sets Parameters and Modules as attributes and
    defines `forward`. Everything else (finding weights, saving them, moving them to a
    device, switching between training and evaluation) follows from the attributes.
    """

    # Names that load_state_dict may miss without complaint.
    _optional_state: tuple[str, ...] = ()

    training: bool

    def __init__(self) -> None:
        own = self.__dict__
        own["training"] = True
        own["_changes"] = 0
        own["_parameters"] = {}
        own["_buffers"] = {}
        own["_modules"] = {}
        own["_non_persistent"] = set()
        own["_forward_pre_hooks"] = {}
        own["_forward_hooks"] = {}

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output; every subclass defines its own."""
        raise NotImplementedError(f"{type(self).__name__}: the class defines no forward()")

    # -- guards of recorded calls ------------------------------------------------------------

    def guarded_members(self) -> list[Module]:
        """See changes.Guarded."""
        return list(self.modules())

    def guarded_state(self) -> Any:
        """See changes.Guarded."""
        own = self.__dict__
        hooks = (*own["_forward_pre_hooks"], *own["_forward_hooks"])
        return own["training"], own["_changes"], hooks

    def _note_change(self) -> None:
        own = self.__dict__
        own["_changes"] = own.get("_changes", 0) + 1
        Changes.count += 1

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        for watch in watchers:
            watch((self,))
        own = self.__dict__
        if own["_forward_pre_hooks"]:
            for hook in list(own["_forward_pre_hooks"].values()):
                changed = hook(self, args)
                if changed is not None:
                    args = changed if isinstance(changed, tuple) else (changed,)
        if kwargs:
            forward = type(self).forward
            if forward.__module__.startswith("cltensor."):  # the user's have names of their own
                kwargs = own_names(type(self).__name__, forward, (self, *args), kwargs)
        output = self.forward(*args, **kwargs)
        if own["_forward_hooks"]:
            for hook in list(own["_forward_hooks"].values()):
                changed = hook(self, args, output)
                if changed is not None:
                    output = changed
        return output

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
            own[kind][name] = value
        elif name in own["_parameters"]:
            self._only_none(name, value, "a Parameter")
            own["_parameters"][name] = None
        elif name in own["_modules"]:
            self._only_none(name, value, "a Module")
            own["_modules"][name] = None
        elif name in own["_buffers"]:
            if value is not None and not isinstance(value, Tensor):
                self._only_none(name, value, "a Tensor")
            own["_buffers"][name] = value
        else:
            object.__setattr__(self, name, value)

    def _only_none(self, name: str, value: Any, wanted: str) -> None:
        if value is not None:
            raise TypeError(
                f"{type(self).__name__}: attribute {name!r} takes {wanted} or None, "
                f"not a {type(value).__name__}; delete it first to use the name otherwise"
            )

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
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

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
        if hasattr(self, name) and name not in known:
            raise KeyError(f"{type(self).__name__}: attribute {name!r} already exists")

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter, or keep its place with None."""
        self._check_name(name, self._parameters)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"register_parameter: {name!r} is a {type(param).__name__}; "
                "wrap it as nn.Parameter(...)"
            )
        self._note_change()
        self._parameters[name] = param

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
        self._buffers[name] = value
        if persistent:
            self._non_persistent.discard(name)
        else:
            self._non_persistent.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a child module under `name`."""
        self._check_name(name, self._modules)
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"add_module: {name!r} is a {type(module).__name__}, not a Module")
        self._note_change()
        self._modules[name] = module

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

    def modules(self) -> Iterator[Module]:
        """This module and all below it."""
        for _, module in self.named_modules():
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

    # -- saving and loading ----------------------------------------------------------------

    def _state_slots(self, prefix: str) -> Iterator[tuple[str, Module, str, str]]:
        """Where each saved value lives: (full name, module, member table, name there)."""
        for name, param in self._parameters.items():
            if param is not None:
                yield prefix + name, self, "_parameters", name
        for name, buffer in self._buffers.items():
            if buffer is not None and name not in self._non_persistent:
                yield prefix + name, self, "_buffers", name
        for name, child in self._modules.items():
            if child is not None:
                yield from child._state_slots(f"{prefix}{name}.")

    def state_dict(self, prefix: str = "", keep_vars: bool = False) -> dict[str, Any]:
        """Every parameter and persistent buffer by dotted name.

        The values share the elements of the parameters, which later steps change; keep a
        `.clone()` of those that shall stay. `keep_vars=True` gives the Parameters themselves.
        """
        result: dict[str, Any] = {}
        for name, module, table, key in self._state_slots(prefix):
            value = module.__dict__[table][key]
            result[name] = value if keep_vars else value.detach()
        return result

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True
    ) -> state.IncompatibleKeys:
        """Take over the values of a state_dict, PyTorch's included.

        Args:    state_dict: name to Tensor, NumPy array or anything NumPy can read;
                 strict: whether every name has to be there, and no other.
        Returns: the names that were missing and those that were not expected.
        Raises:  StateError listing all of them and every differing shape; nothing is changed.
        """
        return state.load(self, state_dict, strict)

    # -- modes, devices, gradients ---------------------------------------------------------

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

    def to(
        self: M, *args: Any, device: Any = None, dtype: Any = None, tensor: Any = None,
        non_blocking: bool = False, memory_format: Any = None,
    ) -> M:  # fmt: skip
        """Move all parameters and buffers to a device, or give the floating ones a dtype.

        model.to("gpu")    model.to(ct.float64)    model.to(device="cl:1", dtype=ct.float32)

        tensor: one to be like. non_blocking and memory_format change nothing, as in `Tensor.to`.
        Raises DTypeError for a dtype that is not floating-point.
        """
        for arg in (*args, tensor):
            if isinstance(arg, Tensor):
                device, dtype = arg.device, arg.dtype
            elif isinstance(arg, (np.dtype, type)) or arg in _DTYPE_NAMES:
                dtype = arg
            elif arg is not None and not isinstance(arg, bool):  # non_blocking by position
                device = arg
        kind = None if dtype is None else as_dtype(dtype)
        if kind is not None and kind.kind != "f":
            raise DTypeError(f"to: modules take a floating-point dtype, not {kind.name}")

        def move(value: Tensor) -> Tensor:
            if kind is not None and value.dtype.kind == "f":
                value = value.astype(kind)
            return value if device is None else value.to(device)

        return self._each_value(move)

    def cpu(self: M) -> M:
        """Move all parameters and buffers to the CPU."""
        return self.to("cpu")

    def cuda(self: M, device: Any = None) -> M:
        """Move all parameters and buffers to the GPU, or to GPU number `device`."""
        return self.to("gpu" if device is None else device)

    def float(self: M) -> M:
        """Give all floating parameters and buffers dtype float32."""
        return self.to(np.dtype(np.float32))

    def double(self: M) -> M:
        """Give all floating parameters and buffers dtype float64."""
        return self.to(np.dtype(np.float64))

    def half(self: M) -> M:
        """Give all floating parameters and buffers dtype float16."""
        return self.to(np.dtype(np.float16))

    def _each_value(self: M, change: Callable[[Tensor], Tensor]) -> M:
        params = list(self.parameters())
        buffers = [
            (module, name, value)
            for module in self.modules()
            for name, value in module._buffers.items()
            if value is not None
        ]
        # Everything is converted before anything is set: a failure leaves the module whole.
        values = [change(param.detach()) for param in params]
        grads = [None if param.grad is None else change(param.grad.detach()) for param in params]
        changed = [change(value.detach()) for _, _, value in buffers]
        for param, value, grad in zip(params, values, grads, strict=True):
            state.rebind(param, value)
            param.grad = grad
        for (module, name, _), value in zip(buffers, changed, strict=True):
            module._note_change()
            module._buffers[name] = value
        return self

    # -- hooks -----------------------------------------------------------------------------

    def register_forward_pre_hook(
        self, hook: Callable[[Module, tuple[Any, ...]], Any]
    ) -> RemovableHandle:
        """Call `hook(module, args)` before forward; what it returns replaces the arguments."""
        return RemovableHandle(self, self._forward_pre_hooks, hook)

    def register_forward_hook(
        self, hook: Callable[[Module, tuple[Any, ...], Any], Any]
    ) -> RemovableHandle:
        """Call `hook(module, args, output)` after forward; what it returns replaces the output."""
        return RemovableHandle(self, self._forward_hooks, hook)

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
