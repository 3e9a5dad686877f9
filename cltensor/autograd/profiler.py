"""`ct.autograd.profiler`: PyTorch's older place and options for `ct.profiler`."""

from __future__ import annotations

from sys import modules as _modules
from typing import Any, NoReturn

from cltensor import profiler
from cltensor.core.names import name_all as _name_all
from cltensor.core.suggestions import suggest as _suggest
from cltensor.profiler import record_function
from cltensor.profiler.events import Events, Row

__all__ = ["emit_itt", "emit_nvtx", "profile", "record_function"]


class profile(profiler.profile):
    """A block whose kernels and marked parts are timed; see ct.profiler.profile.

    Args:    enabled: False times nothing. The others are PyTorch's and change nothing.
    """

    def __init__(
        self,
        enabled: bool = True,
        *,
        use_cuda: bool = False,
        use_device: Any = None,
        record_shapes: bool = False,
        with_flops: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_modules: bool = False,
        use_kineto: bool = False,
        use_cpu: bool = True,
        experimental_config: Any = None,
        acc_events: bool = False,
        custom_trace_id_callback: Any = None,
        post_processing_timeout_s: float | None = None,
        activity_filters: Any = None,
    ) -> None:
        nothing = None if enabled else lambda step: profiler.ProfilerAction.NONE
        super().__init__(schedule=nothing, profile_memory=profile_memory)

    @property
    def function_events(self) -> Events:
        """All that was noted."""
        return self.events()

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds of the host in all blocks, kernels left out."""
        return self.events().self_cpu_time_total

    def total_average(self) -> Row:
        """The sum of all that was noted."""
        return self.events().total_average()

    def table(self, **options: Any) -> str:
        """Each event as a row; options: those of `key_averages().table`."""
        return self.events().table(**options)

    def __str__(self) -> str:
        return self.table()


def _refuse(name: str, tool: str) -> NoReturn:
    raise NotImplementedError(
        f"autograd.profiler.{name}: nothing is sent to {tool}; take a profile, and write it with "
        "export_chrome_trace(path)"
    )


def emit_nvtx(enabled: bool = True, record_shapes: bool = False) -> NoReturn:
    """Raises NotImplementedError."""
    _refuse("emit_nvtx", "NVIDIA's profiler")


def emit_itt(enabled: bool = True, record_shapes: bool = False) -> NoReturn:
    """Raises NotImplementedError."""
    _refuse("emit_itt", "Intel's VTune")


_name_all(globals(), ["profile"])
_suggest(_modules[__name__])
