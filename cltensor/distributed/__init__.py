"""`ct.distributed`: there is one process; what programs ask before they use several."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from sys import modules as _modules
from typing import Any, NoReturn

from cltensor.core.suggestions import suggest as _suggest
from cltensor.errors import DeviceError

#: What several processes would do together, each refused by name.
_REFUSED = (
    "all_gather all_gather_into_tensor all_gather_object all_reduce all_to_all barrier broadcast "
    "broadcast_object_list destroy_process_group gather get_backend get_rank get_world_size "
    "init_process_group irecv isend new_group recv reduce reduce_scatter scatter send"
).split()

__all__ = ["ReduceOp", "is_available", "is_initialized", "rpc", *_REFUSED]


class ReduceOp(Enum):
    """How values of several processes become one; a name that programs write in calls that are
    made only if there are several."""

    SUM = 0
    AVG = 1
    PRODUCT = 2
    MIN = 3
    MAX = 4
    BAND = 5
    BOR = 6
    BXOR = 7


def is_available() -> bool:
    """False."""
    return False


def is_initialized() -> bool:
    """False."""
    return False


def _refusal(name: str) -> Callable[..., NoReturn]:
    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        """Raises DeviceError."""
        raise DeviceError(
            f"distributed.{name}: there is one process (distributed.is_available() says so); leave "
            "it out, and train with the module itself"
        )

    refuse.__name__ = refuse.__qualname__ = name
    return refuse


globals().update({name: _refusal(name) for name in _REFUSED})
_suggest(_modules[__name__], later=("rpc",))
