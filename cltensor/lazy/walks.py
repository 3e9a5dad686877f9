"""How kernels for GPUs go over an iteration space: vectors of neighbours, and no division.

GPUs divide in some 25 instructions, more than most expressions have. So kernels get for each size
that they divide by two numbers with which they multiply and shift instead, and work-items take four
neighbours along the innermost dimension where those lie in whole vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import NamedTuple

from cltensor.lazy.operands import STRIDED, UNIT

#: Neighbours that a work-item takes at a time: 16 bytes of floats.
WIDTH = 4


class Walk(NamedTuple):
    """How a kernel goes over an iteration space, as far as its source must know.

    width: neighbours along the innermost dimension that a work-item takes at a time; divides:
    whether the sizes are followed by what `divisors` gives; tile: the dimension of tiles whose
    other one is the innermost, -1 where it goes by rows; flat: which operands lie as the iteration
    space does, so that where one is needs no coordinates.
    """

    width: int
    divides: bool
    tile: int = -1
    flat: tuple[bool, ...] = ()


#: Elements along each side of a tile, bytes that tiles of all operands may take, and elements of
#: the smallest space that is walked by tiles.
TILE, _ROOM, _LEAST_TILED = 32, 16 << 10, 1 << 14

#: Element by element, with the divisions that there are.
PLAIN = Walk(1, False)


def divisor(d: int) -> tuple[int, int]:
    """A magic number, as a signed one of 32 bits, and a shift: the floor of a / d is that of
    (high half of magic * a, plus a) >> shift, for 0 <= a < 2^31."""
    shift = (d - 1).bit_length()
    magic = ((1 << 32) * ((1 << shift) - d)) // d + 1
    return magic - (1 << 32 if magic >> 31 else 0), shift


@lru_cache(maxsize=16384)
def divisors(sizes: tuple[int, ...], width: int) -> tuple[int, ...]:
    """What divides by each of `sizes` but the first, of which the last counts vectors."""
    counts = [*sizes[1:-1], sizes[-1] // width] if len(sizes) > 1 else []
    return tuple([number for n in counts for number in divisor(max(n, 1))])


@lru_cache(maxsize=16384)
def tiles_of(sizes: tuple[int, ...], axis: int) -> tuple[int, ...]:
    """How many tiles there are along each dimension, those of TILE by TILE elements along `axis`
    and the last."""
    return tuple([-(-n // TILE) if d in (axis, len(sizes) - 1) else n for d, n in enumerate(sizes)])


@lru_cache(maxsize=16384)
def tile_of(
    sizes: tuple[int, ...], flags: tuple[tuple[int, ...], ...], itemsizes: tuple[int, ...]
) -> int:
    """The dimension along which operands are dense that are not along the innermost one, -1 where
    there is none, or several, or tiles would take much memory or be few or mostly empty."""
    found, room = set(), 0
    for along, itemsize in zip(flags, itemsizes, strict=True):
        if along[-1] == STRIDED and UNIT in along:
            found.add(along.index(UNIT))
            room += itemsize * TILE * (TILE + 1)
    axis = found.pop() if len(found) == 1 else -1
    fits = axis >= 0 and room <= _ROOM and prod(sizes) >= _LEAST_TILED
    return axis if fits and min(sizes[axis], sizes[-1]) >= TILE // 2 else -1


@lru_cache(maxsize=16384)
def width_of(
    sizes: tuple[int, ...],
    flags: tuple[tuple[int, ...], ...],
    strides: tuple[int, ...],
    offsets: tuple[int, ...],
    rest: bool,
) -> int:
    """How many neighbours a work-item takes: WIDTH, if all operands that are dense along the
    innermost dimension have whole vectors there, else 1. offsets: where operands start, less
    multiples of WIDTH; rest: whether what a row has beside whole vectors is seen to."""
    if sizes[-1] < WIDTH or (sizes[-1] % WIDTH and not rest):
        return 1
    given = iter(strides)
    for along, offset in zip(flags, offsets, strict=True):
        steps = [next(given) if flag == STRIDED else flag for flag in along]
        if along[-1] == UNIT and any(step % WIDTH for step in (offset, *steps[:-1])):
            return 1
    return WIDTH


@lru_cache(maxsize=16384)
def flat_of(
    sizes: tuple[int, ...], flags: tuple[tuple[int, ...], ...], strides: tuple[int, ...]
) -> tuple[bool, ...]:
    """Which operands lie row-major and without gaps; none where there is one dimension."""
    if len(sizes) == 1:
        return ()
    given, dense = iter(strides), [prod(sizes[d + 1 :]) for d in range(len(sizes))]
    steps = [[next(given) if flag == STRIDED else flag for flag in along] for along in flags]
    return tuple([found == dense for found in steps])


def offsets_of(starts: Sequence[int]) -> tuple[int, ...]:
    """Where operands start, as far as `width_of` must know."""
    return tuple([start % WIDTH for start in starts])
