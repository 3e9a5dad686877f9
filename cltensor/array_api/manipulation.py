"""The manipulation functions of the standard."""

from __future__ import annotations

from typing import Any

from cltensor.array_api.array import Array, axes_of, common, main, standard
from cltensor.errors import IndexingError, ShapeError


@standard
def broadcast_arrays(*arrays: Any) -> tuple[Array, ...]:
    """The arrays, each with the shape that all broadcast to.

    >>> [x.shape for x in xp.broadcast_arrays(xp.ones((3, 1)), xp.ones(2))]
    [Size([3, 2]), Size([3, 2])]
    """
    return main.broadcast_tensors(*arrays)


def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that shapes broadcast to.

    >>> xp.broadcast_shapes((3, 1), (2,))
    Size([3, 2])
    """
    return main.broadcast_shapes(*shapes)


@standard
def broadcast_to(x: Any, /, shape: tuple[int, ...]) -> Any:
    """x with that shape, repeated where it has size 1.

    >>> xp.broadcast_to(xp.asarray([1, 2]), (2, 2))
    tensor([[1, 2],
            [1, 2]])
    """
    return main.broadcast_to(x, shape)


@standard
def concat(arrays: Any, /, *, axis: int | None = 0) -> Any:
    """The arrays one behind the other along `axis`; flattened first for None.

    >>> xp.concat([xp.asarray([1, 2]), xp.asarray([3])])
    tensor([1, 2, 3])
    """
    return main.concat(common(*arrays), axis)


@standard
def expand_dims(x: Any, /, axis: int | tuple[int, ...]) -> Any:
    """x with a new axis of size 1 at each place that `axis` names. Raises IndexingError if there
    is no such place.

    >>> xp.expand_dims(xp.ones((2, 3)), axis=(0, -1)).shape
    Size([1, 2, 3, 1])
    """
    axes = axes_of(axis)
    ndim = x.ndim + len(axes)
    for a in axes:
        if not -ndim <= a < ndim:
            raise IndexingError(
                f"expand_dims: axis {a} is out of range for a result of {ndim} dimensions; use "
                f"{-ndim} to {ndim - 1}"
            )
    return main.expand_dims(x, axes)


@standard
def flip(x: Any, /, *, axis: int | tuple[int, ...] | None = None) -> Any:
    """x with the order along `axis` (all for None) reversed.

    >>> xp.flip(xp.asarray([[1, 2], [3, 4]]), axis=0)
    tensor([[3, 4],
            [1, 2]])
    """
    return x if axis == () else main.flip(x, axis)


@standard
def moveaxis(x: Any, source: int | tuple[int, ...], destination: int | tuple[int, ...], /) -> Any:
    """x with axes moved to other places, the rest in order.

    >>> xp.moveaxis(xp.ones((2, 3, 4)), 0, -1).shape
    Size([3, 4, 2])
    """
    return main.moveaxis(x, source, destination)


@standard
def permute_dims(x: Any, /, axes: tuple[int, ...]) -> Any:
    """x with its axes in the order `axes`.

    >>> xp.permute_dims(xp.ones((2, 3, 4)), (2, 0, 1)).shape
    Size([4, 2, 3])
    """
    return main.permute_dims(x, axes)


@standard
def repeat(x: Any, repeats: Any, /, *, axis: int | None = None) -> Any:
    """Each element `repeats` times along `axis`; of the flattened x for None.

    >>> xp.repeat(xp.asarray([1, 2]), 2)
    tensor([1, 1, 2, 2])
    """
    return main.repeat_interleave(x, repeats, axis)


@standard
def reshape(x: Any, /, shape: tuple[int, ...], *, copy: bool | None = None) -> Any:
    """The same elements in another shape. Raises ValueError where copy=False cannot be kept.

    >>> xp.reshape(xp.arange(6), (2, -1))
    tensor([[0, 1, 2],
            [3, 4, 5]])
    """
    if copy is False:
        return main.view(x, shape)
    found = main.reshape(x, shape)
    return main.clone(found) if copy else found


@standard
def roll(
    x: Any, /, shift: int | tuple[int, ...], *, axis: int | tuple[int, ...] | None = None
) -> Any:
    """x with its elements moved by `shift` along `axis`; those that leave come in again.

    >>> xp.roll(xp.asarray([1, 2, 3]), 1)
    tensor([3, 1, 2])
    """
    return main.roll(x, shift, axis)


@standard
def squeeze(x: Any, /, axis: int | tuple[int, ...]) -> Any:
    """x without axes of size 1. Raises ShapeError for an axis of another size.

    >>> xp.squeeze(xp.ones((1, 3, 1)), axis=0).shape
    Size([3, 1])
    """
    for a in axes_of(axis):
        if -x.ndim <= a < x.ndim and x.shape[a] != 1:
            raise ShapeError(
                f"squeeze: axis {a} of shape {x.shape} has size {x.shape[a]}, not 1; name others"
            )
    return main.squeeze(x, axis)


@standard
def stack(arrays: Any, /, *, axis: int = 0) -> Any:
    """The arrays along a new axis.

    >>> xp.stack([xp.asarray([1, 2]), xp.asarray([3, 4])], axis=1)
    tensor([[1, 3],
            [2, 4]])
    """
    return main.stack(common(*arrays), axis)


@standard
def tile(x: Any, repetitions: tuple[int, ...], /) -> Any:
    """x repeated as a whole along each axis.

    >>> xp.tile(xp.asarray([1, 2]), (2, 2))
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    return main.tile(x, repetitions)


@standard
def unstack(x: Any, /, *, axis: int = 0) -> tuple[Array, ...]:
    """The slices along an axis, without it.

    >>> xp.unstack(xp.asarray([[1, 2], [3, 4]]))
    (tensor([1, 2]), tensor([3, 4]))
    """
    return main.unstack(x, axis)
