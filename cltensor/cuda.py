"""`ct.cuda`: what PyTorch's programs ask of the GPU, answered for the OpenCL GPUs, whosoever."""

from __future__ import annotations

from functools import partial as _partial
from sys import modules as _modules
from time import perf_counter
from typing import Any, NamedTuple

from cltensor import amp as _amp
from cltensor.autograd.creation import TYPES
from cltensor.core.names import name_all
from cltensor.core.paths import place as _place
from cltensor.core.suggestions import no_attribute
from cltensor.errors import DeviceError, OutOfMemoryError
from cltensor.ops.random import generator as _generator
from cltensor.ops.random.generator import default_generator
from cltensor.runtime import memory as _pool
from cltensor.runtime.device import Device, devices, get, set_default_device

__all__ = [
    "Event", "OutOfMemoryError", "amp", "current_device", "device", "device_count", "empty_cache",
    "get_arch_list", "get_device_capability", "get_device_name", "get_device_properties",
    "get_rng_state", "get_rng_state_all", "init", "initial_seed", "ipc_collect", "is_available",
    "is_bf16_supported", "is_initialized", "manual_seed", "manual_seed_all",
    "max_memory_allocated", "mem_get_info", "memory_allocated", "memory_reserved", "memory_stats",
    "memory_summary", "reset_max_memory_allocated", "reset_peak_memory_stats", "seed", "seed_all",
    "set_device", "set_rng_state", "set_rng_state_all", "synchronize",
]  # fmt: skip


def _gpus() -> list[Device]:
    return [d for d in devices() if d.kind == "gpu"]


def _gpu(device: Any = None) -> Device:
    """The GPU that is meant: by number, name or Device; the current one for None."""
    if device is None:
        current = get()
        return current if current.kind == "gpu" else get("gpu")
    found = get(device)
    if found.kind != "gpu":
        raise DeviceError(f"cuda: '{found}' is no GPU; name one, as 'gpu:0'")
    return found


def is_available() -> bool:
    """Whether there is a GPU.

    >>> ct.accelerator.is_available() == (ct.accelerator.device_count() > 0)
    True
    """
    return bool(_gpus())


def device_count() -> int:
    """How many GPUs there are.

    >>> ct.accelerator.device_count() >= 0
    True
    """
    return len(_gpus())


def current_device() -> int:
    """The number of the GPU that is used. Raises DeviceError if there is none.

    >>> not ct.cuda.is_available() or ct.cuda.current_device() >= 0
    True
    """
    return _gpu().number


def set_device(device: Any) -> None:
    """Make that GPU, a number or a name, the default device.

    >>> if ct.cuda.is_available():
    ...     ct.cuda.set_device(0)
    ...
    >>> ct.set_default_device(None)
    """
    set_default_device(_gpu(device))


def device(device: Any) -> Device:
    """A GPU by number or name, for a ``with`` block in which it is the default device.

    >>> if ct.cuda.is_available():
    ...     with ct.cuda.device(0):
    ...         assert ct.zeros(1).is_cuda
    ...
    """
    return _gpu(device)


def get_device_name(device: Any = None) -> str:
    """What the GPU is called.

    >>> not ct.cuda.is_available() or len(ct.cuda.get_device_name()) > 0
    True
    """
    return _gpu(device).cl_device.name.strip()


class Properties(NamedTuple):
    """What `get_device_properties` tells; memory in bytes."""

    name: str
    total_memory: int
    multi_processor_count: int
    major: int = 0
    minor: int = 0


def get_device_properties(device: Any = None) -> Properties:
    """Name, memory and number of compute units of the GPU.

    >>> not ct.cuda.is_available() or ct.cuda.get_device_properties().total_memory > 0
    True
    """
    found = _gpu(device)
    return Properties(get_device_name(found), found.global_mem, found.compute_units)


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """(0, 0): the numbers are those of one maker's GPUs.

    >>> not ct.cuda.is_available() or ct.cuda.get_device_capability() == (0, 0)
    True
    """
    found = get_device_properties(device)
    return found.major, found.minor


def get_arch_list() -> list[str]:
    """[]: nothing is compiled before there is a device.

    >>> ct.cuda.get_arch_list()
    []
    """
    return []


