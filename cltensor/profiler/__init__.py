"""`ct.profiler`: where the time of a program goes, under PyTorch's names.

While a profile is taken, the host waits after each launch, which is how long a kernel is known to
run on any driver, and recorded calls run as calls: the sum over the kernels is what the device
takes, the whole is longer than without.
"""

from sys import modules as _modules

from cltensor.core.names import name_all as _name_all
from cltensor.core.paths import place as _place
from cltensor.core.suggestions import suggest as _suggest
from cltensor.profiler.steps import ProfilerAction, schedule
from cltensor.profiler.taking import (
    ProfilerActivity,
    profile,
    record_function,
    supported_activities,
    tensorboard_trace_handler,
)

__all__ = [
    "ProfilerAction",
    "ProfilerActivity",
    "profile",
    "record_function",
    "schedule",
    "supported_activities",
    "tensorboard_trace_handler",
]

_name_all(globals(), __all__)
_place(__name__, {"profiler": _modules[__name__]})
_suggest(_modules[__name__])
