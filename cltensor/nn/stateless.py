"""A Module as a function of its parameters and buffers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cltensor.core.tensor import Tensor, show
from cltensor.errors import DTypeError, StateError
from cltensor.nn.layers.norm import _BatchNorm as BatchNorm
from cltensor.nn.module import Module
from cltensor.ops.shape.join import stack

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

    >>> model = nn.Linear(1, 1)
    >>> weights = {"weight": ct.tensor([[2.0]]), "bias": ct.tensor([1.0])}
    >>> ct.func.functional_call(model, weights, ct.tensor([[3.0]]))
    tensor([[7.]])
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


def stack_module_state(
    models: Sequence[Module],
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The parameters and the buffers of modules of one kind, each stacked along a new first
    dimension, by name: what `vmap` of `functional_call` takes. Stacked parameters are leaves, which
    require a gradient if those do.

    Raises:  StateError for no modules, or modules whose kinds, names or modes differ, or of whose
             parameters of a name only some require a gradient.

    >>> params, buffers = ct.func.stack_module_state([nn.Linear(2, 3) for _ in range(5)])
    >>> params["weight"].shape
    Size([5, 3, 2])
    """
    if not models:
        raise StateError("stack_module_state: no modules; give one or more")
    first = models[0]
    for other in models[1:]:
        if type(other) is not type(first) or other.training != first.training:
            raise StateError(
                f"stack_module_state: a {type(other).__name__} beside a {type(first).__name__}, or "
                "training beside evaluation; give modules of one kind and mode"
            )
    return (
        _stacked([dict(m.named_parameters()) for m in models]),
        _stacked([dict(m.named_buffers()) for m in models]),
    )


def _stacked(several: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    found = {}
    for name in several[0]:
        tensors = [each[name] for each in several if name in each]
        wanted = {x.requires_grad for x in tensors}
        if len(tensors) != len(several) or len(wanted) > 1:
            raise StateError(
                f"stack_module_state: {name} is in {len(tensors)} of {len(several)} modules, or "
                "only some require a gradient; make the modules alike"
            )
        found[name] = stack([x.detach() for x in tensors]).requires_grad_(wanted.pop())
    return found


def replace_all_batch_norm_modules_(root: Module) -> Module:
    """Have every BatchNorm in `root` use the statistics of each batch, and keep none: what goes
    through `vmap` must not change them. Returns root, which is changed.

    >>> model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    >>> ct.func.replace_all_batch_norm_modules_(model)[1].running_mean is None
    True
    """
    for module in root.modules():
        if isinstance(module, BatchNorm) and module.track_running_stats:
            module.running_mean = module.running_var = module.num_batches_tracked = None
            module.track_running_stats = False
    return root


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
