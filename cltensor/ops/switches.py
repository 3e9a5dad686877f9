"""PyTorch's switches of the process: how many threads, whether results repeat. They may be set;
what they ask for is so, or is the driver's."""

from __future__ import annotations

import os
import warnings
from typing import Any

from cltensor.core.composite import composite
from cltensor.errors import SettingError
from cltensor.runtime.device import devices

_MODES = ("default", "warn", "error")


class _State:
    deterministic = 0
    warn_always = False


@composite(method=False)
def get_num_threads() -> int:
    """The threads of the CPU's driver; without one, the processors of this machine."""
    units = [device.compute_units for device in devices() if device.is_cpu]
    return units[0] if units else os.cpu_count() or 1


@composite(method=False)
def set_num_threads(threads: int) -> None:
    """Warns, where it asks for another number than there is: a driver makes its threads once."""
    if threads != get_num_threads():
        warnings.warn(
            f"set_num_threads({threads}): the driver has {get_num_threads()} threads and keeps "
            "them; set its environment variable before Python starts (PoCL's is "
            "POCL_MAX_PTHREAD_COUNT)",
            stacklevel=2,
        )


@composite(method=False)
def get_num_interop_threads() -> int:
    """1: operations run one after the other."""
    return 1


@composite(method=False)
def set_num_interop_threads(threads: int) -> None:
    """Changes nothing: operations run one after the other."""


@composite(method=False)
def use_deterministic_algorithms(mode: bool, warn_only: bool = False) -> None:
    """Remember what is asked for. Results are the same bits in every run with and without it."""
    _State.deterministic = (1 if warn_only else 2) if mode else 0


@composite(method=False)
def are_deterministic_algorithms_enabled() -> bool:
    """What `use_deterministic_algorithms` was told last.

    >>> ct.are_deterministic_algorithms_enabled()
    False
    """
    return _State.deterministic > 0


@composite(method=False)
def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """What `use_deterministic_algorithms` was told last."""
    return _State.deterministic == 1


@composite(method=False)
def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """See use_deterministic_algorithms: 0 or "default", 1 or "warn", 2 or "error".

    Raises:  SettingError for another.
    """
    if debug_mode not in (*_MODES, 0, 1, 2):
        raise SettingError(
            f"set_deterministic_debug_mode: {debug_mode!r} is none of {', '.join(_MODES)}, 0, 1, 2"
        )
    place = _MODES.index(debug_mode) if isinstance(debug_mode, str) else int(debug_mode)
    _State.deterministic = place


@composite(method=False)
def get_deterministic_debug_mode() -> int:
    """0, 1 or 2, as `set_deterministic_debug_mode` has them."""
    return _State.deterministic


@composite(method=False)
def set_flush_denormal(mode: bool) -> bool:
    """False: numbers near 0 are as the driver has them."""
    return False


@composite(method=False)
def set_warn_always(b: bool) -> None:
    """Remember what is asked for. How often a warning is shown, Python's `warnings` decide."""
    _State.warn_always = bool(b)


@composite(method=False)
def is_warn_always_enabled() -> bool:
    """What `set_warn_always` was told last."""
    return _State.warn_always


@composite(method=False)
def typename(obj: Any) -> str:
    """The name of an object's type, with its module; of a tensor, its typed constructor's.

    >>> ct.typename(ct.zeros(1))
    'cltensor.FloatTensor'
    """
    if hasattr(obj, "is_leaf"):
        return str(obj.type())
    kind = obj if isinstance(obj, type) else type(obj)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return f"{module}{kind.__qualname__}"
