"""Sequences of different lengths in one tensor: padded, or packed for recurrent layers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from cltensor.autograd.creation import tensor
from cltensor.core.tensor import Tensor
from cltensor.dtypes import int64
from cltensor.errors import ShapeError
from cltensor.ops.elementwise.cast import astype, full, scalar_of
from cltensor.ops.elementwise.select import masked_fill
from cltensor.ops.index.pick import index_select
from cltensor.ops.shape.join import concat, stack
from cltensor.ops.shape.view import reshape, swapaxes

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class _Fields(NamedTuple):
    data: Any
    batch_sizes: Any
    sorted_indices: Any = None
    unsorted_indices: Any = None


class PackedSequence(_Fields):
    """The elements of several sequences, step by step, without padding.

    Made by `pack_padded_sequence` and `pack_sequence`, taken and given by recurrent layers.

    Args:    data (N, *): first the first elements of all sequences, the longest sequence first,
             then the second ones of those that have two, and so on; batch_sizes (T,): how many each
             step has; sorted_indices, unsorted_indices (B,): which of the sequences as they were
             given is the longest, ...; and where among these each of those is.

    >>> packed = nn.utils.rnn.pack_sequence([ct.tensor([1, 2, 3]), ct.tensor([4, 5])])
    >>> packed.data, packed.batch_sizes
    (tensor([1, 4, 2, 5, 3]), tensor([2, 2, 1]))
    """

    #: batch_sizes and sorted_indices where the host knows them, which saves reading them.
    _sizes: tuple[int, ...] | None = None
    _order: np.ndarray | None = None

    def __new__(
        cls,
        data: Any,
        batch_sizes: Any = None,
        sorted_indices: Any = None,
        unsorted_indices: Any = None,
    ) -> PackedSequence:
        if batch_sizes is None:
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    @property
    def sizes(self) -> tuple[int, ...]:
        """batch_sizes as numbers."""
        if self._sizes is None:
            self._sizes = tuple([int(n) for n in self.batch_sizes.tolist()])
        return self._sizes

    @property
    def order(self) -> np.ndarray | None:
        """sorted_indices as numbers."""
        if self._order is None and self.sorted_indices is not None:
            self._order = np.asarray(self.sorted_indices.tolist(), np.int64)
        return self._order

    def with_data(self, data: Any) -> PackedSequence:
        """The same sequences with other elements."""
        found = PackedSequence(data, *self[1:])
        found._sizes, found._order = self._sizes, self._order
        return found

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The data as `Tensor.to` gives it, and the indices on its device."""
        data = self.data.to(*args, **kwargs)
        if data is self.data:
            return self
        moved = [None if t is None else t.to(data.device) for t in self[2:]]
        found = PackedSequence(data, self.batch_sizes, *moved)
        found._sizes, found._order = self._sizes, self._order
        return found

    def cpu(self) -> PackedSequence:
        """Itself: the host reads the data wherever they are."""
        return self

    def cuda(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The data as `Tensor.cuda` gives them."""
        return self.to(self.data.cuda(*args, **kwargs).device)

    def pin_memory(self) -> PackedSequence:
        """Itself."""
        return self

    @property
    def is_cuda(self) -> bool:
        """As the data's."""
        return self.data.is_cuda

    def is_pinned(self) -> bool:
        """As the data's."""
        return self.data.is_pinned()


def _converted(name: str) -> Any:
    def convert(self: PackedSequence) -> PackedSequence:
        return self.to(getattr(self.data, name)().dtype)

    convert.__name__ = convert.__qualname__ = name
    convert.__doc__ = f"The data as `Tensor.{name}` gives them."
    return convert


for _name in ("double", "float", "half", "long", "int", "short", "char", "byte"):
    setattr(PackedSequence, _name, _converted(_name))


def invert_permutation(permutation: Any) -> Any:
    """Where each place went: the permutation that undoes `permutation`; None for None.

    >>> nn.utils.rnn.invert_permutation(ct.tensor([2, 0, 1]))
    tensor([1, 2, 0])
    """
    return None if permutation is None else permutation.argsort()


def _lengths(operation: str, lengths: Any) -> np.ndarray:
    """Lengths as whole numbers, each more than 0. Raises ShapeError for others."""
    given = lengths.tolist() if isinstance(lengths, Tensor) else lengths
    found = np.asarray([int(n) for n in given], np.int64)
    if not len(found) or found.min() <= 0:
        raise ShapeError(
            f"{operation}: lengths are {found.tolist()}; give one or more, each greater than 0"
        )
    return found


def pack_padded_sequence(
    input: Any, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack the sequences of a padded batch.

    Args:    input (T, B, *), or (B, T, *) where batch_first; lengths: B numbers, a tensor or a
             sequence; enforce_sorted: they are sorted, the longest first, as ONNX wants it. Without
             it they may be in any order.
    Raises:  ShapeError for lengths that are not B, not sorted, or not from 1 to T.

    >>> packed = nn.utils.rnn.pack_padded_sequence(ct.tensor([[1, 4], [2, 5], [3, 0]]), [3, 2])
    >>> packed.data
    tensor([1, 4, 2, 5, 3])
    """
    name = "pack_padded_sequence"
    found = _lengths(name, lengths)
    if input.ndim < 2:
        raise ShapeError(f"{name}: input has shape {tuple(input.shape)}; give (T, B, ...)")
    samples, steps = input.shape[:2] if batch_first else input.shape[1::-1]
    if len(found) != samples or found.max() > steps:
        raise ShapeError(
            f"{name}: lengths are {found.tolist()} for input of shape {tuple(input.shape)}; give "
            f"{samples}, each at most {steps}"
        )
    order = None
    if not enforce_sorted:
        order = np.argsort(-found, kind="stable")
        found = found[order]
    elif np.any(found[1:] > found[:-1]):
        raise ShapeError(
            f"{name}: lengths are {found.tolist()}; sort them, the longest first, or pass "
            "enforce_sorted=False"
        )
    sizes = tuple(int(n) for n in (found > np.arange(found[0])[:, None]).sum(1))
    columns = np.arange(samples) if order is None else order
    by_sample, by_step = (steps, 1) if batch_first else (1, samples)
    rows = np.concatenate([columns[:n] * by_sample + t * by_step for t, n in enumerate(sizes)])
    data = index_select(reshape(input, (samples * steps, *input.shape[2:])), 0, rows)
    indices = None if order is None else tensor(order, device=input.device)
    packed = PackedSequence(data, tensor(sizes, dtype=int64), indices)
    packed._sizes, packed._order = sizes, order
    return packed


@lru_cache(maxsize=64)
def _lengths_of(sizes: tuple[int, ...]) -> np.ndarray:
    return (np.asarray(sizes) > np.arange(sizes[0])[:, None]).sum(1)


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Any, Any]:
    """The padded batch of packed sequences, in the order in which they were given.

    Args:    total_length: T, the length of the longest if left out.
    Returns: ((T, B, *), or (B, T, *) where batch_first; lengths (B,), int64).
    Raises:  ValueError for a total_length that is less than the longest length.

    >>> packed = nn.utils.rnn.pack_sequence([ct.tensor([1, 2, 3]), ct.tensor([4, 5])])
    >>> padded, lengths = nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)
    >>> padded, lengths
    (tensor([[1, 2, 3],
            [4, 5, 0]]), tensor([3, 2]))
    """
    sizes, order = sequence.sizes, sequence.order
    steps = len(sizes) if total_length is None else total_length
    if steps < len(sizes):
        raise ValueError(
            f"pad_packed_sequence: total_length is {total_length}; give {len(sizes)} or more, the "
            "length of the longest sequence"
        )
    lengths = _lengths_of(sizes)
    column = np.arange(sizes[0]) if order is None else np.argsort(order)
    lengths = lengths[column]
    starts = np.zeros(steps, np.int64)
    starts[: len(sizes)] = np.cumsum([0, *sizes[:-1]])
    rows, there = starts[:, None] + column, np.arange(steps)[:, None] < lengths
    if batch_first:
        rows, there = rows.T, there.T
    found = _spread("pad_packed_sequence", sequence.data, rows, there, padding_value)
    return found, tensor(lengths, dtype=int64)


def _spread(name: str, data: Any, rows: np.ndarray, there: np.ndarray, padding: float) -> Any:
    """The rows of data that are listed, `padding` where none is there."""
    padding = scalar_of(name, padding, data.dtype)
    found = index_select(data, 0, np.where(there, rows, 0).ravel())
    found = reshape(found, (*rows.shape, *data.shape[1:]))
    if there.all():
        return found
    mask = tensor(~there.reshape(*there.shape, *[1] * (data.ndim - 1)), device=data.device)
    return masked_fill(found, mask, padding)


def pad_sequence(
    sequences: Any,
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Any:
    """A batch of sequences (L, *) of different lengths, filled up with padding_value.

    Args:    padding_side: at which end to fill up, "right" or "left".
    Returns: (T, B, *), or (B, T, *) where batch_first, for the longest length T; of the first
             sequence's dtype, to which padding_value is cast.
    Raises:  ShapeError for no sequences, or sizes but the first that differ; DTypeError for a
             padding_value that the dtype does not hold.

    >>> nn.utils.rnn.pad_sequence([ct.tensor([1, 2, 3]), ct.tensor([4])], batch_first=True)
    tensor([[1, 2, 3],
            [4, 0, 0]])
    """
    if padding_side not in ("left", "right"):
        raise ValueError(f"pad_sequence: padding_side is {padding_side!r}; it is 'left' or 'right'")
    if not isinstance(sequences, Iterable):
        raise ShapeError(
            f"pad_sequence: sequences are {type(sequences).__name__}; give a list of tensors"
        )
    given = list(sequences)
    shapes = [tuple(s.shape) for s in given]
    if not given or len({s[1:] for s in shapes}) > 1 or () in shapes:
        raise ShapeError(
            f"pad_sequence: sequences have shapes {shapes}; give one or more that differ in the "
            "first size only"
        )
    dtype, device = given[0].dtype, given[0].device
    given = [s if s.dtype == dtype else astype(s, dtype) for s in given]
    lengths = np.asarray([s[0] for s in shapes], np.int64)
    if device.is_host:  # a worker of a loader, which computes nothing
        padding = scalar_of("pad_sequence", padding_value, dtype)
        turn = -1 if padding_side == "left" else 1
        missing = [(int(lengths.max()) - s[0], *s[1:]) for s in shapes]
        rests = [full(shape, padding, dtype, device) for shape in missing]
        each = [concat([s, rest][::turn]) for s, rest in zip(given, rests, strict=True)]
        return stack(each, 0 if batch_first else 1)
    steps = int(lengths.max())
    starts = np.cumsum([0, *lengths[:-1]])
    places = np.arange(steps)[:, None] - (steps - lengths if padding_side == "left" else 0)
    rows, there = starts + places, (places >= 0) & (places < lengths)
    if batch_first:
        rows, there = rows.T, there.T
    data = concat(given)
    if not data.shape[0]:
        return reshape(data, (*rows.shape, *shapes[0][1:]))
    return _spread("pad_sequence", data, rows, there, padding_value)


def unpad_sequence(padded_sequences: Any, lengths: Any, batch_first: bool = False) -> list[Any]:
    """The sequences of a padded batch, each of its length.

    Args:    padded_sequences (T, B, *), or (B, T, *) where batch_first; lengths: B numbers.
    Raises:  ValueError for lengths that are not B.

    >>> nn.utils.rnn.unpad_sequence(
    ...     ct.tensor([[1, 2], [4, 0]]), ct.tensor([2, 1]), batch_first=True
    ... )
    [tensor([1, 2]), tensor([4])]
    """
    each = padded_sequences if batch_first else swapaxes(padded_sequences, 0, 1)
    counts = lengths.tolist() if isinstance(lengths, Tensor) else list(lengths)
    if len(counts) != each.shape[0]:
        raise ShapeError(
            f"unpad_sequence: {len(counts)} lengths for {each.shape[0]} sequences; give one for "
            "each"
        )
    return [each[k, : int(n)] for k, n in enumerate(counts)]


def pack_sequence(sequences: Sequence[Any], enforce_sorted: bool = True) -> PackedSequence:
    """Pack a list of sequences (L, *).

    enforce_sorted: they are sorted, the longest first.

    >>> nn.utils.rnn.pack_sequence([ct.tensor([1, 2, 3]), ct.tensor([4, 5])]).batch_sizes
    tensor([2, 2, 1])
    """
    lengths = [s.shape[0] for s in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Any]:
    """The list of sequences (L, *) that were packed.

    >>> packed = nn.utils.rnn.pack_sequence([ct.tensor([1, 2, 3]), ct.tensor([4, 5])])
    >>> nn.utils.rnn.unpack_sequence(packed)
    [tensor([1, 2, 3]), tensor([4, 5])]
    """
    return unpad_sequence(*pad_packed_sequence(packed_sequences, True), batch_first=True)
