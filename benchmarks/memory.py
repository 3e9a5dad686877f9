"""How much memory a call needs at its peak, beyond what is there before and after it."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import cltensor as ct
from benchmarks.case import Library


def working_memory(library: Library, call: Callable[[], Any]) -> int | None:
    """The most bytes allocated at once during `call`, over those at its start; None where the
    library does not tell.

    The caller has run it before, so that weights, gradients and optimizer states are there.
    """
    gc.collect()
    if library.is_ours:
        return _ours(library, call)
    if library.where == "cuda":
        cuda = library.m.cuda
        cuda.synchronize()
        start = cuda.memory_allocated()
        cuda.reset_peak_memory_stats()
        call()
        return cuda.max_memory_allocated() - start
    return _torch_cpu(library.m, call) if library.name == "torch" else None


def _ours(library: Library, call: Callable[[], Any]) -> int:
    library.finish()
    ct.reset_peak_memory()
    start = ct.memory_summary()["in_use"]
    library.settle(call())
    library.finish()
    return ct.memory_summary()["peak"] - start


def _torch_cpu(torch: Any, call: Callable[[], Any]) -> int:
    """From the profiler's events: (time, bytes), negative for memory given back."""
    profiler = torch.profiler
    with profiler.profile(activities=[profiler.ProfilerActivity.CPU], profile_memory=True) as seen:
        call()  # what is given back of earlier memory has no size here, so a second call counts
        with profiler.record_function("counted"):
            call()
    events = seen.profiler.kineto_results.events()
    begin = next(e.start_ns() for e in events if e.name() == "counted")
    changes = sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]")
    used = sum(size for when, size in changes if when < begin)
    start = peak = used
    for _, size in (change for change in changes if change[0] >= begin):
        used += size
        peak = max(peak, used)
    return peak - start