def init() -> None:
    """Does nothing: a device is made ready when it is first used.

    >>> ct.cuda.init()
    """


def is_initialized() -> bool:
    """Whether there is a GPU.

    >>> ct.cuda.is_initialized() in (True, False)
    True
    """
    return is_available()


def ipc_collect() -> None:
    """Does nothing: processes do not share the memory of a device.

    >>> ct.cuda.ipc_collect()
    """


def synchronize(device: Any = None) -> None:
    """Wait until everything launched on the GPU is done.

    >>> if ct.cuda.is_available():
    ...     ct.cuda.synchronize()
    ...
    """
    _gpu(device).synchronize()


def empty_cache() -> None:
    """Give unused memory back to the drivers; nothing without a GPU.

    >>> ct.accelerator.empty_cache()
    """
    for found in _gpus():
        _pool.empty_cache(found)


def manual_seed(seed: int) -> None:
    """Restart the generator, which serves all devices, from `seed`.

    >>> ct.cuda.manual_seed(0)
    """
    default_generator.manual_seed(seed)


def manual_seed_all(seed: int) -> None:
    """Restart the generator, which serves all devices, from `seed`.

    >>> ct.cuda.manual_seed_all(0)
    """
    default_generator.manual_seed(seed)


def seed() -> None:
    """Restart the generator, which serves all devices, from a number that nobody knows.

    >>> ct.cuda.seed()
    >>> ct.cuda.initial_seed() >= 0
    True
    """
    default_generator.seed()


def initial_seed() -> int:
    """What the generator, which serves all devices, was started from.

    >>> ct.cuda.manual_seed(7)
    >>> ct.cuda.initial_seed()
    7
    """
    return default_generator.initial_seed()


def get_rng_state(device: Any = "cuda") -> Any:
    """The state of the generator, which serves all devices.

    >>> state, drawn = ct.cuda.get_rng_state(), ct.rand(2)
    >>> ct.cuda.set_rng_state(state)
    >>> ct.equal(ct.rand(2), drawn)
    True
    """
    return _generator.get_rng_state()


def set_rng_state(new_state: Any, device: Any = "cuda") -> None:
    """Put the generator, which serves all devices, into that state.

    >>> state, drawn = ct.cuda.get_rng_state(), ct.randn(2)
    >>> ct.cuda.set_rng_state(state)
    >>> ct.equal(ct.randn(2), drawn)
    True
    """
    _generator.set_rng_state(new_state)


def get_rng_state_all() -> list[Any]:
    """The state of the generator for each GPU, which is the same.

    >>> len(ct.cuda.get_rng_state_all()) == ct.cuda.device_count()
    True
    """
    return [_generator.get_rng_state() for _ in _gpus()]


def set_rng_state_all(new_states: Any) -> None:
    """Put the generator into the first of the states.

    >>> ct.cuda.set_rng_state_all(ct.cuda.get_rng_state_all())
    """
    for state in [*new_states][:1]:
        _generator.set_rng_state(state)


seed_all = seed


def _memory(device: Any, *names: str) -> int:
    """A sum of the pool's counts; 0 without a GPU, as in PyTorch."""
    if device is None and not is_available():
        return 0
    summary = _pool.memory_summary(_gpu(device))
    return sum(summary[name] for name in names)


def memory_allocated(device: Any = None) -> int:
    """The bytes of the tensors on the GPU.

    >>> ct.cuda.memory_allocated() >= 0
    True
    """
    return _memory(device, "in_use")


def max_memory_allocated(device: Any = None) -> int:
    """The most bytes that were in use at once.

    >>> ct.cuda.max_memory_allocated() >= ct.cuda.memory_allocated()
    True
    """
    return _memory(device, "peak")


def memory_reserved(device: Any = None) -> int:
    """The bytes in use and those kept for later tensors.

    >>> ct.cuda.memory_reserved() >= ct.cuda.memory_allocated()
    True
    """
    return _memory(device, "in_use", "cached")


def reset_peak_memory_stats(device: Any = None) -> None:
    """Count the peak from now on.

    >>> ct.cuda.reset_peak_memory_stats()
    >>> ct.cuda.max_memory_allocated() == ct.cuda.memory_allocated()
    True
    """
    if device is not None or is_available():
        _pool.reset_peak_memory(_gpu(device))


