"""Windows given by strides, and copies with another window's elements in a part of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cltensor import dtypes
from cltensor.core.batched import Batched, beside, wrapped
from cltensor.core.batching import Batch
from cltensor.core.checks import whole, wholes
from cltensor.core.composite import composite
from cltensor.core.op import Op, require_tensor, view_op
from cltensor.core.tensor import Tensor
from cltensor.errors import DTypeError, GradientError, ShapeError, VmapError
from cltensor.lazy.codegen import contiguous_strides
from cltensor.ops.create import arange
from cltensor.ops.elementwise.cast import astype, full
from cltensor.ops.index.pick import pick_backward
from cltensor.ops.shape.cut import cut_op, diagonal
from cltensor.ops.shape.view import Shape, one_axis, reshape
from cltensor.ops.shape.views import select
from cltensor.runtime.faults import Site

# ------------------------------------------------------------------------------------ as_strided


def _window_rule(
    g: Any, x_shape: Shape, shape: Shape, strides: Shape, offset: int, x_strides: Shape
) -> Any:
    """Every element gets the sum of where the window shows it."""
    places: Any = full((), offset, dtypes.int64, g.device)
    for d, (n, stride) in enumerate(zip(shape, strides, strict=True)):
        along = arange(n, device=g.device) * stride
        places = places + reshape(along, (-1,) + (1,) * (len(shape) - 1 - d))
    span = _span(x_shape, x_strides)
    found = pick_backward(reshape(g, (-1,)), (reshape(places, (-1,)),), 0, (span,), _SITES)
    return _window(found, x_shape, x_strides, 0, (1,))


def _span(shape: Shape, strides: Shape) -> int:
    """From the first element of a window to behind its last one."""
    if 0 in shape:
        return 0
    return 1 + sum([(n - 1) * s for n, s in zip(shape, strides, strict=True)])


def _repeats(shape: Shape, strides: Shape) -> bool:
    """Whether a window may show an element twice, as far as its axes tell: whether there is an
    axis whose steps are shorter than what the axes of shorter steps span."""
    reach = 1
    for stride, n in sorted([(s, n) for n, s in zip(shape, strides, strict=True) if n != 1]):
        if stride < reach:
            return True
        reach = stride * (n - 1) + reach
    return False


#: Windows are checked before, so that no fault is met.
_SITES = (Site("as_strided"),)
#: Of what x spans, with x_strides and no element shown twice: the window from its element number
#: `offset` on.
_window: Op = view_op(
    "as_strided(x, shape, strides, offset, x_strides)",
    lambda x, shape, strides, offset, x_strides: x.window(shape, strides, x.offset + offset),
    dx=_window_rule,
)


@_window.batched
def _window_batched(
    op: Op, batch: Batch, x: Any, shape: Shape, strides: Shape, offset: int, x_strides: Shape
) -> Any:
    """Of dense examples, as the derivative's are: `as_strided` itself goes another way."""
    dense = batch.full(x).contiguous()
    outer = contiguous_strides(dense.shape)[: batch.ndim]
    return op(dense, (*batch.sizes, *shape), (*outer, *strides), offset, (*outer, *x_strides))


