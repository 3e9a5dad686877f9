"""Roots of unity on the device: computed once, in double precision, and kept within a bound."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from cltensor.core.tensor import Tensor
from cltensor.lazy.fusion import stored
from cltensor.runtime.copies import write
from cltensor.runtime.device import Device

#: Bytes of tables that a device keeps; those used last stay.
LIMIT = 64 << 20
_tables: OrderedDict[tuple[Any, ...], Tensor] = OrderedDict()


def table(
    device: Device, dtype: np.dtype, make: Callable[..., np.ndarray], *numbers: int
) -> Tensor:
    """What `make` gives for `numbers`, as `dtype` on the device. Its elements never change."""
    key = (device, dtype, make, *numbers)
    with device.lock:
        found = _tables.get(key)
        if found is None:
            array = np.ascontiguousarray(make(*numbers), dtype)
            buffer = device.pool.root.allocate(array.nbytes)
            write(buffer, array)
            found = Tensor(stored(array.shape, dtype, device, buffer))
            _tables[key] = found
            _forget(device, key)
        else:
            _tables.move_to_end(key)
    if device.recorder is not None:
        device.recorder.constant(found.buffer)
    return found


def _forget(device: Device, newest: tuple[Any, ...]) -> None:
    """Let go of the tables of `device` that were not used for longest, beyond the limit."""
    own = [key for key in _tables if key[0] is device]
    total = sum(_tables[key].nbytes for key in own)
    for key in own:
        if total <= LIMIT or key == newest:
            return
        total -= _tables.pop(key).nbytes


def roots(n: int) -> np.ndarray:
    """exp(-2 pi i k / n) for k from 0 to n - 1."""
    return _root(np.arange(n), n)


def crossed(rows: int, columns: int, width: int) -> np.ndarray:
    """exp(-2 pi i k j / n) for k below `rows` and j below `columns`, n their product: blocks of
    `width` columns, one after the other, as they are read."""
    found = _root(np.outer(np.arange(rows), np.arange(columns)), rows * columns)
    return found.reshape(rows, columns // width, width).transpose(1, 0, 2)


def chirp(n: int) -> np.ndarray:
    """exp(-pi i k^2 / n) for k from 0 to n - 1. Squares are reduced first: they grow beyond what
    a float tells apart."""
    k = np.arange(n, dtype=np.int64)
    return _root(k * k % (2 * n), 2 * n)


def _root(k: np.ndarray, n: int) -> np.ndarray:
    """exp(-2 pi i k / n), exact at the quarters: angles are counted from the nearest one."""
    quarter = (8 * k + n) // (2 * n)
    angle = (4 * k - quarter * n) * (np.pi / 2 / n)
    c, s = np.cos(angle), np.sin(angle)
    turn = quarter % 4
    return np.choose(turn, [c, -s, -c, s]) - 1j * np.choose(turn, [s, c, -s, -c])
