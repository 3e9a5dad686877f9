"""Reading a saved state into a Module: all of it, or nothing and the whole list of faults."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from cltensor.autograd import Node, no_grad
from cltensor.core.tensor import Tensor
from cltensor.errors import StateError
from cltensor.halves import cast_array
from cltensor.nn.parameter import Parameter, empty_again, is_lazy
from cltensor.ops.create import tensor

#: What a module's own state is called, after its prefix.
EXTRA = "_extra_state"


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict(strict=False)` passed over: names not given, names not known."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return (
            f"IncompatibleKeys(missing_keys={self.missing_keys}, "
            f"unexpected_keys={self.unexpected_keys})"
        )


def rebind(param: Tensor, value: Tensor) -> None:
    """Give a leaf new data; its place in the graph follows a change of dtype or device."""
    moved = value.dtype != param.dtype or value.device is not param.device
    node = param.node
    param.data = value
    if moved and node is not None:
        param._node = Node(param)
        param._node.hooks = node.hooks


class Loading:
    """What a load_state_dict is about to set, what it has set, and all that does not fit."""

    def __init__(self, assign: bool, keys: IncompatibleKeys, faults: list[str]) -> None:
        self.assign, self.keys, self.faults = assign, keys, faults
        #: To be set: (module, member table, name there, member, value).
        self._fresh: list[tuple[Any, str, str, Tensor, Any]] = []
        #: What was there before: the same with a copy of the member, its class where it had no
        #: elements, or None.
        self._before: list[tuple[Any, str, str, Tensor, Any]] = []

    def visit(self, module: Any, given: dict[str, Any], prefix: str, metadata: Any) -> None:
        """Take the entries of `module` and of those below it, whose names begin with `prefix`."""
        local = dict(metadata.get(prefix[:-1], {}))
        if self.assign:
            local["assign_to_params_buffers"] = True
        if module._is_usual("_load_from_state_dict"):
            self.plan(module, given, prefix, local)
        else:
            self.settle(keep=True)
            for table, name, member in module._saved_members():
                self._before.append((module, table, name, member, member.detach().clone()))
            module._load_from_state_dict(given, prefix, local, True, *self.keys, self.faults)
        parts = _by_child(given, prefix)
        for name, child in module._modules.items():
            if child is not None:
                self.visit(child, parts.get(name, {}), f"{prefix}{name}.", metadata)
        if hooks := module._state_hooks("after_load"):
            self.settle(keep=True)
            for hook in hooks:
                hook(module, self.keys)

    def plan(
        self, module: Any, given: dict[str, Any], prefix: str, local: Any, strict: bool = True
    ) -> None:
        """Note what is to be set in `module` alone; but before code of others runs, which may look
        at it, what was noted is set."""
        missing, unexpected = self.keys
        if hooks := module._state_hooks("before_load"):
            self.settle(keep=True)
        for hook in hooks:
            hook(module, given, prefix, local, strict, missing, unexpected, self.faults)
        known = set()
        for table, name, member in module._saved_members():
            known.add(name)
            if prefix + name in given:
                self._take((module, table, name), prefix + name, member, given[prefix + name])
            elif strict and name not in module._optional_state:
                missing.append(prefix + name)
        if not module._is_usual("set_extra_state"):
            known.add(EXTRA)
            if prefix + EXTRA in given:
                # At once: it may make the modules whose entries come next.
                self.settle(keep=True)
                module.set_extra_state(given[prefix + EXTRA])
            elif strict:
                missing.append(prefix + EXTRA)
        for key in [k for k in given if k.startswith(prefix)] if strict else ():
            name, below, _ = key.removeprefix(prefix).partition(".")
            if (module._modules.get(name) is None) if below else name not in known:
                unexpected.append(key)

    def _take(self, place: tuple[Any, str, str], key: str, member: Tensor, entry: Any) -> None:
        value = _readable(key, entry)
        if member.ndim == 0 and tuple(value.shape) == (1,):  # as PyTorch once saved such
            value = value.reshape(())
        if is_lazy(member):  # of any shape; without one in a state that was saved as early
            if tuple(value.shape) != (0,):
                self._fresh.append((*place, member, value))
        elif tuple(value.shape) != tuple(member.shape):
            self.faults.append(
                f"size mismatch for {key}: the state has shape {tuple(value.shape)}, "
                f"the model {tuple(member.shape)}"
            )
        else:
            self._fresh.append((*place, member, value))

    def settle(self, keep: bool = False) -> None:
        """Set what was noted. keep: for `undo`, because code of others follows."""
        fresh, self._fresh = self._fresh, []
        # All conversions come before the first assignment: a failing one changes nothing.
        make = _in_place_of if self.assign else _like
        values = [make(member, value) for *_, member, value in fresh]
        for (owner, table, name, member, _), value in zip(fresh, values, strict=True):
            if keep:
                self._before.append((owner, table, name, member, self._kept(member)))
            if self.assign:
                _put(owner, table, name, value)
            else:
                if is_lazy(member):
                    owner._note_change()
                    member.materialize(value.shape)  # type: ignore[attr-defined]
                with no_grad():
                    member.copy_(value)

    def _kept(self, member: Tensor) -> Any:
        """What `undo` needs of a member that is about to be set."""
        if self.assign:
            return None
        return type(member) if is_lazy(member) else member.detach().clone()

    def undo(self) -> None:
        """Set what was there before."""
        for owner, table, name, member, copied in reversed(self._before):
            if isinstance(copied, type):
                empty_again(member, copied)
            elif copied is not None:
                with no_grad():
                    member.copy_(copied)
            if owner.__dict__[table].get(name) is not member:
                _put(owner, table, name, member)

    def check(self, name: str, strict: bool) -> None:
        """Raise StateError, listing all that is wrong, if anything is."""
        missing, unexpected = self.keys
        faults = list(self.faults)
        if strict and unexpected:
            faults.insert(0, f"Unexpected key(s) in state_dict: {_quoted(unexpected)}")
        if strict and missing:
            faults.insert(0, f"Missing key(s) in state_dict: {_quoted(missing)}")
        if faults:
            raise StateError(
                f"load_state_dict: Error(s) in loading state_dict for {name}:\n\t"
                + "\n\t".join(faults)
            )


def load(
    module: Any, state_dict: Mapping[str, Any], strict: bool, assign: bool = False
) -> IncompatibleKeys:
    """Set the parameters and buffers of `module` (see Module.load_state_dict)."""
    if not isinstance(state_dict, Mapping):
        raise StateError(
            f"load_state_dict: expected a mapping of names to tensors, "
            f"got a {type(state_dict).__name__}"
        )
    given: Any = OrderedDict(_renamed(module, state_dict))
    metadata = getattr(state_dict, "_metadata", None)
    if metadata is not None:
        given._metadata = metadata
    loading = Loading(assign, IncompatibleKeys([], []), [])
    try:
        loading.visit(module, given, "", metadata or {})
        loading.check(type(module).__name__, strict)
        loading.settle()
    except BaseException:
        loading.undo()
        raise
    return loading.keys


def _put(owner: Any, table: str, name: str, member: Tensor) -> None:
    owner._note_change()
    owner.__dict__[table][name] = member


def _by_child(given: Mapping[str, Any], prefix: str) -> dict[str, dict[str, Any]]:
    """The entries of the modules below one at `prefix`, by the names of its children."""
    found: dict[str, dict[str, Any]] = {}
    for key, value in given.items():
        name, below, _ = key.removeprefix(prefix).partition(".")
        if below and key.startswith(prefix):
            found.setdefault(name, {})[key] = value
    return found


def _renamed(module: Any, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The entries by the names that they have now."""
    now = {}
    for path, each in module.named_modules(remove_duplicate=False):
        for old, new in each._older_names(f"{path}." if path else "").items():
            if old in given and new not in given:
                now[old] = new
    return {now.get(name, name): value for name, value in given.items()} if now else given


