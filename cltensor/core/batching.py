"""What operations do with tensors inside `vmap`: rules that compute a whole batch at once.

By default an operation is applied to tensors whose batches are dimensions in front, with the
parameters that name dimensions moved behind those (`moved`). Where that is wrong, `Op.batched`
declares a rule beside the operation; `Op.batched(None)` says that there is none, and each example
is computed by itself, as it is for a composite that looks at elements.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from cltensor.core.batched import Batched, Unbatched, in_front, require_open, shapes, wrapped
from cltensor.core.checks import normalize_axes
from cltensor.core.hooks import Hooks
from cltensor.core.op import Op
from cltensor.core.tensor import Tensor
from cltensor.core.trees import flatten, mapped
from cltensor.lazy.codegen import Shape

Rule = Callable[..., Any]


class Batch:
    """The batches that a call's tensors are of: the levels, and their sizes."""

    def __init__(self, tensors: Sequence[Tensor]) -> None:
        sizes: dict[int, int] = {}
        for x in tensors:
            if isinstance(x, Batched):
                require_open(x)
                sizes.update(zip(x.numbers, x.batch, strict=True))
        self.numbers = tuple(sorted(sizes))
        self.sizes: Shape = tuple([sizes[n] for n in self.numbers])
        #: How many dimensions are in front of an example's.
        self.ndim = len(self.numbers)

    def thin(self, x: Any, rank: int = 0) -> Any:
        """x with the dimensions of the batches in front, of size 1 where x is not of that batch; a
        tensor outside all is as it is. rank: as `in_front` has it."""
        return in_front(x, self.numbers, None, rank) if isinstance(x, Batched) else x

    def full(self, x: Any, rank: int = 0) -> Any:
        """The same with the sizes of the batches, for any tensor; what is none stays."""
        return in_front(x, self.numbers, self.sizes, rank) if isinstance(x, Tensor) else x

    def flat(self, x: Any) -> Any:
        """x with one dimension, of all batches together, in front."""
        whole = self.full(x)
        if self.ndim == 1 or not isinstance(x, Tensor):
            return whole
        return shapes["reshape"](whole, (prod(self.sizes), *whole.shape[self.ndim :]))

    def unflat(self, x: Tensor) -> Tensor:
        """The reverse of `flat`."""
        return x if self.ndim == 1 else shapes["reshape"](x, (*self.sizes, *x.shape[1:]))

    def wrapped(self, out: Any) -> Any:
        """A result of the whole batch, or several, as the caller sees them."""
        return mapped(lambda x: wrapped(x, self.numbers) if isinstance(x, Tensor) else x, out)


def _axes(operation: str, value: Any, batch: Batch, rank: int) -> Any:
    """Axes of an example as those of the whole: an integer where it was one."""
    axes = tuple([a + batch.ndim for a in normalize_axes(operation, value, rank)])
    if isinstance(value, (tuple, list)):  # in the order in which they are given
        return tuple([a % rank + batch.ndim for a in value]) if rank else ()
    return axes if value is None or not axes else axes[0]


#: How parameters that name dimensions are moved, by name: of (operation, value, batch, rank).
_MOVED: dict[str, Callable[[str, Any, Batch, int], Any]] = {
    **dict.fromkeys(("axis", "axes", "axis1", "axis2"), _axes),
    "start": lambda _, value, batch, rank: value + batch.ndim,
    "shape": lambda _, value, batch, rank: (*batch.sizes, *value),
    "cut": lambda _, value, batch, rank: (*[(0, 1, n) for n in batch.sizes], *value),
    "widths": lambda _, value, batch, rank: (*[(0, 0)] * batch.ndim, *value),
}


def moved(op: Op, batch: Batch, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """The default rule."""
    if "shape" in op.params:  # that of the result, whose axes are meant
        rank = len(args[op.params.index("shape")])
    else:
        rank = next(x.ndim for x in args if isinstance(x, Tensor))

    def move(name: str, value: Any) -> Any:
        if name in _MOVED and not isinstance(value, Tensor):
            return _MOVED[name](op.name, value, batch, rank)
        return mapped(batch.full, value)

    if op.variadic:
        return op(*map(batch.full, args), **{k: move(k, v) for k, v in kwargs.items()})
    return op(*[move(name, value) for name, value in zip(op.params, args, strict=True)])


def broadcasting(op: Op, batch: Batch, *args: Any, **kwargs: Any) -> Any:
    """The rule of an operation whose operands broadcast, axes counted from the last: the default
    one, after they were given as many dimensions."""
    rank = max([x.ndim for x in args if isinstance(x, Tensor)])
    return moved(op, batch, [_padded(x, rank) for x in args], kwargs)


def _padded(x: Any, rank: int) -> Any:
    if not isinstance(x, Tensor) or x.ndim == rank:
        return x
    return shapes["reshape"](x, (*[1] * (rank - x.ndim), *x.shape))


def folded(op: Op, batch: Batch, *args: Any, same: bool = False) -> Any:
    """The rule of an operation that goes through images along the first dimension of its operands:
    the batches become part of that. same: operands that are of no batch stay as they are."""

    def fold(x: Any) -> Any:
        if not isinstance(x, Tensor) or (same and not isinstance(x, Batched)):
            return x
        return shapes["reshape"](batch.full(x), (prod(batch.sizes) * x.shape[0], *x.shape[1:]))

    count = next(x.shape[0] for x in args if isinstance(x, Tensor))

    def parted(out: Any) -> Any:
        return shapes["reshape"](out, (*batch.sizes, count, *out.shape[1:]))

    return mapped(parted, op(*map(fold, args)))


def tensors_of(*trees: Any) -> list[Tensor]:
    """All tensors among nested arguments."""
    return [x for x in flatten(trees)[0] if isinstance(x, Tensor)]


def run_batched(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The result of `op` where tensors inside `vmap` are among its arguments."""
    if kwargs or len(args) < len(op.params):
        args, kwargs = op.bind(args, kwargs)
    rule = op.batch
    if rule is None:
        return Hooks.looped(op.name, op, args, kwargs)
    batch = Batch(tensors_of(args, kwargs))
    if not batch.ndim:
        raise Unbatched(f"vmap: {op.name} met a tensor of inside vmap that is not an argument")
    if rule is moved:
        return batch.wrapped(moved(op, batch, args, kwargs))
    return batch.wrapped(rule(op, batch, *args, **kwargs))


Hooks.batched = staticmethod(run_batched)
Op.batch = staticmethod(moved)
