"""PyTorch's switches of the process: how many threads, whether results repeat. They may be set;
what they ask for is so, or is the driver's."""

from __future__ import annotations

import os
import warnings
from typing import Any

from cltensor.core.composite import composite
from cltensor.errors import DeterminismError, SettingError
from cltensor.lazy import fusion
from cltensor.lazy.kinds import Refused
from cltensor.lazy.values import holders
from cltensor.runtime import tuning
from cltensor.runtime.determinism import ERROR, OFF, WARN, Determinism
from cltensor.runtime.device import devices

_MODES = ("default", "warn", "error")


class _State:
    warn_always = False


@composite(method=False)
def get_num_threads() -> int:
    """The threads of the CPU's driver; without one, the processors of this machine.

    >>> ct.get_num_threads() >= 1
    True
    """
    units = [device.compute_units for device in devices() if device.is_cpu]
    return units[0] if units else os.cpu_count() or 1


@composite(method=False)
def set_num_threads(threads: int) -> None:
    """Warns, where it asks for another number than there is: a driver makes its threads once.

    >>> ct.set_num_threads(ct.get_num_threads())
    """
    if threads != get_num_threads():
        warnings.warn(
            f"set_num_threads({threads}): the driver has {get_num_threads()} threads and keeps "
            "them; set its environment variable before Python starts (PoCL's is "
            "POCL_MAX_PTHREAD_COUNT)",
            stacklevel=2,
        )


@composite(method=False)
def get_num_interop_threads() -> int:
    """1: operations run one after the other.

    >>> ct.get_num_interop_threads()
    1
    """
    return 1


@composite(method=False)
def set_num_interop_threads(threads: int) -> None:
    """Changes nothing: operations run one after the other.

    >>> ct.set_num_interop_threads(4)
    >>> ct.get_num_interop_threads()
    1
    """


@composite(method=False)
def use_deterministic_algorithms(mode: bool, warn_only: bool = False) -> None:
    """Whether results shall be the same bits on every device, in the whole process.

    They are the same in every run on one device with and without it. With it they are the same on
    every implementation of OpenCL, with any number of threads, eagerly, lazily or by `ct.jit`, and,
    as docs/reproducibility.md says, over one, two or four ranks; training takes up to some 2.5
    times as long. Pending results are computed first; those that are refused stay so.

    Raises:  DeterminismError, from then on, where a kernel, or a device, has no such results; with
             `warn_only` a RuntimeWarning says so.

    >>> ct.use_deterministic_algorithms(True)
    >>> ct.are_deterministic_algorithms_enabled()
    True
    >>> ct.use_deterministic_algorithms(False)
    """
    _ask((WARN if warn_only else ERROR) if mode else OFF)


def _ask(level: int) -> None:
    """Have kernels built for `level` in place of those there are; pending results come first, and
    those that are refused stay so."""
    if level == Determinism.level:
        return
    for value in holders.prune():
        try:
            fusion.realize(value)
        except DeterminismError as error:
            Refused(error).take(value)
    for device in devices():
        device.kernel_sets[Determinism.level] = device.kernels
        device.kernels = device.kernel_sets[level]
    tuning.forget_plans()
    Determinism.level = level


@composite(method=False)
def are_deterministic_algorithms_enabled() -> bool:
    """What `use_deterministic_algorithms` was told last.

    >>> ct.are_deterministic_algorithms_enabled()
    False
    """
    return Determinism.level > OFF


@composite(method=False)
def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """What `use_deterministic_algorithms` was told last.

    >>> ct.use_deterministic_algorithms(True, warn_only=True)
    >>> ct.is_deterministic_algorithms_warn_only_enabled()
    True
    >>> ct.use_deterministic_algorithms(False)
    """
    return Determinism.level == WARN


@composite(method=False)
def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """See use_deterministic_algorithms: 0 or "default", 1 or "warn", 2 or "error".

    Raises:  SettingError for another.

    >>> ct.set_deterministic_debug_mode("warn")
    >>> ct.get_deterministic_debug_mode()
    1
    >>> ct.set_deterministic_debug_mode("default")
    """
    if debug_mode not in (*_MODES, 0, 1, 2):
        raise SettingError(
            f"set_deterministic_debug_mode: {debug_mode!r} is none of {', '.join(_MODES)}, 0, 1, 2"
        )
    place = _MODES.index(debug_mode) if isinstance(debug_mode, str) else int(debug_mode)
    _ask(place)


@composite(method=False)
def get_deterministic_debug_mode() -> int:
    """0, 1 or 2, as `set_deterministic_debug_mode` has them.

    >>> ct.get_deterministic_debug_mode()
    0
    """
    return Determinism.level


@composite(method=False)
def set_flush_denormal(mode: bool) -> bool:
    """False: numbers near 0 are as the driver has them.

    >>> ct.set_flush_denormal(False)
    False
    """
    return False


@composite(method=False)
def set_warn_always(b: bool) -> None:
    """Remember what is asked for. How often a warning is shown, Python's `warnings` decide.

    >>> ct.set_warn_always(True)
    >>> ct.is_warn_always_enabled()
    True
    >>> ct.set_warn_always(False)
    """
    _State.warn_always = bool(b)


@composite(method=False)
def is_warn_always_enabled() -> bool:
    """What `set_warn_always` was told last.

    >>> ct.is_warn_always_enabled()
    False
    """
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