def _quoted(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _readable(name: str, value: Any) -> Any:
    """A state_dict's entry as a Tensor or a NumPy array."""
    if isinstance(value, Tensor):
        return value
    try:
        # A PyTorch parameter lets NumPy read it only when it is detached.
        array = np.asarray(value.detach() if hasattr(value, "detach") else value)
    except Exception as error:
        raise StateError(
            f"load_state_dict: {name!r} cannot be read as an array: {error}"
        ) from error
    if array.dtype.kind not in "biufc":
        raise StateError(f"load_state_dict: {name!r} holds {array.dtype}, not numbers")
    return array


def _in_place_of(current: Tensor, value: Any) -> Tensor:
    """`value` itself as a member of a module, a Parameter where `current` is one."""
    found = tensor(value, device=current.device) if isinstance(value, np.ndarray) else value
    if not isinstance(current, Parameter):
        return found
    if isinstance(found, Parameter):
        found.requires_grad = current.requires_grad
        return found
    return Parameter(found, current.requires_grad)


def _like(current: Tensor, value: Any) -> Tensor:
    """`value` with the dtype and on the device of `current`."""
    if isinstance(value, np.ndarray):
        return tensor(cast_array(value, current.dtype), device=current.device)
    return value.detach().astype(current.dtype).to(current.device)


def consume_prefix_in_state_dict_if_present(state_dict: dict[str, Any], prefix: str) -> None:
    """Take `prefix` off the keys that begin with it, in place; the order of keys stays. So of
    "module.", which `nn.DataParallel` puts in front."""
    entries = [(key.removeprefix(prefix), value) for key, value in state_dict.items()]
    if len(dict(entries)) != len(entries):
        raise StateError(
            f"consume_prefix_in_state_dict_if_present: without {prefix!r} two keys are one; take "
            "one of them out first"
        )
    state_dict.clear()
    state_dict.update(entries)
