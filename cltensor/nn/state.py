"""Reading a saved state into a Module: all of it, or nothing and the whole list of faults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from cltensor.autograd import Node, no_grad
from cltensor.core.tensor import Tensor
from cltensor.errors import StateError
from cltensor.halves import cast_array
from cltensor.nn.parameter import Parameter
from cltensor.ops.create import tensor


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


def load(
    module: Any, state_dict: Mapping[str, Any], strict: bool, assign: bool = False
) -> IncompatibleKeys:
    """Set the parameters and buffers of `module` (see Module.load_state_dict)."""
    if not isinstance(state_dict, Mapping):
        raise StateError(
            f"load_state_dict: expected a mapping of names to tensors, "
            f"got a {type(state_dict).__name__}"
        )
    state_dict = _renamed(module, state_dict)
    slots = {name: (owner, table, key) for name, owner, table, key in module._state_slots("")}
    unexpected = [name for name in state_dict if name not in slots]
    missing, faults, fresh = [], [], []
    for name, (owner, table, key) in slots.items():
        if name not in state_dict:
            if key not in owner._optional_state:
                missing.append(name)
            continue
        current = owner.__dict__[table][key]
        value = _readable(name, state_dict[name])
        if tuple(value.shape) != tuple(current.shape):
            faults.append(
                f"size mismatch for {name}: the state has shape {tuple(value.shape)}, "
                f"the model {tuple(current.shape)}"
            )
        else:
            fresh.append((owner, table, key, current, value))
    if strict and unexpected:
        faults.insert(0, f"Unexpected key(s) in state_dict: {_quoted(unexpected)}")
    if strict and missing:
        faults.insert(0, f"Missing key(s) in state_dict: {_quoted(missing)}")
    if faults:
        raise StateError(
            f"load_state_dict: Error(s) in loading state_dict for {type(module).__name__}:\n\t"
            + "\n\t".join(faults)
        )
    # All conversions come before the first assignment: a failing one changes nothing.
    if assign:
        members = [_in_place_of(current, value) for *_, current, value in fresh]
        for (owner, table, key, *_), member in zip(fresh, members, strict=True):
            owner._note_change()
            owner.__dict__[table][key] = member
        return IncompatibleKeys(missing, unexpected)
    converted = [_like(value, current) for *_, current, value in fresh]
    with no_grad():
        for (*_, current, _), value in zip(fresh, converted, strict=True):
            current.copy_(value)
    return IncompatibleKeys(missing, unexpected)


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


def _like(value: Any, current: Tensor) -> Tensor:
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
