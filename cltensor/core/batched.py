"""Tensors inside `vmap`: one example each, for whoever looks, and all of a batch in truth.

Their elements, and their place in the graph, cannot be had: whoever reaches for them meets
Unbatched. A call of an operation or a composite that raises it is made again for the whole batch
(`batching`, `autograd/vmap.py`), so that calls outside `vmap` ask for nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, NamedTuple, NoReturn

import numpy as np

from cltensor.core.size import Count, Size
from cltensor.core.tensor import Tensor
from cltensor.core.trees import flatten, mapped
from cltensor.errors import GradientError, VmapError
from cltensor.lazy.codegen import Shape, contiguous_strides
from cltensor.runtime.device import Device


class Unbatched(VmapError):
    """What needs the elements of a tensor met one inside `vmap`, which has those of a batch."""


class Level(NamedTuple):
    """A call of `vmap`: its number, which grows inwards, and the size of its batch.

    randomness: what random operations do. looped: its examples are gone through one by one now.
    """

    number: int
    size: int
    randomness: str
    looped: bool = False


class _Levels(threading.local):
    """The calls of `vmap` that this thread is in, the outermost first."""

    def __init__(self) -> None:
        self.open: tuple[Level, ...] = ()


levels = _Levels()
_numbers = count(1)


def next_number() -> int:
    """The number of another level, above those before."""
    return next(_numbers)


class _Outline:
    """The shape of one example, in place of a Value."""

    __slots__ = ("shape",)

    def __init__(self, shape: Shape) -> None:
        self.shape = shape

    def __getattr__(self, name: str) -> NoReturn:
        raise _unbatched(f"its {name}")


def _unbatched(what: str) -> Unbatched:
    return Unbatched(
        f"vmap: {what} is asked of a tensor inside vmap, which stands for all examples of a batch; "
        "do this outside, or for each example in a loop"
    )


class Batched(Tensor):
    """One example of `whole`, whose first dimensions are those of the batches of `numbers`, the
    numbers of levels in ascending order."""

    __slots__ = ("numbers", "whole")

    whole: Tensor
    numbers: tuple[int, ...]

    def __init__(self, whole: Tensor, numbers: tuple[int, ...]) -> None:
        self.whole = whole
        self.numbers = numbers

    @property
    def _value(self) -> Any:
        return _Outline(self.whole._value.shape[len(self.numbers) :])

    @property
    def _node(self) -> Any:
        raise _unbatched("its place in the graph")

    _view = _node

    @property
    def node(self) -> Any:
        """The place in the graph of the whole batch."""
        return self.whole.node

    @property
    def shape(self) -> Size:
        """The size along each dimension, of one example."""
        return Size(self.whole._value.shape[len(self.numbers) :])

    @property
    def batch(self) -> Shape:
        """The sizes of the batches."""
        return self.whole._value.shape[: len(self.numbers)]

    @property
    def dtype(self) -> np.dtype:
        return self.whole.dtype

    @property
    def device(self) -> Device:
        return self.whole.device

    @property
    def ndim(self) -> int:
        return self.whole.ndim - len(self.numbers)

    @property
    def size(self) -> Count:
        return Count(self.shape)

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    @property
    def is_pending(self) -> bool:
        return self.whole.is_pending

    @property
    def buffer(self) -> Any:
        raise _unbatched("its buffer")

    @property
    def strides(self) -> Shape:
        return self.whole.strides[len(self.numbers) :]

    @property
    def offset(self) -> int:
        return 0  # to whoever looks, the storage of an example begins with it

    def is_contiguous(self, memory_format: Any = None) -> bool:
        return self.strides == contiguous_strides(self.shape)

    def realize(self) -> Batched:
        self.whole.realize()
        return self

    def window(self, shape: Shape, strides: Shape, offset: int) -> Tensor:
        raise _unbatched("a view by strides")

    def detach(self) -> Tensor:
        return Batched(self.whole.detach(), self.numbers)

    def show(self, value: Any) -> None:
        raise _unbatched("other elements")

    def numpy(self) -> np.ndarray:
        raise Unbatched(
            "vmap: .numpy() asks for the elements of a tensor inside vmap, which stands for all "
            "examples of a batch; use operations of tensors, or call .numpy() outside"
        )

    _read = numpy

    def item(self) -> Any:
        raise Unbatched(
            "vmap: .item() asks for the element of a tensor inside vmap, which stands for all "
            "examples of a batch; use operations of tensors instead"
        )

    def tolist(self) -> Any:
        return self.numpy()

    def __bool__(self) -> bool:
        raise Unbatched(
            "vmap: what a tensor inside vmap holds decides where the program goes on, but it "
            "stands for all examples of a batch; use ct.where instead of if, while, and, or, not"
        )

    def __index__(self) -> int:
        return int(self.item())

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Raises GradientError: what is differentiated inside `vmap` is an argument of `grad`."""
        raise GradientError(
            "requires_grad_: not for a tensor inside vmap; use ct.func.grad, vjp or jvp, or "
            "require the gradient outside"
        )

    @property
    def grad(self) -> None:
        return None

    @grad.setter
    def grad(self, value: Any) -> None:
        raise GradientError("grad: a tensor inside vmap collects no gradient; use ct.func.grad")

    def _graph_node(self, operation: str) -> NoReturn:
        raise GradientError(
            f"{operation}: not for a tensor inside vmap, whose gradient is that of a whole batch; "
            "use ct.func.grad, vjp or jvp"
        )

    def backward(self, *args: Any, **kwargs: Any) -> None:
        """Raises GradientError: inside `vmap` there is `ct.func.grad`."""
        self._graph_node("backward")

    def __copy__(self) -> Tensor:
        return self.detach()

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        raise _unbatched("a deep copy")

    def __reduce__(self) -> Any:
        raise _unbatched("what to pickle")

    def _repr_html_(self) -> None:  # type: ignore[override]
        """None, by which notebooks show the repr."""

    def __repr__(self) -> str:
        return f"tensor(inside vmap, batch {self.batch}, each like {tuple(self.shape)})"