@composite
def as_strided(
    x: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> Tensor:
    """A view of the storage of x: `size` elements along each axis, `stride` apart, from element
    number `storage_offset` (where x begins) on. Elements may be shown several times.

    Raises ShapeError for what is outside the storage; GradientError if a gradient is required and
    the window leaves what x spans, or x itself shows an element twice.

    >>> ct.as_strided(ct.arange(6), (2, 3), (1, 2))
    tensor([[0, 2, 4],
            [1, 3, 5]])
    """
    shape, strides = wholes("as_strided", "size", size), wholes("as_strided", "stride", stride)
    x = x.realize()
    offset = (
        x.offset
        if storage_offset is None
        else whole("as_strided", "storage_offset", storage_offset)
    )
    if len(shape) != len(strides):
        raise ShapeError(f"as_strided: sizes {shape} and strides {strides}; give as many of both")
    last = offset + _span(shape, strides) - 1  # lies in front of offset if there are none
    held = x.buffer.nbytes // x.dtype.itemsize
    if 0 not in shape and last >= held:
        raise ShapeError(
            f"as_strided: sizes {shape} and strides {strides} from {offset} on reach element "
            f"{last} of a storage of {held}"
        )
    base = x
    if not x.is_contiguous() and x._view is not None:
        base = x._view.base.realize()
    start, whole_shape, steps = base.offset, tuple(base.shape), tuple(base.strides)
    inside = start <= offset and (0 in shape or last < start + _span(whole_shape, steps))
    if inside and min(steps, default=0) >= 0 and not _repeats(whole_shape, steps):
        return _window(base, shape, strides, offset - start, steps)
    if x.requires_grad:
        raise GradientError(
            f"as_strided: a window from {offset} to {last} of a tensor of shape {x.shape} and "
            f"strides {x.strides} has no gradient; call .contiguous() first, or stay within it"
        )
    return x.detach().window(shape, strides, offset)


def _as_strided_batched(
    x: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> Tensor:
    """`as_strided` inside vmap, where the storage of an example begins with it, and ends."""
    if not isinstance(x, Batched):
        raise VmapError("as_strided: its arguments are inside vmap; give numbers")
    shape, strides = wholes("as_strided", "size", size), wholes("as_strided", "stride", stride)
    offset = whole("as_strided", "storage_offset", storage_offset or 0)
    span = _span(x.shape, x.strides)
    if 0 not in shape and offset + _span(shape, strides) > span:
        raise ShapeError(
            f"as_strided: sizes {shape} and strides {strides} from {offset} on reach behind the "
            f"{span} elements of an example inside vmap"
        )
    batch, outer = x.batch, x.whole.realize().strides[: len(x.batch)]
    start = x.whole.offset + offset
    return wrapped(as_strided(x.whole, (*batch, *shape), (*outer, *strides), start), x.numbers)


as_strided.batched = _as_strided_batched  # type: ignore[attr-defined]


@composite(method=False)
def as_strided_copy(
    x: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> Tensor:
    """A copy of what `as_strided` shows.

    >>> ct.as_strided_copy(ct.arange(6), (2,), (3,))
    tensor([0, 3])
    """
    return as_strided(x, size, stride, storage_offset).clone()


# ------------------------------------------------------------------------- copies with a part new


def _with(name: str, x: Tensor, source: Any, show: Any) -> Tensor:
    """A copy of x, of which the view that `show` gives has the elements of `source`."""
    require_tensor(name, "source", source)
    result = beside(x, source).clone()
    part = show(result)
    if part.shape != source.shape:
        raise ShapeError(
            f"{name}: a source of shape {source.shape} for a part of shape {part.shape}; make them "
            "alike"
        )
    if part.dtype.kind != "f" and source.dtype.kind == "f":
        raise DTypeError(f"{name}: x is {x.dtype.name} and the source {source.dtype.name}; cast it")
    part.copy_(astype(source, x.dtype))
    return result


@composite
def as_strided_scatter(
    x: Tensor, src: Tensor, size: Sequence[int], stride: Sequence[int],
    storage_offset: int | None = None,
) -> Tensor:  # fmt: skip
    """A copy of x in which what `as_strided` would show is `src`. The copy is dense: strides and
    offset are those of its own elements.

    >>> ct.as_strided_scatter(ct.zeros(4), ct.ones(2), (2,), (2,))
    tensor([1., 0., 1., 0.])
    """
    return _with(
        "as_strided_scatter", x, src, lambda y: as_strided(y, size, stride, storage_offset)
    )


@composite
def select_scatter(x: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """A copy of x in which the slice number `index` along `dim` is `src`.

    >>> ct.select_scatter(ct.zeros(2, 2), ct.ones(2), 0, 1)
    tensor([[0., 0.],
            [1., 1.]])
    """
    return _with("select_scatter", x, src, lambda y: select(y, dim, index))


@composite
def slice_scatter(
    x: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None,
    step: int = 1,
) -> Tensor:  # fmt: skip
    """A copy of x in which the slices from `start` to `end` along `dim` are `src`.

    >>> ct.slice_scatter(ct.zeros(3), ct.ones(2), 0, 1, 3)
    tensor([0., 1., 1.])
    """
    axis = one_axis("slice_scatter", dim, x.ndim)
    step = whole("slice_scatter", "step", step, 1)
    first, stop, _ = slice(start, end, step).indices(x.shape[axis])
    cut: list[Any] = [(0, 1, n) for n in x.shape]
    cut[axis] = (first, step, len(range(first, stop, step)))
    return _with("slice_scatter", x, src, lambda y: cut_op(y, tuple(cut)))


@composite
def diagonal_scatter(
    x: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1
) -> Tensor:
    """A copy of x in which what `diagonal` would show is `src`.

    >>> ct.diagonal_scatter(ct.zeros(2, 2), ct.ones(2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    return _with("diagonal_scatter", x, src, lambda y: diagonal(y, offset, dim1, dim2))
