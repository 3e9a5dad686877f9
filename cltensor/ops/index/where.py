"""where: of two, by a condition; where a condition holds; and what place a number names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cltensor import dtypes
from cltensor.core.checks import NOT_GIVEN, wholes
from cltensor.core.composite import composite
from cltensor.core.op import require_tensor
from cltensor.core.tensor import Tensor
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.elementwise import select
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.index.pick import nonzero


@composite(method=False)
def where(condition: Any, a: Any = NOT_GIVEN, b: Any = NOT_GIVEN) -> Any:
    """a where `condition` holds, b elsewhere; all three broadcast. condition is a bool tensor.

    where(condition) alone gives a vector of indices for each axis, as nonzero does as a tuple.

    >>> ct.where(ct.tensor([True, False]), ct.tensor([1, 2]), ct.tensor([10, 20]))
    tensor([ 1, 20])
    """
    if a is NOT_GIVEN or b is NOT_GIVEN:
        if a is not b:
            raise TypeError("where: takes a condition alone, or two tensors or numbers more")
        require_tensor("where", "condition", condition)
        return nonzero(condition, as_tuple=True)
    return select.where(condition, a, b)


@composite(method=False)
def unravel_index(indices: Tensor, shape: int | Sequence[int]) -> tuple[Tensor, ...]:
    """The coordinates, an int64 tensor for each axis, of elements of an array of that shape, given
    by their numbers in row-major order. As in PyTorch, numbers outside the array count on from its
    other end.

    Raises DTypeError for numbers that are no integers, ShapeError for a shape without elements.

    >>> ct.unravel_index(ct.tensor([5]), (2, 3))
    (tensor([1]), tensor([2]))
    """
    if indices.dtype.kind not in "iu":
        raise DTypeError(f"unravel_index: indices are {indices.dtype.name}; give integers")
    sizes = wholes("unravel_index", "shape", shape)
    if 0 in sizes:
        raise ShapeError(f"unravel_index: an array of shape {sizes} has no elements to name")
    found, step, indices = [], 1, astype(indices, dtypes.int64)
    for n in reversed(sizes):
        found.append((indices // step) % n)
        step *= n
    return tuple(reversed(found))
