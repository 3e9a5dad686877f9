"""`ct.distributed`: there is one process; what programs ask before they use several."""

from __future__ import annotations

from sys import modules as _modules
from typing import Any, NoReturn

from cltensor.core.suggestions import suggest as _suggest
from cltensor.errors import DeviceError

__all__ = [
    "all_reduce",
    "barrier",
    "destroy_process_group",
    "get_rank",
    "get_world_size",
    "init_process_group",
    "is_available",
    "is_initialized",
]


def is_available() -> bool:
    """False."""
    return False


def is_initialized() -> bool:
    """False."""
    return False


def _refuse(name: str) -> NoReturn:
    raise DeviceError(
        f"distributed.{name}: there is one process (distributed.is_available() says so); leave it "
        "out, and train with the module itself"
    )


def init_process_group(*args: Any, **kwargs: Any) -> NoReturn:
    """Raises DeviceError."""
    _refuse("init_process_group")


def destroy_process_group(group: Any = None) -> NoReturn:
    """Raises DeviceError."""
    _refuse("destroy_process_group")


def get_rank(group: Any = None) -> NoReturn:
    """Raises DeviceError."""
    _refuse("get_rank")


def get_world_size(group: Any = None) -> NoReturn:
    """Raises DeviceError."""
    _refuse("get_world_size")


def barrier(*args: Any, **kwargs: Any) -> NoReturn:
    """Raises DeviceError."""
    _refuse("barrier")


def all_reduce(*args: Any, **kwargs: Any) -> NoReturn:
    """Raises DeviceError."""
    _refuse("all_reduce")


_suggest(_modules[__name__])
