"""`ct.random`: the default generator, under PyTorch's names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from sys import modules as _modules
from typing import Any

from cltensor.core.names import name_all as _name_all
from cltensor.core.suggestions import suggest as _suggest
from cltensor.ops.random.generator import (
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)

__all__ = [
    "default_generator",
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "seed",
    "set_rng_state",
]


@contextmanager
def fork_rng(
    devices: Any = None,
    enabled: bool = True,
    _caller: str = "fork_rng",
    _devices_kw: str = "devices",
    device_type: str = "cuda",
) -> Iterator[None]:
    """A block after which the default generator is where it was before.

    Args:    enabled: False for a block that does nothing. The others are PyTorch's and change
             nothing: one generator serves all devices.

    >>> with ct.random.fork_rng():
    ...     inside = ct.rand(3)
    ...
    >>> bool((ct.rand(3) == inside).all())
    True
    """
    before = get_rng_state()
    try:
        yield
    finally:
        if enabled:
            set_rng_state(before)


_name_all(globals(), ["fork_rng"])
_suggest(_modules[__name__])
