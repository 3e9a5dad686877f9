"""Joining items into batches, in NumPy, and turning batches into Tensors."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.errors import DataError
from cltensor.halves import names_bfloat16
from cltensor.ops.create import tensor
from cltensor.runtime.device import Device, DeviceSpec


class Placed(NamedTuple):
    """An array that becomes a Tensor of that device, unless the loader names another."""

    array: np.ndarray
    device: Device


def default_collate(batch: Sequence[Any]) -> Any:
    """Join items of one structure into a batch of Tensors, along a new first axis.

    Arrays, tensors and NumPy numbers keep their dtype; Python floats become float64, integers
    int64, bools bool. Tuples and lists become lists, named tuples and dictionaries stay what they
    are, each joined member by member; texts and bytes stay as they are.

    Raises:  DataError for anything else, for members that differ in number or keys, and for arrays
             that differ in shape.

    >>> ct.utils.data.default_collate([{"x": 1, "name": "a"}, {"x": 2, "name": "b"}])
    {'x': tensor([1, 2]), 'name': ['a', 'b']}
    """
    return to_device(joined(batch), None)


def default_convert(data: Any) -> Any:
    """Arrays and numbers of NumPy as Tensors, in tuples, lists and dictionaries too; of tuples it
    makes lists, and everything else stays what it is. For a `collate_fn` that joins nothing.

    >>> ct.utils.data.default_convert([np.ones(2, np.float32), "text"])
    [tensor([1., 1.]), 'text']
    """
    if isinstance(data, (np.ndarray, np.generic)) and is_numeric(data):
        return tensor(np.asarray(data))
    if isinstance(data, Mapping):
        return _with(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, (tuple, list)):
        return like(data, [default_convert(member) for member in data])
    return data


def joined(items: Sequence[Any]) -> Any:
    """`default_collate`, but with NumPy arrays: for a thread that leaves the device alone."""
    first = items[0]
    if isinstance(first, (str, bytes)):
        return items
    if isinstance(first, Tensor):
        return Placed(_stack([item.detach()._stored() for item in items]), first.device)
    if isinstance(first, (np.ndarray, np.generic)):
        return _stack(items)
    if isinstance(first, (bool, int, float)):
        return _numbers(items)
    if isinstance(first, Mapping):
        return _mapping(items)
    if isinstance(first, (tuple, list)):
        lengths = {len(item) for item in items}
        if len(lengths) > 1:
            raise DataError(
                f"DataLoader: items of {' and '.join(map(str, sorted(lengths)))} members cannot "
                "be joined into a batch; give items of one length, or a collate_fn"
            )
        return like(first, [joined(part) for part in zip(*items, strict=True)])
    raise DataError(
        f"DataLoader: items of type {type(first).__name__} cannot be joined into a batch; "
        "give a collate_fn"
    )


def _stack(items: Sequence[Any]) -> np.ndarray:
    try:
        array = np.stack(items)
    except ValueError:
        shapes = sorted({np.shape(item) for item in items})
        raise DataError(
            f"DataLoader: arrays of shapes {' and '.join(map(str, shapes))} cannot be joined into "
            "a batch; give arrays of one shape, or a collate_fn"
        ) from None
    if array.dtype.kind not in "biufc" and not names_bfloat16(array.dtype):
        raise DataError(
            f"DataLoader: arrays of {array.dtype} cannot be joined into a batch of tensors; "
            "give numbers, or a collate_fn"
        )
    return array


def _numbers(items: Sequence[Any]) -> np.ndarray:
    if isinstance(items[0], float):
        return np.array(items, np.float64)
    array = np.array(items)
    if array.dtype.kind == "f":  # a float came later: what ct.tensor makes of such a list
        return array.astype(np.float32)
    if array.dtype.kind not in "bi":
        raise DataError(
            f"DataLoader: {items[0]!r} and others cannot be joined into a batch: not all are "
            "numbers that int64 holds; give a collate_fn"
        )
    return array if array.dtype.kind == "b" else array.astype(np.int64)


def _mapping(items: Sequence[Any]) -> Any:
    first = items[0]
    if any(item.keys() != first.keys() for item in items):
        raise DataError(
            "DataLoader: items with different keys cannot be joined into a batch: "
            f"{sorted({tuple(map(str, item)) for item in items})}; give a collate_fn"
        )
    pairs = {key: joined([item[key] for item in items]) for key in first}
    return _with(first, pairs)


def _with(model: Any, pairs: dict[Any, Any]) -> Any:
    """`pairs` in a dictionary of the type of `model`."""
    if type(model) is dict or not isinstance(model, MutableMapping):
        return pairs
    found = copy.copy(model)
    found.update(pairs)
    return found


def like(model: Any, members: list[Any]) -> Any:
    """`members` as a named tuple of the type of `model`, or as a list."""
    if hasattr(model, "_fields"):
        return type(model)(*members)
    return members if isinstance(model, tuple) else type(model)(members)


def mapped(function: Callable[[Any], Any], batch: Any) -> Any:
    """`batch` with function(leaf) for each leaf of its dictionaries, lists and tuples."""
    if isinstance(batch, Placed):
        return function(batch)
    if isinstance(batch, dict):
        return _with(batch, {key: mapped(function, value) for key, value in batch.items()})
    named = isinstance(batch, tuple) and hasattr(batch, "_fields")
    if type(batch) in (tuple, list) or named:
        members = [mapped(function, value) for value in batch]
        return type(batch)(*members) if named else type(batch)(members)
    return function(batch)


def own(batch: Any) -> Any:
    """`batch` with arrays of its own: its maker may use those that it gave again."""
    return mapped(lambda leaf: leaf.copy() if isinstance(leaf, np.ndarray) else leaf, batch)


def is_numeric(array: np.ndarray | np.generic) -> bool:
    """Whether `array` becomes a Tensor where a batch does."""
    return array.dtype.kind in "biufc"


def to_device(batch: Any, device: DeviceSpec) -> Any:
    """`batch` with every array in it made a Tensor, and tuples made lists."""
    if isinstance(batch, Placed):
        return tensor(batch.array, device=batch.device if device is None else device)
    if isinstance(batch, (np.ndarray, np.generic)) and is_numeric(batch):
        return tensor(batch, device=device)
    if isinstance(batch, Tensor):
        return batch if device is None else batch.to(device)
    if isinstance(batch, dict):
        return _with(batch, {key: to_device(value, device) for key, value in batch.items()})
    if isinstance(batch, tuple) and batch and all(isinstance(x, (str, bytes)) for x in batch):
        return batch  # as PyTorch leaves the texts of a tuple's items
    if isinstance(batch, (tuple, list)):
        return like(batch, [to_device(value, device) for value in batch])
    return batch


def moved(batch: Any, device: DeviceSpec) -> Any:
    """`batch` as a collate_fn returned it, but with what it has of Tensors on `device`, if that is
    named; those that come from a worker are made here."""

    def leaf(value: Any) -> Any:
        if isinstance(value, Placed) or (isinstance(value, Tensor) and device is not None):
            return to_device(value, device)
        return value

    return mapped(leaf, batch)
