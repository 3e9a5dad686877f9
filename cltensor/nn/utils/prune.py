"""Weights with a mask of zeros: `<name>_orig` times `<name>_mask`, computed before each forward.

Each way of choosing the mask is a class, and a function that applies it to a parameter of a module.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from cltensor.autograd import no_grad
from cltensor.core.tensor import Tensor
from cltensor.nn.module import Module
from cltensor.nn.utils.convert_parameters import parameters_to_vector
from cltensor.nn.utils.pruning_methods import (
    BasePruningMethod,
    CustomFromMask,
    Identity,
    L1Unstructured,
    LnStructured,
    PruningContainer,
    RandomStructured,
    RandomUnstructured,
    combined,
    hook_of,
    scores_for,
)
from cltensor.ops.create import ones_like

__all__ = [
    "BasePruningMethod",
    "CustomFromMask",
    "Identity",
    "L1Unstructured",
    "LnStructured",
    "PruningContainer",
    "RandomStructured",
    "RandomUnstructured",
    "custom_from_mask",
    "global_unstructured",
    "identity",
    "is_pruned",
    "l1_unstructured",
    "ln_structured",
    "random_structured",
    "random_unstructured",
    "remove",
]

M = TypeVar("M", bound=Module)


def identity(module: M, name: str) -> M:
    """Give a parameter the form of pruned ones, with nothing pruned.

    State:   <name>_orig, <name>_mask in place of <name>.

    >>> layer = nn.utils.prune.identity(nn.Linear(2, 1), "weight")
    >>> nn.utils.prune.is_pruned(layer)
    True
    """
    Identity.apply(module, name)
    return module


def random_unstructured(module: M, name: str, amount: float) -> M:
    """Prune elements of a parameter at random.

    Args:    amount: a share between 0.0 and 1.0, or their number.
    State:   <name>_orig, <name>_mask in place of <name>.

    >>> layer = nn.utils.prune.random_unstructured(nn.Linear(4, 1), "weight", amount=1)
    >>> layer.weight_mask.sum()
    tensor(3.)
    """
    RandomUnstructured.apply(module, name, amount=amount)
    return module


def l1_unstructured(module: M, name: str, amount: float, importance_scores: Any = None) -> M:
    """Prune the elements of least magnitude of a parameter.

    Args:    amount: a share between 0.0 and 1.0, or their number; importance_scores: a tensor of
             its shape, whose magnitudes are compared instead.
    State:   <name>_orig, <name>_mask in place of <name>.

    >>> layer = nn.utils.prune.l1_unstructured(nn.Linear(4, 1), "weight", amount=3)
    >>> layer.weight_mask.sum()
    tensor(1.)
    """
    L1Unstructured.apply(module, name, amount=amount, importance_scores=importance_scores)
    return module


def random_structured(module: M, name: str, amount: float, dim: int) -> M:
    """Prune channels of a parameter at random.

    Args:    amount: a share between 0.0 and 1.0, or their number; dim: the channels' axis.
    State:   <name>_orig, <name>_mask in place of <name>.

    >>> layer = nn.utils.prune.random_structured(nn.Linear(2, 4), "weight", amount=1, dim=0)
    >>> layer.weight_mask.sum()
    tensor(6.)
    """
    RandomStructured.apply(module, name, amount=amount, dim=dim)
    return module


def ln_structured(
    module: M, name: str, amount: float, n: Any, dim: int, importance_scores: Any = None
) -> M:
    """Prune the channels of the least norm of a parameter.

    Args:    amount: a share between 0.0 and 1.0, or their number; n: the norm, as for `ct.norm`;
             dim: the channels' axis; importance_scores: a tensor of its shape, whose norms are
             compared instead.
    State:   <name>_orig, <name>_mask in place of <name>.

    >>> layer = nn.utils.prune.ln_structured(nn.Linear(2, 4), "weight", amount=1, n=2, dim=0)
    >>> layer.weight_mask.sum()
    tensor(6.)
    """
    LnStructured.apply(
        module, name, amount=amount, n=n, dim=dim, importance_scores=importance_scores
    )
    return module


def custom_from_mask(module: M, name: str, mask: Any) -> M:
    """Prune a parameter by a mask of zeros and ones of its shape.

    State:   <name>_orig, <name>_mask in place of <name>.

    >>> layer = nn.utils.prune.custom_from_mask(
    ...     nn.Linear(2, 1), "weight", ct.tensor([[0.0, 1.0]])
    ... )
    >>> layer.weight[0, 0].item()
    -0.0
    """
    CustomFromMask.apply(module, name, mask=mask)
    return module


def global_unstructured(
    parameters: Iterable[tuple[Module, str]],
    pruning_method: Any,
    importance_scores: Mapping[tuple[Module, str], Tensor] | None = None,
    **kwargs: Any,
) -> None:
    """Prune parameters of several modules as if they were one, by a method for single elements.

    Args:    parameters: (module, name) of each; pruning_method: the class, such as L1Unstructured;
             importance_scores: tensors of the parameters' shapes, to be compared instead, by
             (module, name); kwargs: arguments of the class.
    State:   <name>_orig, <name>_mask in place of each <name>.
    Raises:  TypeError for a method that is not "unstructured".

    >>> first, second = nn.Linear(4, 2), nn.Linear(2, 1)
    >>> nn.utils.prune.global_unstructured(
    ...     [(first, "weight"), (second, "weight")], nn.utils.prune.L1Unstructured, amount=0.5
    ... )
    >>> (first.weight_mask.sum() + second.weight_mask.sum()).item()
    5.0
    """
    listed = list(parameters)
    method = pruning_method(**kwargs)
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            f"global_unstructured: {pruning_method.__name__} is {method.PRUNING_TYPE!r}; it takes "
            "an 'unstructured' one"
        )
    scores = {} if importance_scores is None else importance_scores
    with no_grad():
        tensors = [getattr(module, name).detach() for module, name in listed]
        given = [
            scores_for("global_unstructured", scores.get(key), t)
            for key, t in zip(listed, tensors, strict=True)
        ]
        before = [
            getattr(module, f"{name}_mask", None) if hook_of(module, name) else None
            for module, name in listed
        ]
        masks = [
            ones_like(t) if mask is None else mask for t, mask in zip(tensors, before, strict=True)
        ]
        found = combined(method, parameters_to_vector(given), parameters_to_vector(masks))
        start = 0
        for (module, name), t in zip(listed, tensors, strict=True):
            size = math.prod(t.shape)
            custom_from_mask(module, name, found[start : start + size].reshape(t.shape))
            start += size


def remove(module: M, name: str) -> M:
    """Make a pruned parameter an ordinary one again, of the values that it has pruned.

    Raises:  ValueError for a parameter that is not pruned.

    >>> layer = nn.utils.prune.l1_unstructured(nn.Linear(4, 1), "weight", amount=3)
    >>> _ = nn.utils.prune.remove(layer, "weight")
    >>> [name for name, _ in layer.named_parameters()]
    ['bias', 'weight']
    """
    hook = hook_of(module, name)
    if hook is None:
        raise ValueError(f"remove: {name!r} of {type(module).__name__} is not pruned")
    hook.remove(module)
    hook._handle.remove()
    return module


def is_pruned(module: Module) -> bool:
    """Whether parameters of the module, or of those in it, are pruned.

    >>> nn.utils.prune.is_pruned(nn.Linear(2, 1))
    False
    """
    return any(
        isinstance(hook, BasePruningMethod)
        for each in module.modules()
        for hook in each._forward_pre_hooks
    )
