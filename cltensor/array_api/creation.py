"""The creation functions of the standard."""

from __future__ import annotations

from typing import Any

from cltensor import dtypes
from cltensor.array_api.array import Array, main, standard
from cltensor.io import dlpack

Shape = int | tuple[int, ...]


@standard
def arange(
    start: float, /, stop: float | None = None, step: float = 1, *, dtype: Any = None,
    device: Any = None,
) -> Any:  # fmt: skip
    """start, start + step, ... below `stop`; of one number, from 0 to below it.

    >>> xp.arange(1, 10, 3)
    tensor([1, 4, 7])
    """
    return main.arange(start, stop, step, dtype=dtype, device=device)


@standard
def asarray(obj: Any, /, *, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Any:
    """`obj` (an array, numbers, nested sequences, anything with a buffer) as an Array.

    What is a Tensor of that dtype and on that device already is shared, with its place in the
    graph, unless copy is True. Raises ValueError where copy=False cannot be kept.

    >>> xp.asarray(np.float32([1.5, 2.0])) + 1
    tensor([2.5000, 3.0000])
    """
    return main.asarray(obj, dtype=dtype, device=device, copy=copy)


@standard
def empty(shape: Shape, *, dtype: Any = None, device: Any = None) -> Any:
    """Undefined elements.

    >>> xp.empty((2, 3)).shape
    Size([2, 3])
    """
    return main.empty(shape, dtype=dtype, device=device)


@standard
def empty_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    """Undefined elements, else like x.

    >>> xp.empty_like(xp.ones((2, 3)), dtype=xp.int8).dtype
    dtype('int8')
    """
    return main.empty_like(x, dtype=dtype, device=device)


@standard
def eye(
    n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = None, device: Any = None
) -> Any:
    """The matrix with ones on its diagonal number k, zeros elsewhere.

    >>> xp.eye(2, 3, k=1)
    tensor([[0., 1., 0.],
            [0., 0., 1.]])
    """
    return main.eye(n_rows, n_cols, k=k, dtype=dtype, device=device)


@standard
def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Any:
    """An Array of what speaks DLPack; see `cltensor.from_dlpack`.

    >>> xp.from_dlpack(np.arange(3))
    tensor([0, 1, 2])
    """
    return dlpack.from_dlpack(x, device=device, copy=copy)


@standard
def full(shape: Shape, fill_value: complex, *, dtype: Any = None, device: Any = None) -> Any:
    """`fill_value` everywhere.

    >>> xp.full((2, 2), 7)
    tensor([[7, 7],
            [7, 7]])
    """
    return main.full(shape, fill_value, dtype=dtype, device=device)


@standard
def full_like(x: Any, /, fill_value: complex, *, dtype: Any = None, device: Any = None) -> Any:
    """`fill_value` everywhere, else like x.

    >>> xp.full_like(xp.asarray([1, 2]), 5)
    tensor([5, 5])
    """
    return main.full_like(x, fill_value, dtype=dtype, device=device)


@standard
def linspace(
    start: complex, stop: complex, /, num: int, *, dtype: Any = None, device: Any = None,
    endpoint: bool = True,
) -> Any:  # fmt: skip
    """`num` numbers evenly spread from `start` to `stop`, which is the last one if `endpoint`.

    >>> xp.linspace(0, 1, 4, endpoint=False)
    tensor([0.0000, 0.2500, 0.5000, 0.7500])
    """
    if dtype is None and (isinstance(start, complex) or isinstance(stop, complex)):
        dtype = dtypes.default_complex
    found = main.linspace(start, stop, num + (not endpoint), dtype=dtype, device=device)
    return found if endpoint else found[:num]


@standard
def meshgrid(*arrays: Any, indexing: str = "xy") -> tuple[Array, ...]:
    """Coordinate matrices of coordinate vectors.

    >>> xs, ys = xp.meshgrid(xp.asarray([1, 2]), xp.asarray([10, 20, 30]))
    >>> xs.shape, ys[:, 0]
    (Size([3, 2]), tensor([10, 20, 30]))
    """
    return main.meshgrid(*arrays, indexing=indexing)


@standard
def ones(shape: Shape, *, dtype: Any = None, device: Any = None) -> Any:
    """Ones.

    >>> xp.ones((2, 2), dtype=xp.int32)
    tensor([[1, 1],
            [1, 1]], dtype=int32)
    """
    return main.ones(shape, dtype=dtype, device=device)


@standard
def ones_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    """Ones, else like x.

    >>> xp.ones_like(xp.asarray([5, 6]))
    tensor([1, 1])
    """
    return main.ones_like(x, dtype=dtype, device=device)


@standard
def tril(x: Any, /, *, k: int = 0) -> Any:
    """The elements up to diagonal k, zeros above it.

    >>> xp.tril(xp.ones((2, 2)))
    tensor([[1., 0.],
            [1., 1.]])
    """
    return main.tril(x, k)


@standard
def triu(x: Any, /, *, k: int = 0) -> Any:
    """The elements from diagonal k on, zeros below it.

    >>> xp.triu(xp.ones((2, 2)), k=1)
    tensor([[0., 1.],
            [0., 0.]])
    """
    return main.triu(x, k)


@standard
def zeros(shape: Shape, *, dtype: Any = None, device: Any = None) -> Any:
    """Zeros.

    >>> xp.zeros((2, 2))
    tensor([[0., 0.],
            [0., 0.]])
    """
    return main.zeros(shape, dtype=dtype, device=device)


@standard
def zeros_like(x: Any, /, *, dtype: Any = None, device: Any = None) -> Any:
    """Zeros, else like x.

    >>> xp.zeros_like(xp.asarray([5, 6]))
    tensor([0, 0])
    """
    return main.zeros_like(x, dtype=dtype, device=device)
