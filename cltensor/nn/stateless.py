"""A Module as a function of its parameters and buffers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cltensor.core.tensor import Tensor, show
from cltensor.errors import DTypeError, StateError
from cltensor.nn.module import Module

Slot = tuple[dict[str, Any], str]


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: Mapping[str, Tensor] | Sequence[Mapping[str, Tensor]],
    args: Any = None,
    kwargs: Mapping[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """module(*args, **kwargs) with other tensors in place of its parameters and buffers, which are
    as before afterwards, also when the call raises.

    Args:    parameter_and_buffer_dicts: tensors by dotted name, or several such dicts; args: a
             tuple, or one argument; tie_weights: give what is one parameter under several names one
             replacement; strict: whether every name has to be there.
    Raises:  StateError for a name that is unknown, given twice, or missing with `strict`.
    """
    given = _merged(parameter_and_buffer_dicts)
    slots = _slots(module)
    unknown = sorted(set(given) - set(slots))
    missing = sorted(set(slots) - set(given)) if strict else []
    if unknown or missing:
        told = [f"unknown: {', '.join(unknown)}"] * bool(unknown)
        told += [f"missing: {', '.join(missing)}"] * bool(missing)
        raise StateError(
            f"functional_call: {'; '.join(told)}; the module has {', '.join(slots) or 'none'}"
        )
    replaced = {}
    for name, tensor in given.items():
        table, key = slots[name]
        same = [name]
        if tie_weights:
            same = [n for n, (t, k) in slots.items() if t[k] is table[key] and n not in given]
        for each in {name, *same}:
            replaced[each] = tensor
    before = [(slots[name], slots[name][0][slots[name][1]]) for name in replaced]
    positional = () if args is None else args if isinstance(args, tuple) else (args,)
    try:
        for name, tensor in replaced.items():
            table, key = slots[name]
            table[key] = tensor
        return module(*positional, **(kwargs or {}))
    finally:
        for (table, key), tensor in before:
            table[key] = tensor


def _merged(dicts: Any) -> dict[str, Tensor]:
    several = dicts if isinstance(dicts, (tuple, list)) else [dicts]
    found: dict[str, Tensor] = {}
    for each in several:
        if not isinstance(each, Mapping):
            raise DTypeError(f"functional_call: {show(each)} is no dict of tensors by name")
        twice = sorted(set(found) & set(each))
        if twice:
            raise StateError(f"functional_call: {', '.join(twice)} is given twice")
        found.update(each)
    for name, tensor in found.items():
        if not isinstance(tensor, Tensor):
            raise DTypeError(f"functional_call: {name} is {show(tensor)}, not a tensor")
    return found


def _slots(module: Module) -> dict[str, Slot]:
    """Where each parameter and buffer lives, by its dotted name."""
    found: dict[str, Slot] = {}
    for prefix, owner in module.named_modules(remove_duplicate=False):
        for table in (owner._parameters, owner._buffers):
            for name, tensor in table.items():
                if tensor is not None:
                    found[f"{prefix}.{name}" if prefix else name] = table, name
    return found
