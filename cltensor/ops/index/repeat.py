"""repeat_interleave: each element several times in a row."""

from __future__ import annotations

import numpy as np

from cltensor.core.checks import NOT_GIVEN, axis_of, whole
from cltensor.core.composite import composite
from cltensor.core.tensor import Tensor
from cltensor.dtypes import int32, int64
from cltensor.errors import DTypeError, OutOfMemoryError, ShapeError
from cltensor.ops.elementwise.cast import apart
from cltensor.ops.index.pick import index_select
from cltensor.ops.shape.view import broadcast_to, flatten, reshape, unsqueeze


@composite
def repeat_interleave(
    x: Tensor,
    repeats: int | Tensor = NOT_GIVEN,
    axis: int | None = None,
    *,
    output_size: int | None = None,
) -> Tensor:
    """Each element `repeats` times in a row along an axis; x flattened first for None.

    Alone, x says how often each index comes: repeat_interleave([1, 2, 0]) is [0, 1, 1].

    Args:    repeats: a number, or a vector of integers, one for each place of the axis or one for
             all, which is read from the device;  output_size: the size of the result along the
             axis, of which it is only checked that it is.
    Raises:  ShapeError for repeats that are negative, no integers or of another number;
             DTypeError for a tensor of another kind of numbers.

    >>> ct.repeat_interleave(ct.arange(2), 2)
    tensor([0, 0, 1, 1])
    """
    if repeats is NOT_GIVEN:
        if x.ndim != 1:
            raise ShapeError(
                f"repeat_interleave: x of shape {x.shape} alone says how often each index comes; "
                "give a vector, or repeats too"
            )
        places = _places(x, x.shape[0], output_size)
        return Tensor.from_numpy(places.astype(int32 if x.dtype == int32 else int64), x.device)
    if axis is None:
        x, axis = flatten(x), 0
    axis = axis_of("repeat_interleave", axis, x.ndim)
    x = reshape(x, (1,)) if x.ndim == 0 else x
    if isinstance(repeats, Tensor) and repeats.size != 1:
        places = _places(repeats, x.shape[axis], output_size)
        return index_select(x, axis, Tensor.from_numpy(places, x.device))
    if isinstance(repeats, Tensor):
        _check_kind(repeats)
        repeats = int(repeats.item())
    count = whole("repeat_interleave", "repeats", repeats)
    _check_size(count * x.shape[axis], output_size)
    each = unsqueeze(x, axis + 1)
    shape = (*x.shape[: axis + 1], count, *x.shape[axis + 1 :])
    return flatten(apart(broadcast_to(each, shape)), axis, axis + 1)


def _places(repeats: Tensor, count: int, output_size: int | None) -> np.ndarray:
    """Which place of `count` each of the result comes from."""
    _check_kind(repeats)
    if repeats.shape != (count,):
        raise ShapeError(
            f"repeat_interleave: repeats has shape {repeats.shape} for {count} places; give one "
            "for each, or one for all"
        )
    counts = repeats.numpy()
    if count and (least := counts.min()) < 0:
        raise ShapeError(f"repeat_interleave: repeats has {least}; give integers of at least 0")
    total = sum(counts.tolist())
    _check_size(total, output_size)
    try:
        return np.repeat(np.arange(count), counts.astype(np.int64))
    except (MemoryError, ValueError, OverflowError) as error:
        raise OutOfMemoryError(f"repeat_interleave: the result has {total} places") from error


def _check_kind(repeats: Tensor) -> None:
    if repeats.dtype.kind not in "iu":
        raise DTypeError(
            f"repeat_interleave: repeats is {repeats.dtype.name}; cast it with .to('int64')"
        )


def _check_size(total: int, output_size: int | None) -> None:
    if output_size is not None and whole("repeat_interleave", "output_size", output_size) != total:
        raise ShapeError(
            f"repeat_interleave: output_size is {output_size}, and the repeats make {total}; leave "
            "it out"
        )
