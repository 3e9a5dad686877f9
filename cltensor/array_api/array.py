"""The array of the Python array API standard: a Tensor whose operators follow it.

An `Array` is a Tensor in all else: the same elements, the same place in a graph, the same methods.
What differs is how dtypes promote: here arrays without dimensions count as any other.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from functools import reduce, wraps
from types import SimpleNamespace
from typing import Any, TypeVar

from cltensor import dtypes
from cltensor.autograd import creation
from cltensor.core.composite import gather
from cltensor.core.tensor import Tensor
from cltensor.errors import ShapeError
from cltensor.ops import modules
from cltensor.ops.shape.cut import cut_op
from cltensor.runtime.device import Device

F = TypeVar("F", bound=Callable[..., Any])

#: The functions of the main namespace, which those of the standard are made of.
main: Any = SimpleNamespace(**gather([*modules(), creation]))
of_linalg: Any = SimpleNamespace(**gather(modules(), "linalg"))
of_fft: Any = SimpleNamespace(**gather(modules(), "fft"))


class Array(Tensor):
    """A Tensor with the operators, and the members, of the Python array API standard.

    Made by the functions of `cltensor.array_api`; `asarray(tensor)` makes one of a Tensor, which
    shares its elements and its place in the graph.

    >>> x = xp.asarray([[1, 2], [3, 4]])
    >>> isinstance(x, ct.Tensor), x.mT
    (True, tensor([[1, 3],
            [2, 4]]))
    """

    __slots__ = ()

    @property
    def T(self) -> Any:
        """The matrix transposed. Raises ShapeError unless there are two dimensions."""
        require_dimensions("T", self, 2, 2)
        return as_array(main.t(self), (self,))

    @property
    def mT(self) -> Any:
        """Each matrix of the stack transposed. Raises ShapeError below two dimensions."""
        require_dimensions("mT", self, 2)
        return as_array(main.swapaxes(self, -1, -2), (self,))

    def __getitem__(self, key: Any) -> Any:
        return as_array(main.getitem(self, key), (self,))

    def to_device(self, device: Device | str, /, *, stream: None = None) -> Any:
        """The array on another device; itself if it is there. stream: None only."""
        if stream is not None:
            raise ValueError(
                f"to_device: stream is {stream!r}, and OpenCL has none to give; leave it out"
            )
        return as_array(main.to(self, device=device), (self,))


def as_array(result: Any, given: Iterable[Any] = ()) -> Any:
    """`result` as an Array, of a tuple or list all of its tensors; what is no tensor stays.

    What an operation made becomes one where it is. What it was `given` and returned is somebody
    else's Tensor, and is shown by a view.
    """
    kind = type(result)
    if kind is Tensor or (kind is not Array and isinstance(result, Tensor)):
        if kind is not Tensor or any(result is x for x in given):
            result = cut_op(result, tuple([(0, 1, n) for n in result.shape]))
        result.__class__ = Array
    elif isinstance(result, (tuple, list)):
        return tuple([as_array(x, given) for x in result])
    return result


def standard(function: F) -> F:
    """Decorator of the functions of the standard: their results are Arrays."""

    @wraps(function)
    def with_arrays(*args: Any, **kwargs: Any) -> Any:
        given: list[Any] = []
        for x in (*args, *kwargs.values()):
            if isinstance(x, (tuple, list)):
                given += x
            else:
                given.append(x)
        return as_array(function(*args, **kwargs), given)

    return with_arrays  # type: ignore[return-value]


def common(*operands: Any) -> tuple[Any, ...]:
    """`operands`, the tensors among them cast to the dtype that they have in common.

    Numbers stay as they are: they only lift the kind. Raises DTypeError where there is none.
    """
    found = [x.dtype for x in operands if isinstance(x, Tensor)]
    if len(set(found)) < 2:
        return operands
    dtype = reduce(dtypes.promote, found)
    return tuple([main.astype(x, dtype) if isinstance(x, Tensor) else x for x in operands])


def require_dimensions(operation: str, x: Tensor, least: int, most: int | None = None) -> None:
    """Raise ShapeError unless x has from `least` to `most` dimensions."""
    if x.ndim < least or (most is not None and x.ndim > most):
        wanted = f"{least}" if most == least else f"at least {least}"
        raise ShapeError(
            f"{operation}: an array of shape {x.shape} has {x.ndim} dimensions, not {wanted}; "
            "reshape it, or index it first"
        )


def axes_of(axis: int | tuple[int, ...]) -> tuple[int, ...]:
    """One axis or several as a tuple."""
    return axis if isinstance(axis, tuple) else (operator.index(axis),)
