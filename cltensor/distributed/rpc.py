"""`ct.distributed.rpc`: no process calls another; what to do instead."""

from __future__ import annotations

from sys import modules as _modules
from typing import Any, NoReturn

from cltensor.core.suggestions import suggest as _suggest
from cltensor.errors import DeviceError

__all__ = [
    "RRef",
    "get_worker_info",
    "init_rpc",
    "remote",
    "rpc_async",
    "rpc_sync",
    "shutdown",
]


def _refuse(name: str) -> NoReturn:
    raise DeviceError(
        f"distributed.rpc.{name}: no process calls another here; call the function itself, or "
        "start processes with ct.multiprocessing and send what they compute by its Queue"
    )


class RRef:
    """Raises DeviceError."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        _refuse("RRef")


def init_rpc(*args: Any, **kwargs: Any) -> NoReturn:
    """Raises DeviceError."""
    _refuse("init_rpc")


def rpc_sync(*args: Any, **kwargs: Any) -> NoReturn:
    """Raises DeviceError."""
    _refuse("rpc_sync")


def rpc_async(*args: Any, **kwargs: Any) -> NoReturn:
    """Raises DeviceError."""
    _refuse("rpc_async")


def remote(*args: Any, **kwargs: Any) -> NoReturn:
    """Raises DeviceError."""
    _refuse("remote")


def get_worker_info(*args: Any, **kwargs: Any) -> NoReturn:
    """Raises DeviceError."""
    _refuse("get_worker_info")


def shutdown(*args: Any, **kwargs: Any) -> NoReturn:
    """Raises DeviceError."""
    _refuse("shutdown")


_suggest(_modules[__name__])
