"""Indexing by arrays inside `vmap`: where they differ between the examples, the batch is one more
indexed dimension, in front of theirs."""

from __future__ import annotations

from math import prod
from typing import Any

from cltensor.core.batched import Batched
from cltensor.core.batching import Batch
from cltensor.core.op import Op
from cltensor.core.tensor import Tensor
from cltensor.ops.create import arange
from cltensor.ops.index.pick import Sites, pick, pick_backward
from cltensor.ops.index.scatter import _winners, put
from cltensor.ops.shape.view import broadcast_to, movedim, reshape

Indices = tuple[Tensor, ...]


def _differ(indices: Indices) -> bool:
    """Whether the examples have indices of their own."""
    return any(isinstance(i, Batched) for i in indices)


def _flat(batch: Batch, indices: Indices) -> Indices:
    """The indices of all batches together, as one more dimension in front."""
    rank, count = max([i.ndim for i in indices]), prod(batch.sizes)
    wholes = [batch.full(i, rank) for i in indices]
    return tuple([reshape(w, (count, *w.shape[batch.ndim :])) for w in wholes])


def _with_batch(batch: Batch, indices: Indices) -> Indices:
    """Those, after the number of the example."""
    flat = _flat(batch, indices)
    count = prod(batch.sizes)
    number = arange(count, device=flat[0].device)
    return (reshape(number, (count,) + (1,) * (flat[0].ndim - 1)), *flat)


def _at(batch: Batch, x: Any, start: int) -> Any:
    """x with the batch as its dimension `start`."""
    return movedim(batch.flat(x), 0, start) if isinstance(x, Tensor) else x


@pick.batched
def _pick(op: Op, batch: Batch, x: Any, indices: Indices, start: int, sites: Sites) -> Any:
    if not _differ(indices):
        return op(batch.full(x), indices, start + batch.ndim, sites)
    if isinstance(x, Batched):
        out = op(_at(batch, x, start), _with_batch(batch, indices), start, (sites[0], *sites))
    else:
        out = op(x, _flat(batch, indices), start, sites)
    return batch.unflat(movedim(out, start, 0))


@pick_backward.batched
def _pick_backward(
    op: Op, batch: Batch, g: Any, indices: Indices, start: int, shape: Any, sites: Sites
) -> Any:
    if not _differ(indices):
        whole = (*batch.sizes, *shape)
        return op(batch.full(g), indices, start + batch.ndim, whole, sites)
    several = (*shape[:start], prod(batch.sizes), *shape[start:])
    both = _with_batch(batch, indices)
    out = op(_at(batch, g, start), both, start, several, (sites[0], *sites))
    return batch.unflat(movedim(out, start, 0))


@put.batched
def _put(
    op: Op, batch: Batch, x: Any, value: Any, indices: Indices, start: int, unique: bool,
    sites: Sites,
) -> Any:  # fmt: skip
    if not _differ(indices):
        first = start + batch.ndim
        return op(batch.full(x), batch.full(value), indices, first, unique, sites)
    both, value = _with_batch(batch, indices), _at(batch, value, start)
    out = op(_at(batch, x, start), value, both, start, unique, (sites[0], *sites))
    return batch.unflat(movedim(out, start, 0))


@_winners.batched
def _last(op: Op, batch: Batch, g: Any, indices: Indices, start: int, sites: Sites) -> Any:
    if _differ(indices):
        both = _with_batch(batch, indices)
        return batch.unflat(op(_at(batch, g, start), both, start, (sites[0], *sites)))
    out = op(batch.full(g), indices, start + batch.ndim, sites)
    return broadcast_to(out, (*batch.sizes, *out.shape))
