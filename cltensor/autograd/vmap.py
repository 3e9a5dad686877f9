"""`vmap`: a function of one example, called once for a batch of them.

Inside, a tensor with a batch is a `Batched` of the shape of one example, and each operation
computes the whole batch (`core/batching.py`). What has no rule for that is called here for one
example after another.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import wraps
from itertools import product
from typing import Any

from cltensor.core.batched import (
    Batched,
    Level,
    Unbatched,
    in_front,
    levels,
    next_number,
    opened,
    permuted,
    require_open,
    wrapped,
)
from cltensor.core.batching import Batch
from cltensor.core.hooks import Hooks
from cltensor.core.names import named
from cltensor.core.tensor import Tensor, show
from cltensor.core.trees import Build, flatten
from cltensor.errors import DTypeError, ShapeError, VmapError
from cltensor.ops.random.generator import Generator, Mark, default_generator
from cltensor.ops.shape.cut import narrow, unbind
from cltensor.ops.shape.join import concat, stack
from cltensor.ops.shape.view import broadcast_to, reshape

RANDOMNESS = ("error", "different", "same")


@named
def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """The function that calls `func`, a function of one example, for a batch of them at once.

    Calls nest, and go with `grad`, `vjp`, `jvp` and Jacobians both ways: per-sample gradients are
    ``vmap(grad(loss), in_dims=(None, 0, 0))``. An operation that has no way to compute a batch is
    called for each example, with a warning. Keywords of the call are the same for all examples.

    Args:    in_dims: the dimension of each argument that goes over the examples, None for one that
             is the same for all; for a nested argument, a number for all its tensors, or such a
             structure. out_dims: where the examples go in each result. randomness: whether random
             operations raise, or give all examples "different" numbers, or the "same".
             chunk_size: at most so many examples at once.
    Raises:  ShapeError for dimensions that do not fit; VmapError, in the call, for elements that
             are read, as by .item() or if, and for a tensor of all examples that one of them is
             written into.

    >>> ct.vmap(ct.dot)(ct.ones(3, 2), ct.ones(3, 2))
    tensor([2., 2., 2.])
    """
    if randomness not in RANDOMNESS:
        raise ShapeError(f"vmap: randomness is {randomness!r}; use one of {RANDOMNESS}")
    if chunk_size is not None and (not isinstance(chunk_size, int) or chunk_size < 1):
        raise ShapeError(f"vmap: chunk_size is {chunk_size!r}; give None, or 1 or more")

    @wraps(func)
    def called(*args: Any, **kwargs: Any) -> Any:
        given, build = flatten(args)
        dims = _dims_of("in_dims", in_dims, args, len(given))
        size = _size(given, dims)

        def call(some: Sequence[Any], count: int) -> tuple[list[Any], Build]:
            return _called(func, some, dims, out_dims, build, count, randomness, kwargs)

        if chunk_size is None or size <= chunk_size:
            outs, make = call(given, size)
            return make(outs)
        parts = []
        for start in range(0, size, chunk_size):
            count = min(chunk_size, size - start)
            some = [
                x if d is None else narrow(x, d, start, count)
                for x, d in zip(given, dims, strict=True)
            ]
            outs, make = call(some, count)
            parts.append(outs)
        places = _dims_of("out_dims", out_dims, make(parts[0]), len(parts[0]))
        return make([
            several[0] if d is None else concat(several, d)
            for *several, d in zip(*parts, places, strict=True)
        ])  # fmt: skip

    return called


def _dims_of(name: str, dims: Any, tree: Any, count: int) -> list[int | None]:
    """A dimension, or None, for each of the `count` leaves of `tree`."""
    if dims is None or (isinstance(dims, int) and not isinstance(dims, bool)):
        return [dims] * count
    if isinstance(tree, dict) and isinstance(dims, dict) and dims.keys() == tree.keys():
        pairs = [(dims[key], member) for key, member in tree.items()]
    elif (
        isinstance(dims, (tuple, list))
        and isinstance(tree, (tuple, list))
        and len(dims) == len(tree)
    ):
        pairs = list(zip(dims, tree, strict=True))
    elif isinstance(dims, (tuple, list)) and len(dims) == 1 and isinstance(tree, Tensor):
        pairs = [(dims[0], tree)]
    else:
        raise ShapeError(
            f"vmap: {name} is {dims!r}; give an integer, None, or a structure like that of the "
            f"{'arguments' if name == 'in_dims' else 'results'}, {_outline(tree)}"
        )
    found = []
    for each, member in pairs:
        found += _dims_of(name, each, member, len(flatten(member)[0]))
    return found


def _outline(tree: Any) -> str:
    """The structure of nested tensors, for messages."""
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{k!r}: {_outline(v)}" for k, v in tree.items()) + "}"
    if isinstance(tree, (tuple, list)):
        return "(" + ", ".join(map(_outline, tree)) + ")"
    return "*"


def _size(given: Sequence[Any], dims: Sequence[int | None]) -> int:
    """The number of examples. Raises unless all arguments with a dimension for them agree."""
    if not given:
        raise ShapeError(
            "vmap: the function was called without arguments by position, of which at least one "
            "has the examples; pass it so, not by keyword"
        )
    sizes = []
    for x, d in zip(given, dims, strict=True):
        if d is None:
            continue
        if not isinstance(x, Tensor):
            raise DTypeError(
                f"vmap: in_dims is {d} for {show(x)}, which is no tensor; give None for what is "
                "the same for all examples"
            )
        if not -x.ndim <= d < x.ndim:
            raise ShapeError(
                f"vmap: in_dims is {d} for a tensor of shape {tuple(x.shape)}; "
                + (f"use {-x.ndim} to {x.ndim - 1}" if x.ndim else "use None")
            )
        sizes.append(x.shape[d])
    if not sizes:
        raise ShapeError("vmap: in_dims is None for every argument; one must have the examples")
    if len(set(sizes)) > 1:
        raise ShapeError(
            f"vmap: the arguments have {', '.join(map(str, sizes))} examples along in_dims; the "
            "sizes must be equal"
        )
    return sizes[0]


def _called(
    func: Callable[..., Any], given: Sequence[Any], dims: Sequence[int | None], out_dims: Any,
    build: Build, size: int, randomness: str, kwargs: dict[str, Any],
) -> tuple[list[Any], Build]:  # fmt: skip
    """The results of one call for `size` examples, and what makes their structure."""
    level = Level(next_number(), size, randomness)
    args = build([
        x if d is None else _entered(x, d, level.number) for x, d in zip(given, dims, strict=True)
    ])  # fmt: skip
    Hooks.observe(1)
    try:
        with opened((*levels.open, level)):
            result = func(*args, **kwargs)
    finally:
        Hooks.observe(-1)
    outs, make = flatten(result)
    places = _dims_of("out_dims", out_dims, result, len(outs))
    return [_left(x, d, level) for x, d in zip(outs, places, strict=True)], make


def _entered(x: Tensor, dim: int, number: int) -> Tensor:
    """x as one of the examples along `dim`."""
    own = x.numbers if isinstance(x, Batched) else ()
    inner = x.whole if isinstance(x, Batched) else x
    place = len(own) + dim % x.ndim
    rest = [d for d in range(inner.ndim) if d != place]
    return wrapped(permuted(inner, (place, *rest)), (number, *own))


def _left(x: Any, dim: int | None, level: Level) -> Any:
    """A result with its examples along `dim`."""
    has = isinstance(x, Batched) and level.number in x.numbers
    if dim is None:
        if has:
            raise ShapeError(
                "vmap: out_dims is None for a result that is not the same for all examples; give "
                "the dimension where they go"
            )
        return x
    if not isinstance(x, Tensor):
        raise DTypeError(
            f"vmap: the function returned {show(x)}; return tensors, or give out_dims None for "
            "what is the same for all examples"
        )
    rank = x.ndim + 1
    if not -rank <= dim < rank:
        raise ShapeError(
            f"vmap: out_dims is {dim} for a result of shape {tuple(x.shape)} for each example; "
            f"use {-rank} to {rank - 1}"
        )
    others = tuple([n for n in x.numbers if n != level.number]) if isinstance(x, Batched) else ()
    whole = in_front(x, (*others, level.number), None)
    front = len(others)
    if not has:
        shape = whole.shape
        whole = broadcast_to(whole, (*shape[:front], level.size, *shape[front + 1 :]))
    order = [d for d in range(whole.ndim) if d != front]
    order.insert(front + dim % rank, front)
    return wrapped(permuted(whole, tuple(order)), others)


# ------------------------------------------------------------------------ one example after another


def looped(
    name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """function(*args, **kwargs), called for one example after another of all batches that its
    arguments are of; without any, of those that draw numbers of their own."""
    leaves, build = flatten((args, kwargs))
    tensors = [x for x in leaves if isinstance(x, Batched)]
    for x in tensors:
        require_open(x)
    numbers = {n for x in tensors for n in x.numbers} or {
        level.number for level in levels.open if level.randomness == "different"
    }
    over = [level for level in levels.open if level.number in numbers and not level.looped]
    if not over:
        raise Unbatched(f"vmap: {name} asks for the elements of a tensor inside vmap")
    if not all(level.size for level in over):
        raise VmapError(
            f"vmap: {name} is called for each example of a batch, and this one is empty; give one "
            "or more"
        )
    warnings.warn(
        f"vmap: {name} has no way to compute a whole batch, and is called for each example",
        stacklevel=3,
    )
    places = list(product(*[range(level.size) for level in over]))
    batch = Batch(tensors)
    parts = [  # copies, whose storage holds no other example
        [part.clone() for part in unbind(batch.flat(x))] if isinstance(x, Batched) else None
        for x in leaves
    ]
    results, make = [], None
    streams = _Streams(over, leaves)
    inside = tuple([n._replace(looped=n.looped or n in over) for n in levels.open])
    with opened(inside):
        for k, place in enumerate(places):
            streams.go_to(place)
            own, named = build([
                x if part is None else part[k] for x, part in zip(leaves, parts, strict=True)
            ])  # fmt: skip
            outs, make = flatten(function(*own, **named))
            results.append(outs)
    assert make is not None
    sizes = tuple([level.size for level in over])
    order = tuple([level.number for level in over])
    return make(
        [_together(name, list(found), sizes, order) for found in zip(*results, strict=True)]
    )


class _Streams:
    """Has the generators draw the same numbers for examples that are to have the same."""

    def __init__(self, over: Sequence[Level], leaves: Sequence[Any]) -> None:
        self._differ = [level.randomness != "same" for level in over]
        self._generators = [default_generator, *[x for x in leaves if isinstance(x, Generator)]]
        self._marks: dict[Any, list[Mark]] = {}

    def go_to(self, place: Sequence[int]) -> None:
        """The example at `place` is the next."""
        if all(self._differ):
            return
        key = tuple([k for k, differs in zip(place, self._differ, strict=True) if differs])
        if key not in self._marks:
            self._marks[key] = [g.mark() for g in self._generators]
        for generator, mark in zip(self._generators, self._marks[key], strict=True):
            generator.go_back(mark)


def _together(name: str, found: list[Any], sizes: Sequence[int], numbers: Sequence[int]) -> Any:
    """What was returned for each example, as the result of a batch."""
    first = found[0]
    if not isinstance(first, Tensor):
        if any(x is not first and x != first for x in found):
            raise VmapError(
                f"vmap: {name} returned {show(first)} for one example and something else for "
                "another; return a tensor instead"
            )
        return first
    shapes = {tuple(x.shape) for x in found}
    if len(shapes) > 1:
        raise VmapError(
            f"vmap: {name} returned tensors of shapes {', '.join(map(str, sorted(shapes)))} for "
            "different examples, which make no batch; call it outside vmap"
        )
    whole = stack(found)
    return wrapped(reshape(whole, (*sizes, *whole.shape[1:])), numbers)


Hooks.looped = staticmethod(looped)