reset_max_memory_allocated = reset_peak_memory_stats


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """(bytes that this process has not taken, all bytes) of the GPU.

    >>> if ct.cuda.is_available():
    ...     free, total = ct.cuda.mem_get_info()
    ...     assert free <= total
    ...
    """
    found = _gpu(device)
    return found.global_mem - memory_reserved(found), found.global_mem


def memory_stats(device: Any = None) -> dict[str, int]:
    """The counts of the pool, under PyTorch's keys; {} without a GPU.

    >>> current = ct.cuda.memory_stats().get("allocated_bytes.all.current", 0)
    >>> current == ct.cuda.memory_allocated()
    True
    """
    if device is None and not is_available():
        return {}
    return {
        "allocated_bytes.all.current": memory_allocated(device),
        "allocated_bytes.all.peak": max_memory_allocated(device),
        "reserved_bytes.all.current": memory_reserved(device),
    }


def memory_summary(device: Any = None, abbreviated: bool = False) -> str:
    """The counts of the pool as text. abbreviated is PyTorch's, and changes nothing.

    >>> ("allocated_bytes" in ct.cuda.memory_summary()) == ct.cuda.is_available()
    True
    """
    return "\n".join(f"{key:<28}{n:>18,}" for key, n in memory_stats(device).items())


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether there is bfloat16: never.

    >>> ct.cuda.is_bf16_supported() in (True, False)
    True
    """
    return False


class Event:
    """A moment on the device, to measure the time between two: `record` waits for what was
    launched before.

    >>> start, end = ct.cuda.Event(enable_timing=True), ct.cuda.Event(enable_timing=True)
    >>> start.record()
    >>> end.record()
    >>> start.elapsed_time(end) >= 0
    True
    """

    def __init__(
        self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False
    ) -> None:
        self._time: float | None = None

    def record(self, stream: Any = None) -> None:
        """Let this moment be now."""
        self.synchronize()
        self._time = perf_counter()

    def synchronize(self) -> None:
        """Wait until everything launched is done."""
        get().synchronize()

    def query(self) -> bool:
        """Whether everything before it is done: always."""
        return True

    def elapsed_time(self, end_event: Event) -> float:
        """Milliseconds from this moment to the other. Raises DeviceError if one is not recorded."""
        if self._time is None or end_event._time is None:
            raise DeviceError("Event: elapsed_time of an event that is not recorded; call record()")
        return 1000 * (end_event._time - self._time)


class _Autocast(_amp.autocast):
    """`ct.amp.autocast` for GPUs, with the arguments of `torch.cuda.amp.autocast`."""

    def __init__(
        self, enabled: bool = True, dtype: Any = None, cache_enabled: bool | None = True
    ) -> None:
        super().__init__("cuda", dtype, enabled, cache_enabled)


class _GradScaler(_amp.GradScaler):
    """`ct.amp.GradScaler` with the arguments of `torch.cuda.amp.GradScaler`."""

    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        super().__init__(
            "cuda", init_scale, growth_factor, backoff_factor, growth_interval, enabled
        )


class _OlderAmp:
    """`ct.cuda.amp`: PyTorch's older place for `ct.amp`, where nothing names the device."""

    autocast, GradScaler = _Autocast, _GradScaler
    custom_fwd = staticmethod(_partial(_amp.custom_fwd, device_type="cuda"))
    custom_bwd = staticmethod(_partial(_amp.custom_bwd, device_type="cuda"))


amp = _OlderAmp()
_place(
    __name__,
    {
        "amp": amp,  # programs also write `from cltensor.cuda.amp import autocast`
        "amp.autocast_mode": amp,
        "amp.grad_scaler": amp,
        **dict.fromkeys(("memory", "random", "streams"), _modules[__name__]),
    },
)
name_all(globals(), set(__all__) - {"amp"})


def __dir__() -> list[str]:
    return [*__all__, *TYPES]


def __getattr__(name: str) -> Any:
    if name in TYPES:
        return TYPES[name].on("gpu")
    raise no_attribute("module 'cltensor.cuda'", name, __dir__())
