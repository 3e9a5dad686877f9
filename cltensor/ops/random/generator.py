"""Streams of random numbers: a seed, and how much of its stream is used up.

A counter-based generator (Philox 4x32-10) makes element i a function of seed and position alone, so
a Generator is two host numbers and works for all devices. Each draw uses up the counters it needs;
the next one goes on behind it.
"""

from __future__ import annotations

import operator
import os
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from cltensor.core.checks import whole
from cltensor.core.composite import composite
from cltensor.errors import StateError
from cltensor.runtime.device import Device as _Device
from cltensor.runtime.device import DeviceSpec, recording

if TYPE_CHECKING:
    pass

_MASK, _WORD = (1 << 64) - 1, (1 << 32) - 1


class Mark:
    """A place in a stream, to go back to; in a replay of a recorded call, the one that it found."""

    __slots__ = ("state",)

    state: tuple[int, int]


class Generator:
    """A stream of random numbers: a seed and the number of counters used so far.

    Args:    seed: any integer, taken modulo 2^64; None draws one from the operating system;
             device: any, as a generator works for all devices.
    Source:  Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3" (2011).

    >>> g = ct.Generator().manual_seed(7)
    >>> bool(
    ...     (
    ...         ct.rand(3, generator=g) == ct.rand(3, generator=ct.Generator().manual_seed(7))
    ...     ).all()
    ... )
    True
    """

    def __init__(self, seed: Any = None, device: DeviceSpec = None) -> None:
        self._lock = threading.Lock()
        if isinstance(seed, (str, _Device)):  # PyTorch's Generator("cuda")
            seed = None
        if seed is None and recording.current is not None:
            recording.current.spoiled = True  # each call has a stream of its own
        self.manual_seed(int.from_bytes(os.urandom(8), "little") if seed is None else seed)

    def manual_seed(self, seed: int) -> Generator:
        """Start again from the beginning of the stream of `seed`, any integer.

        Raises:  ShapeError for what is none.
        """
        self.set_state((whole("manual_seed", "seed", seed, -(1 << 64), 1 << 64), 0))
        return self

    def seed(self) -> int:
        """Start a stream from a seed of the operating system; returns it."""
        if recording.current is not None:
            recording.current.spoiled = True  # each call has a stream of its own
        return self.manual_seed(int.from_bytes(os.urandom(8), "little")).initial_seed()

    def initial_seed(self) -> int:
        """The seed that the stream started from."""
        return self._seed

    def spawn(self, count: int) -> list[Generator]:
        """`count` generators of streams that are independent of this one and of each other.

        Their seeds are words that this generator draws, so the same state spawns the same ones.
        """
        seed, first = self.take(whole("spawn", "count", count))
        return [Generator(_mixed(seed, first + i)) for i in range(count)]

    def clone_state(self) -> Generator:
        """Another generator in the same state."""
        other = Generator(0)
        other.set_state(self.get_state())
        return other

    def get_state(self) -> tuple[int, int]:
        """(seed, counters used): give it to `set_state` to draw the same numbers again."""
        if recording.current is not None:
            recording.current.spoiled = True  # another call finds another state
        with self._lock:
            return self._seed, self._offset

    def set_state(self, state: Sequence[int]) -> None:
        """Continue from a state that `get_state` returned.

        Raises:  StateError for anything else; the stream is as before then.
        """
        try:
            seed, offset = (operator.index(number) & _MASK for number in state)
        except (TypeError, ValueError):
            raise StateError(
                f"set_state: {state!r} is no state of a generator; give the pair of integers that "
                "get_state() or ct.get_rng_state() returned"
            ) from None

        def set_now() -> None:
            with self._lock:
                self._seed, self._offset = seed, offset

        _also_in_replays(set_now)

    def mark(self) -> Mark:
        """The place where the stream is now, for `go_back`."""
        found = Mark()

        def note() -> None:
            with self._lock:
                found.state = self._seed, self._offset

        _also_in_replays(note)
        return found

    def go_back(self, mark: Mark) -> None:
        """Continue from a place that was marked."""

        def move() -> None:
            with self._lock:
                self._seed, self._offset = mark.state

        _also_in_replays(move)

    def take(self, counters: int) -> tuple[int, int]:
        """(seed, first counter) of a run of `counters` counters that nobody else gets."""
        with self._lock:
            first = self._offset
            self._offset = (first + counters) & _MASK
            return self._seed, first

    def __getstate__(self) -> tuple[int, int]:
        return self.get_state()

    def __setstate__(self, state: tuple[int, int]) -> None:
        self._lock = threading.Lock()
        self.set_state(state)

    def __repr__(self) -> str:
        return f"Generator(seed={self._seed}, offset={self._offset})"


def _also_in_replays(action: Callable[[], None]) -> None:
    if recording.current is None:
        action()
    else:
        recording.current.host(action)


def _mixed(key: int, counter: int) -> int:
    """Words 0 and 1 of Philox for `counter` in a stream that no kernel draws from."""
    c = [counter & _WORD, counter >> 32 & _WORD, _WORD, _WORD]
    k = [key & _WORD, key >> 32]
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & _WORD, (a >> 32) ^ c[3] ^ k[1], a & _WORD]
        k = [(k[0] + 0x9E3779B9) & _WORD, (k[1] + 0xBB67AE85) & _WORD]
    return c[1] << 32 | c[0]


#: Used where no generator is given; numbers on the host, so one serves every device.
default_generator = Generator()


@composite(method=False)
def manual_seed(seed: int) -> Generator:
    """Restart the default generator from `seed` and return it.

    >>> _ = ct.manual_seed(0)
    >>> first = ct.rand(2)
    >>> _ = ct.manual_seed(0)
    >>> ct.equal(first, ct.rand(2))
    True
    """
    return default_generator.manual_seed(seed)


@composite(method=False)
def seed() -> int:
    """Restart the default generator from a seed of the operating system; returns it.

    >>> ct.seed() == ct.initial_seed()
    True
    """
    return default_generator.seed()


@composite(method=False)
def initial_seed() -> int:
    """The seed of the default generator.

    >>> _ = ct.manual_seed(5)
    >>> ct.initial_seed()
    5
    """
    return default_generator.initial_seed()


@composite(method=False)
def get_rng_state() -> tuple[int, int]:
    """State of the default generator: (seed, counters used).

    >>> state = ct.get_rng_state()
    >>> before = ct.rand(2)
    >>> ct.set_rng_state(state)
    >>> ct.equal(ct.rand(2), before)
    True
    """
    return default_generator.get_state()


@composite(method=False)
def set_rng_state(state: Sequence[int]) -> None:
    """Put the default generator into a state that `get_rng_state` returned.

    >>> state = ct.get_rng_state()
    >>> first = ct.rand(2)
    >>> ct.set_rng_state(state)
    >>> ct.equal(ct.rand(2), first)
    True
    """
    default_generator.set_state(state)
