"""Ways of choosing what of a parameter is pruned: `prune` has the functions that apply them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from cltensor.autograd import no_grad
from cltensor.core.checks import axis_of, number
from cltensor.core.hooks import RemovableHandle
from cltensor.errors import ShapeError
from cltensor.nn.hooks import Recomputing
from cltensor.nn.module import Module
from cltensor.ops.create import ones_like, zeros
from cltensor.ops.elementwise.rounding import abs_
from cltensor.ops.linalg.norms import norm
from cltensor.ops.random.draw import rand_like
from cltensor.ops.sort import topk


class BasePruningMethod(Recomputing, ABC):
    """A way of choosing what to prune; a class of one's own defines compute_mask.

    PRUNING_TYPE says what a further pruning of the same parameter chooses among: "unstructured",
    the elements that are left; "structured", the channels along `dim` that are left; "global", all.

    >>> issubclass(nn.utils.prune.L1Unstructured, nn.utils.prune.BasePruningMethod)
    True
    """

    PRUNING_TYPE: str
    _tensor_name: str
    _handle: RemovableHandle

    @abstractmethod
    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """A mask of zeros and ones for t, with zeros at least where default_mask has them."""

    def __call__(self, module: Module, inputs: Any) -> None:
        # Not an attribute that is set anew: to recorded calls the module is as before.
        module.__dict__[self._tensor_name] = self.apply_mask(module)

    def apply_mask(self, module: Module) -> Any:
        """The parameter with zeros where the mask has them."""
        orig = getattr(module, f"{self._tensor_name}_orig")
        return getattr(module, f"{self._tensor_name}_mask").to(orig.dtype) * orig

    @classmethod
    def apply(
        cls, module: Module, name: str, *args: Any, importance_scores: Any = None, **kwargs: Any
    ) -> BasePruningMethod:
        """Prune a parameter, further if it is pruned already.

        Args:    args, kwargs: those of the class; importance_scores: a tensor of the parameter's
                 shape, by which elements are chosen in its place.
        Returns: the hook, a PruningContainer from the second time on.
        Raises:  ValueError for what is no parameter, ShapeError for other scores or another mask.
                 The module is as before then.
        """
        before = hook_of(module, name)
        if before is None and module._parameters.get(name) is None:
            raise ValueError(f"{cls.__name__}: {type(module).__name__} has no parameter {name!r}")
        orig = getattr(module, name)
        scores = scores_for(cls.__name__, importance_scores, orig)
        made: BasePruningMethod = cls(*args, **kwargs)
        made._tensor_name = name
        with no_grad():
            if before is None:
                mask = made.compute_mask(scores, default_mask=ones_like(orig.detach()))
            else:
                mask = combined(made, scores, getattr(module, f"{name}_mask"))
        if mask.shape != orig.shape:
            raise ShapeError(
                f"{cls.__name__}: the mask has shape {tuple(mask.shape)}, the parameter "
                f"{tuple(orig.shape)}"
            )
        hook = made
        if before is None:
            module.register_parameter(f"{name}_orig", orig)
            del module._parameters[name]
        else:
            hook = before if isinstance(before, PruningContainer) else PruningContainer(before)
            hook.add_pruning_method(made)
            before._handle.remove()
        module.register_buffer(f"{name}_mask", mask)
        hook.recomputed = name
        hook(module, ())
        hook._handle = module.register_forward_pre_hook(hook)
        return hook

    def prune(self, t: Any, default_mask: Any = None, importance_scores: Any = None) -> Any:
        """t times the mask for it, or for importance_scores of its shape; it is no parameter.

        default_mask: what is pruned already, ones if None.
        """
        scores = scores_for(type(self).__name__, importance_scores, t)
        with no_grad():
            before = ones_like(t.detach()) if default_mask is None else default_mask
            mask = self.compute_mask(scores, default_mask=before)
        return t * mask

    def remove(self, module: Module) -> None:
        """Make the parameter an ordinary one again, of the values that it has pruned."""
        name = self._tensor_name
        with no_grad():
            values = self.apply_mask(module).detach()
        orig = module._parameters[f"{name}_orig"]
        for each in (name, f"{name}_orig", f"{name}_mask"):
            delattr(module, each)
        assert orig is not None
        orig.data = values
        module.register_parameter(name, orig)


class PruningContainer(BasePruningMethod):
    """Several prunings of one parameter, one after the other.

    >>> layer = nn.Linear(4, 2)
    >>> _ = nn.utils.prune.l1_unstructured(layer, "weight", 0.25)
    >>> _ = nn.utils.prune.l1_unstructured(layer, "weight", 2)
    >>> layer.weight_mask.sum()
    tensor(4.)
    """

    def __init__(self, *args: BasePruningMethod) -> None:
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        for method in args:
            if not self._pruning_methods and isinstance(method, BasePruningMethod):
                self._tensor_name = method._tensor_name
            self.add_pruning_method(method)

    def add_pruning_method(self, method: BasePruningMethod) -> None:
        """Add one for the same parameter. Raises TypeError, ValueError for another."""
        if not isinstance(method, BasePruningMethod):
            raise TypeError(f"PruningContainer: {method!r} is no BasePruningMethod")
        if method._tensor_name != self._tensor_name:
            raise ValueError(
                f"PruningContainer: a method for {method._tensor_name!r} among those for "
                f"{self._tensor_name!r}"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[BasePruningMethod]:
        return iter(self._pruning_methods)

    def __getitem__(self, idx: int) -> BasePruningMethod:
        return self._pruning_methods[idx]

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """What the last method chooses of what default_mask leaves."""
        return combined(self._pruning_methods[-1], t, default_mask)


class Identity(BasePruningMethod):
    """Prune nothing, but have a mask.

    >>> layer = nn.Linear(2, 1)
    >>> _ = nn.utils.prune.Identity.apply(layer, "weight")
    >>> bool((layer.weight_mask == 1).all())
    True
    """

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """See BasePruningMethod."""
        return default_mask


class CustomFromMask(BasePruningMethod):
    """Prune by a given mask.

    >>> layer = nn.Linear(2, 1)
    >>> _ = nn.utils.prune.CustomFromMask.apply(layer, "weight", ct.tensor([[1.0, 0.0]]))
    >>> layer.weight[0, 1].item()
    0.0
    """

    PRUNING_TYPE = "global"

    def __init__(self, mask: Any) -> None:
        self.mask = mask

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """See BasePruningMethod."""
        if self.mask.shape != default_mask.shape:
            raise ShapeError(
                f"CustomFromMask: the mask has shape {tuple(self.mask.shape)}, the parameter "
                f"{tuple(default_mask.shape)}"
            )
        return default_mask * self.mask.to(default_mask)


class _ByAmount(BasePruningMethod):
    """What those share that prune a share (a float) or a number (an int) of what there is."""

    def __init__(self, amount: float) -> None:
        kind = type(self).__name__
        whole = isinstance(number(kind, "amount", amount), int)
        if amount < 0 or (not whole and amount > 1):
            raise ValueError(f"{kind}: amount is {amount}; give a share up to 1.0, or an integer")
        self.amount = amount

    def _count(self, size: int) -> int:
        """How many of `size`."""
        if isinstance(self.amount, float):
            return round(self.amount * size)
        if self.amount > size:
            raise ValueError(
                f"{type(self).__name__}: amount is {self.amount}, and there are {size} to prune"
            )
        return int(self.amount)


class _Unstructured(_ByAmount):
    """Prune the elements of the lowest scores."""

    PRUNING_TYPE = "unstructured"

    def _scores(self, t: Any) -> Any:
        raise NotImplementedError

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """See BasePruningMethod."""
        count, mask = self._count(t.numel()), default_mask.clone()
        if count:
            lowest = topk(self._scores(t).reshape(-1), count, largest=False).indices
            flat = mask.reshape(-1)
            flat[lowest] = 0
            mask = flat.reshape(mask.shape)
        return mask


class RandomUnstructured(_Unstructured):
    """Prune elements at random.

    Args:    amount: a share between 0.0 and 1.0, or their number.

    >>> layer = nn.Linear(4, 1)
    >>> _ = nn.utils.prune.RandomUnstructured.apply(layer, "weight", amount=1)
    >>> layer.weight_mask.sum()
    tensor(3.)
    """

    def _scores(self, t: Any) -> Any:
        return rand_like(t)


class L1Unstructured(_Unstructured):
    """Prune the elements of least magnitude.

    Args:    amount: a share between 0.0 and 1.0, or their number.

    >>> layer = nn.Linear(4, 1)
    >>> _ = nn.utils.prune.L1Unstructured.apply(layer, "weight", amount=0.5)
    >>> layer.weight_mask.sum()
    tensor(2.)
    """

    def _scores(self, t: Any) -> Any:
        return abs_(t)


class _Structured(_ByAmount):
    """Prune the channels of the lowest scores."""

    PRUNING_TYPE = "structured"
    dim: int

    def _scores(self, t: Any, axis: int) -> Any:
        raise NotImplementedError

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """See BasePruningMethod."""
        kind = type(self).__name__
        if t.ndim < 2:
            raise ShapeError(f"{kind}: shape {tuple(t.shape)} has fewer than two dimensions")
        axis = axis_of(kind, self.dim, t.ndim)
        size = t.shape[axis]
        count = self._count(size)
        if not count:
            return default_mask
        kept = zeros(size, dtype=t.dtype, device=t.device)
        if count < size:
            kept[topk(self._scores(t, axis), size - count).indices] = 1
        return kept.reshape(*[-1 if d == axis else 1 for d in range(t.ndim)]) * default_mask


class RandomStructured(_Structured):
    """Prune channels at random.

    Args:    amount: a share between 0.0 and 1.0, or their number; dim: the channels' axis.

    >>> layer = nn.Linear(2, 4)
    >>> _ = nn.utils.prune.RandomStructured.apply(layer, "weight", amount=1, dim=0)
    >>> layer.weight_mask.sum()
    tensor(6.)
    """

    def __init__(self, amount: float, dim: int = -1) -> None:
        super().__init__(amount)
        self.dim = dim

    def _scores(self, t: Any, axis: int) -> Any:
        return rand_like(t.new_empty(t.shape[axis]))


class LnStructured(_Structured):
    """Prune the channels of the least norm.

    Args:    amount: a share between 0.0 and 1.0, or their number; n: the norm, as for `ct.norm`;
             dim: the channels' axis.

    >>> layer = nn.Linear(2, 4)
    >>> _ = nn.utils.prune.LnStructured.apply(layer, "weight", amount=0.5, n=2, dim=0)
    >>> layer.weight_mask.sum()
    tensor(4.)
    """

    def __init__(self, amount: float, n: Any, dim: int = -1) -> None:
        super().__init__(amount)
        self.n, self.dim = n, dim

    def _scores(self, t: Any, axis: int) -> Any:
        return norm(t, self.n, tuple([d for d in range(t.ndim) if d != axis]))


def scores_for(operation: str, given: Any, like: Any) -> Any:
    """The scores for a tensor, which are its elements if none are given."""
    if given is None:
        return like.detach()
    if given.shape != like.shape:
        raise ShapeError(
            f"{operation}: importance_scores has shape {tuple(given.shape)}, what is pruned "
            f"{tuple(like.shape)}"
        )
    return given.detach()


def combined(method: BasePruningMethod, t: Any, mask: Any) -> Any:
    """`mask` with what the method chooses of what that leaves."""
    mask = mask.to(t.dtype)
    if method.PRUNING_TYPE == "global":
        return method.compute_mask(t, default_mask=mask)
    left: Any
    if method.PRUNING_TYPE == "unstructured":
        left = mask == 1
    elif method.PRUNING_TYPE == "structured":
        axis = axis_of(type(method).__name__, method.dim, t.ndim)  # type: ignore[attr-defined]
        channels = mask.sum([d for d in range(t.ndim) if d != axis]) != 0
        left = (*[slice(None)] * axis, channels)
    else:
        raise ValueError(
            f"{type(method).__name__}: PRUNING_TYPE is {method.PRUNING_TYPE!r}; use "
            "'unstructured', 'structured' or 'global'"
        )
    found = mask.clone()
    found[left] = method.compute_mask(t[left], default_mask=mask[left]).to(mask.dtype)
    return found


def hook_of(module: Module, name: str) -> BasePruningMethod | None:
    """What prunes a parameter."""
    hooks: list[Any] = module._forward_pre_hooks
    for hook in hooks:
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            return hook
    return None
