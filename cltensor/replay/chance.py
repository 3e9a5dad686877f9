"""Generators of random numbers that are Python's or NumPy's.

A call that draws from one, or seeds it, is never replayed: it must be as it was before. One that
the call makes is not seen.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from functools import partial
from typing import Any


def chance(value: Any) -> Callable[[], Any] | None:
    """What reads the state of a generator of random numbers of Python's or NumPy's; None for
    others."""
    for kind in type(value).__mro__:
        read = _CHANCES.get((str(kind.__module__).partition(".")[0], kind.__name__))
        if read is not None:
            return partial(_state, read, value)
    return None


def chances() -> list[Callable[[], Any]]:
    """The same for the ones that everybody shares, if they were imported."""
    found = []
    for module, name in (("random", "_inst"), ("numpy.random", "mtrand")):
        shared = getattr(sys.modules.get(module), name, None)
        shared = getattr(shared, "_rand", shared)
        read = None if shared is None else chance(shared)
        found += [] if read is None else [read]
    return found


def _state(read: Callable[[Any], Any], value: Any) -> Any:
    try:
        return pickle.dumps(read(value))
    except NotImplementedError:  # the system's, which has none
        return object()


_CHANCES: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("random", "Random"): lambda value: value.getstate(),
    ("numpy", "RandomState"): lambda value: value.get_state(legacy=False),
    ("numpy", "Generator"): lambda value: value.bit_generator.state,
    ("numpy", "BitGenerator"): lambda value: value.state,
}
