"""Launches as events: one list of those who want to know of each, and one shape of what they are
told.

A recording, `ct.explain` and whoever counts or times launches listen here. Nobody listening costs a
launch one look at an empty tuple. Recordings are also told of what other threads compute meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple


class Launched(NamedTuple):
    """A kernel that was just launched, alone or by a replay, in this thread. args are those of the
    kernel's parameters, in their order: numbers, Lives and Buffers, or handles of buffers that only
    a recording has; done is the driver's event of a launch that was timed, and is done."""

    kernel: Any
    global_size: tuple[int, ...]
    local_size: tuple[int, ...]
    args: tuple[Any, ...]
    done: Any = None


Listener = Callable[[Launched], None]


class Told:
    """Who is told of something, wherever it happens in the process."""

    #: A new tuple at each change, so that one that is gone through does not change meanwhile.
    present: ClassVar[tuple[Callable[[Any], None], ...]] = ()
    lock = threading.Lock()

    @classmethod
    def add(cls, told: Callable[[Any], None]) -> None:
        """Tell `told` from now on."""
        with cls.lock:
            cls.present = (*cls.present, told)

    @classmethod
    def remove(cls, told: Callable[[Any], None]) -> None:
        """Tell `told` no more; nothing happens if it is not told."""
        with cls.lock:
            cls.present = tuple([each for each in cls.present if each != told])

    @classmethod
    def tell(cls, what: Any) -> None:
        """Tell all of them."""
        for told in cls.present:
            told(what)


class Listeners(Told):
    """Who is told of every launch, in the thread that launches."""


class Recordings(Told):
    """Who is told, while a thread records, of buffers that any thread gives to pending values."""


def listen(listener: Listener) -> None:
    """Tell `listener` of every launch from now on."""
    Listeners.add(listener)


def ignore(listener: Listener) -> None:
    """Tell `listener` no more; nothing happens if it does not listen."""
    Listeners.remove(listener)
