"""Files of a profile: a trace for browsers, and memory over time."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from cltensor.profiler.events import Event, size

_WIDTH, _HEIGHT = 960, 320


def write(path: Any, text: str) -> None:
    """Write text, compressed where the name ends in .gz."""
    data = text.encode()
    Path(path).write_bytes(gzip.compress(data) if str(path).endswith(".gz") else data)


def chrome_trace(events: Iterable[Event], metadata: Mapping[str, Any]) -> str:
    """What chrome://tracing and Perfetto read: kernels in one row for each device, blocks by
    thread, and the memory in use."""
    process = os.getpid()
    entries: list[dict[str, Any]] = []
    for event in events:
        row = f"device {event.device}" if event.is_kernel else event.thread
        entries.append({
            "name": event.key, "ph": "X", "ts": event.start, "dur": event.duration,
            "cat": "kernel" if event.is_kernel else "user_annotation",
            "pid": process, "tid": row, "args": {"bytes": event.nbytes} if event.is_kernel else {},
        })  # fmt: skip
        if event.is_kernel:
            entries.append({
                "name": f"memory of {event.device}", "ph": "C", "pid": process,
                "ts": event.start + event.duration, "args": {"bytes": event.in_use},
            })  # fmt: skip
    return json.dumps({**metadata, "traceEvents": entries, "displayTimeUnit": "ms"})


def memory_timeline(events: Iterable[Event], device: str | None, path: Any) -> str:
    """Memory in use after each kernel, as a page for .html and else as [times, sizes].

    Raises ValueError for .raw.json.gz, and for a device that no kernel ran on.
    """
    name = str(path)
    if name.endswith((".raw.json.gz", ".raw.json")):
        raise ValueError(
            f"export_memory_timeline: '{name}' asks for each tensor, and what is noted is the "
            "memory in use after each kernel; end the name in .json, .json.gz or .html"
        )
    kernels = [event for event in events if event.is_kernel]
    names = sorted({event.device for event in kernels})
    if device is not None and kernels and device not in names:
        raise ValueError(
            f"export_memory_timeline: no kernel ran on '{device}'; kernels ran on "
            f"{', '.join(names)}"
        )
    shown = kernels[0].device if device is None and kernels else device
    kernels = [event for event in kernels if event.device == shown]
    times = [event.start + event.duration for event in kernels]
    sizes = [event.in_use for event in kernels]
    if name.endswith(".html"):
        return _page(times, sizes, shown or "no device")
    return json.dumps([times, [[nbytes] for nbytes in sizes]])


def _page(times: Sequence[float], sizes: Sequence[int], device: str) -> str:
    """A page with a curve in steps."""
    most, last = max(sizes, default=0) or 1, max(times, default=0) or 1
    points: list[str] = []
    before = 0.0
    for time, nbytes in zip(times, sizes, strict=True):
        x, y = time / last * _WIDTH, _HEIGHT * (1 - nbytes / most)
        points += [f"{x:.1f},{before:.1f}"] if points else []
        points.append(f"{x:.1f},{y:.1f}")
        before = y
    title = f"Memory in use on {escape(device)}: at most {size(max(sizes, default=0))}"
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>{title}</title></head>'
        f'<body style="font-family: sans-serif"><h1>{title}</h1>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" style="border: 1px solid gray">'
        f'<polyline fill="none" stroke="black" points="{" ".join(points)}"/></svg>'
        f"<p>0 to {last / 1e3:.3f} ms, after each of {len(times):,} kernels.</p></body></html>\n"
    )