def wrapped(inner: Tensor, numbers: Sequence[int]) -> Tensor:
    """`inner`, whose first dimensions are the batches of those levels, as one example.

    Levels in any order; inner may be inside others itself.
    """
    if not numbers:
        return inner
    if isinstance(inner, Batched):
        numbers, inner = (*inner.numbers, *numbers), inner.whole
    order = sorted(range(len(numbers)), key=numbers.__getitem__)
    if order != list(range(len(numbers))):
        inner = permuted(inner, (*order, *range(len(numbers), inner.ndim)))
    return Batched(inner, tuple([numbers[k] for k in order]))


#: permute(x, axes), reshape(x, shape) and expand(x, shape), once they are declared (ops/shape).
shapes: dict[str, Callable[..., Tensor]] = {}


def permuted(x: Tensor, axes: Shape) -> Tensor:
    """x with its axes in that order."""
    return shapes["permute"](x, axes) if axes != tuple(range(len(axes))) else x


def require_open(x: Batched) -> None:
    """Raise unless this thread is in the calls of `vmap` that x is of."""
    here = {level.number for level in levels.open}
    if not here.issuperset(x.numbers):
        raise VmapError(
            "vmap: a tensor of inside a call of vmap was kept until after it, or used by another "
            "thread; return it from the function instead"
        )


def in_front(
    x: Tensor, numbers: Sequence[int], sizes: Sequence[int] | None = None, rank: int = 0
) -> Tensor:
    """The elements of x with a dimension for each of the levels `numbers`, which are those of x and
    perhaps others, in front: of size 1, or that of `sizes`, where x has none. Then, up to `rank`
    dimensions of an example, ones are put before those that it has."""
    own = x.numbers if isinstance(x, Batched) else ()
    inner = x.whole if isinstance(x, Batched) else x
    shape = inner._value.shape
    front = [shape[own.index(n)] if n in own else 1 for n in numbers]
    rest = shape[len(own) :]
    wanted = (*front, *[1] * (rank - len(rest)), *rest)
    if wanted != shape:
        inner = shapes["reshape"](inner, wanted)
    if sizes is not None and front != list(sizes):
        inner = shapes["expand"](inner, (*sizes, *wanted[len(front) :]))
    return inner


def whole_of(x: Tensor) -> Tensor:
    """x, or the whole batch of which it is an example, for a look at all of them."""
    return x.whole if isinstance(x, Batched) else x


def of_whole(function: Callable[..., Any], *args: Any) -> Any:
    """function(*args), which goes over rows of its tensors, whatever dimensions are in front:
    inside `vmap`, that of whole batches."""
    sizes = _sizes(args)
    if not sizes:
        return function(*args)
    every = sorted(sizes)
    front = [sizes[n] for n in every]
    given = [in_front(x, every, front) if isinstance(x, Tensor) else x for x in args]
    found = function(*given)
    return mapped(lambda y: wrapped(y, every) if isinstance(y, Tensor) else y, found)


def _sizes(tree: Any) -> dict[int, int]:
    """The batches that nested tensors are of: their levels' numbers and sizes."""
    sizes: dict[int, int] = {}
    for y in flatten(tree)[0]:
        if isinstance(y, Batched):
            require_open(y)
            sizes.update(zip(y.numbers, y.batch, strict=True))
    return sizes


def beside(x: Tensor, *others: Any) -> Tensor:
    """x; where others, perhaps nested, are inside `vmap`, of every batch that those are of, so that
    their elements may be written into a copy of it."""
    sizes = _sizes((x, others))
    every = sorted(sizes)
    if every == list(x.numbers if isinstance(x, Batched) else ()):
        return x
    return wrapped(in_front(x, every, [sizes[n] for n in every]), every)


def lifted(x: Tensor) -> tuple[Tensor, tuple[int, ...]]:
    """x as a whole batch of each level that this thread is in, and the levels' numbers: a leaf of
    which each example has a gradient of its own."""
    open_ = [level for level in levels.open if not level.looped]
    numbers = tuple([level.number for level in open_])
    return in_front(x, numbers, [level.size for level in open_]) if numbers else x, numbers


@contextmanager
def opened(instead: tuple[Level, ...]) -> Generator[None, None, None]:
    """Context in which this thread is in those calls of `vmap`."""
    before, levels.open = levels.open, instead
    try:
        yield
    finally:
        levels.open = before


def drawing(operation: str, *parameters: Any) -> tuple[tuple[int, ...], Shape]:
    """The numbers and sizes of the levels whose examples draw numbers of their own.

    Raises VmapError where random operations may not be, or are to give all examples the same while
    their parameters differ.
    """
    for level in levels.open:
        if level.randomness == "error":
            raise VmapError(
                f"{operation}: a random operation inside vmap; say whether all examples draw the "
                "'same' numbers or 'different' ones, by vmap(..., randomness=...), or draw outside"
            )
    different = [n for n in levels.open if n.randomness == "different" and not n.looped]
    numbers = tuple([level.number for level in different])
    for x in parameters:
        if isinstance(x, Batched) and not set(numbers).issuperset(x.numbers):
            raise VmapError(
                f"{operation}: its parameters differ between the examples, so with "
                "randomness='same' there are no same numbers to draw; use 'different'"
            )
    return numbers, tuple([level.size for level in different])
