"""Products and convolutions in several launches, where one would be too many groups or take too
long.

Drivers refuse more groups along the second and third dimension of a grid than they count there, and
end what runs for seconds on the chip that also shows the screen.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

import numpy as np

from cltensor.runtime.device import Device

#: Seconds that a launch on an integrated GPU may take by the estimate below.
_LONGEST = 0.5
#: What of the peak they reach at least, as small chips do.
_SHARE = 0.1


class Axis(NamedTuple):
    """A batch dimension: its size, and its stride in both operands."""

    size: int
    a: int
    b: int


class Piece(NamedTuple):
    """What one launch computes of a batch of products: the first of its products, and of their
    rows; where that product's operands start; its batch, of two dimensions at most; its rows."""

    first: int
    row: int
    a: int
    b: int
    batch: tuple[Axis, ...]
    rows: int


def most_at_once(device: Device, tile: int, splits: int, m: int, n: int, k: int) -> tuple[int, int]:
    """How many products of m x k by k x n, each in `splits` parts, a launch may have, and how many
    rows if one alone is too much. tile: rows of a group along the second dimension of the grid, 0
    if they lie along the first."""
    products, rows = max(1, device.max_groups // splits), m
    if tile:
        rows = min(rows, device.max_groups * tile)
    if device.is_integrated:
        sums = int(_LONGEST * _SHARE * device.peak) // k
        products = max(1, min(products, sums // (m * n)))
        if tile and m * n > sums:
            rows = min(rows, max(1, sums // n // tile) * tile)
    return products, rows


class Box(NamedTuple):
    """What one launch takes of a grid: groups along the first dimension from `tile` on, and along
    the third from `first` on."""

    tile: int
    tiles: int
    first: int
    deep: int


def boxes(device: Device, tiles: int, deep: int, sums: int) -> list[Box]:
    """How launches share a grid of `tiles` groups along the first dimension and `deep` along the
    third; sums: multiply-adds of those along the second at one place."""
    most, most_deep = tiles, min(deep, device.max_groups)
    if device.is_integrated:
        budget = max(1, int(_LONGEST * _SHARE * device.peak) // sums)
        most_deep = max(1, min(most_deep, budget // tiles))
        most = min(tiles, budget)
    return [
        Box(tile, min(most, tiles - tile), first, min(most_deep, deep - first))
        for first in range(0, deep, most_deep)
        for tile in range(0, tiles, most)
    ]


def pieces(batch: tuple[Axis, ...], rows: int, most: int, most_rows: int) -> Iterator[Piece]:
    """A batch of products of `rows` rows each, at most `most` of them at a time; where those are
    more than `most_rows`, one at a time and in so many rows."""
    if rows > most_rows:
        most = 1
    inner = batch[-2:]
    if prod([axis.size for axis in inner]) > most:
        inner = inner[-1:]
    outer = batch[: len(batch) - len(inner)]
    (size, a_step, b_step) = inner[0] if len(inner) == 1 else (1, 0, 0)
    each = min(size, most)
    count = prod([axis.size for axis in inner])
    for position, index in enumerate(np.ndindex(*[axis.size for axis in outer])):
        a = sum(i * axis.a for i, axis in zip(index, outer, strict=True))
        b = sum(i * axis.b for i, axis in zip(index, outer, strict=True))
        for start in range(0, size, each):
            own = (Axis(min(each, size - start), a_step, b_step),) if len(inner) == 1 else inner
            first = position * count + start
            for row in range(0, rows, most_rows):
                yield Piece(
                    first, row, a + start * a_step, b + start * b_step, own,
                    min(most_rows, rows - row),
                )  # fmt: skip
