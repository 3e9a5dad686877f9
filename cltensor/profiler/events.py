"""What a profile notes, and its sums by name: a table under PyTorch's names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

#: What a table is sorted by, in PyTorch's words and in ours.
_SORTS = {
    "count": "count",
    "cpu_time": "cpu_time",
    "cpu_time_total": "host_us",
    "self_cpu_time_total": "self_host_us",
    **{f"{kind}_time": "device_time" for kind in ("device", "cuda", "xpu")},
    **{f"{kind}_time_total": "device_us" for kind in ("device", "cuda", "xpu")},
    **{f"self_{kind}_time_total": "self_device_us" for kind in ("device", "cuda", "xpu")},
    **{
        f"{which}{kind}_memory_usage": f"{which}memory"
        for kind in ("cpu", "device", "cuda", "xpu")
        for which in ("", "self_")
    },
}
_UNITS = {"s": 1e6, "ms": 1e3, "us": 1.0}


@dataclass(frozen=True)
class Row:
    """All events of a name, kernels or blocks of `record_function`.

    Attributes:  count, how many; device_us, microseconds of the device, a block's of the kernels in
                 it; host_us, microseconds of a block on the host, the waiting for kernels included;
                 nbytes, of the buffers that kernels use; memory, how many bytes more were in use
                 after the kernels than before; depth, in how many blocks the outermost is. Those
                 that begin with self_ leave out what is in blocks and kernels below.
    """

    key: str
    count: int = 1
    device_us: float = 0.0
    self_device_us: float = 0.0
    host_us: float = 0.0
    self_host_us: float = 0.0
    nbytes: int = 0
    memory: int = 0
    self_memory: int = 0
    depth: int = 0

    @property
    def device_time_total(self) -> float:
        """Microseconds of the device."""
        return self.device_us

    @property
    def self_device_time_total(self) -> float:
        """Microseconds of the device, 0 for a block."""
        return self.self_device_us

    @property
    def device_time(self) -> float:
        """Microseconds of the device for each."""
        return self.device_us / self.count

    @property
    def cpu_time_total(self) -> float:
        """Microseconds of the host."""
        return self.host_us

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds of the host outside blocks and kernels below."""
        return self.self_host_us

    @property
    def cpu_time(self) -> float:
        """Microseconds of the host for each."""
        return self.host_us / self.count

    @property
    def device_memory_usage(self) -> int:
        """Bytes more in use after it."""
        return self.memory

    @property
    def self_device_memory_usage(self) -> int:
        """Bytes more in use after it, 0 for a block."""
        return self.self_memory

    cuda_time, cuda_time_total = device_time, device_time_total
    self_cuda_time_total = self_device_time_total
    cpu_memory_usage = cuda_memory_usage = device_memory_usage
    self_cpu_memory_usage = self_cuda_memory_usage = self_device_memory_usage

    def plus(self, other: Row) -> Row:
        """Both, under the key of the first."""
        sums = {
            name: getattr(self, name) + getattr(other, name)
            for name in vars(self)
            if name not in ("key", "depth")
        }
        depth = min(self.depth, other.depth)
        return Row(key=self.key, depth=depth, **sums)


@dataclass(frozen=True, kw_only=True)
class Event(Row):
    """A kernel that ran, or a block.

    Attributes:  is_kernel; start, when it began, and duration, in microseconds since the profile
                 began; thread; in_use, bytes in use on its device after a kernel; device, its name.
    """

    is_kernel: bool
    start: float
    duration: float
    thread: int
    in_use: int = 0
    device: str = ""

    @property
    def name(self) -> str:
        """That of the kernel or of the block."""
        return self.key

    @property
    def row(self) -> Row:
        """What it adds to the row of its name."""
        return Row(**{name: getattr(self, name) for name in Row.__dataclass_fields__})


class Averages(list[Row]):
    """A row for each name.

    Args:    rows; foot: what the table says at its end; memory: whether it has a column of memory.
    """

    def __init__(self, rows: Iterable[Row], foot: str = "", memory: bool = False) -> None:
        super().__init__(rows)
        self._foot, self._memory = foot, memory

    def __str__(self) -> str:
        return self.table()

    @property
    def self_cpu_time_total(self) -> float:
        """Microseconds of the host in all blocks, kernels left out."""
        return sum(row.self_host_us for row in self)

    def total_average(self) -> Row:
        """The sum of all rows, of which blocks count without what is in them."""
        total = Row("Total", 0)
        for row in self:
            own = replace(
                row, device_us=row.self_device_us, host_us=row.self_host_us, memory=row.self_memory
            )
            total = total.plus(own)
        return total

    def table(
        self,
        sort_by: str | None = None,
        row_limit: int = 100,
        max_src_column_width: int = 75,
        max_name_column_width: int | None = 55,
        max_shapes_column_width: int = 80,
        header: str | None = None,
        top_level_events_only: bool = False,
        time_unit: str | None = None,
    ) -> str:
        """The rows as text, the greatest of `sort_by` first.

        Args:    sort_by: "device_time_total" (the default), "cpu_time_total", "count",
                 "self_device_memory_usage" or another of PyTorch's words;  row_limit: at most so
                 many rows, all for -1;  max_name_column_width: longer names are cut, None for
                 none;  header: a line above;  top_level_events_only: leave out what is always
                 inside a block;  time_unit: "s", "ms" or "us" for all times, else what fits each.
                 max_src_column_width and max_shapes_column_width are PyTorch's and change nothing.
        Raises:  ValueError for another word or unit.
        """
        key = _SORTS.get(sort_by or "device_time_total")
        if key is None:
            raise ValueError(f"table: sort_by is {sort_by!r}; there are {', '.join(_SORTS)}")
        if time_unit is not None and time_unit not in _UNITS:
            raise ValueError(f"table: time_unit is {time_unit!r}; there are {', '.join(_UNITS)}")
        shown = [row for row in self if not (top_level_events_only and row.depth)]
        shown.sort(key=lambda row: -getattr(row, key))
        shown = shown[:row_limit] if row_limit >= 0 else shown
        columns = ["name", "calls", "device", "share", "each", "host", "bytes"]
        lines = [columns + ["memory"] * self._memory]
        total = sum(row.self_device_us for row in self) or 1.0
        lines += [self._cells(row, total, max_name_column_width, time_unit) for row in shown]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = [
            "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])
            for line in lines
        ]
        rule = "-" * len(text[0])
        foot = [rule, self._foot] if self._foot else []
        return "\n".join([*([header] if header else []), text[0], rule, *text[1:], *foot])

    def _cells(self, row: Row, total: float, longest: int | None, unit: str | None) -> list[str]:
        name = row.key
        if longest is not None and len(name) > longest:
            name = name[: max(0, longest - 3)] + "..."
        cells = [
            name,
            f"{row.count:,}",
            _time(row.device_us, unit),
            f"{row.self_device_us / total:.1%}",
            _time(row.device_time, unit),
            _time(row.host_us, unit),
            size(row.nbytes),
        ]
        return cells + [size(row.memory)] * self._memory


class Events(list[Event]):
    """All that a profile noted, in the order in which it ended.

    Args:    events; foot, memory: as `Averages` has them.
    """

    def __init__(self, events: Iterable[Event], foot: str = "", memory: bool = False) -> None:
        super().__init__(events)
        self._foot, self._memory = foot, memory

    def key_averages(self) -> Averages:
        """A row for each kernel and each block, by name."""
        rows: dict[str, Row] = {}
        for event in self:
            seen = rows.get(event.key)
            rows[event.key] = event.row if seen is None else seen.plus(event.row)
        return Averages(rows.values(), self._foot, self._memory)

    def table(self, **options: Any) -> str:
        """Each event as a row; options: those of `Averages.table`."""
        return Averages((event.row for event in self), self._foot, self._memory).table(**options)

    def total_average(self) -> Row:
        """See Averages."""
        return self.key_averages().total_average()

    @property
    def self_cpu_time_total(self) -> float:
        """See Averages."""
        return self.key_averages().self_cpu_time_total


def _time(us: float, unit: str | None = None) -> str:
    if unit is None:
        unit = "s" if us >= 1e6 else "ms" if us >= 1e3 else "us"
    return f"{us / _UNITS[unit]:.{1 if unit == 'us' else 3}f} {unit}"


def size(nbytes: float) -> str:
    """So many bytes, for people."""
    sign, nbytes = "-" * (nbytes < 0), abs(nbytes)
    for unit in ("B", "KiB", "MiB"):
        if nbytes < 1024:
            return f"{sign}{nbytes:,.0f} B" if unit == "B" else f"{sign}{nbytes:.1f} {unit}"
        nbytes /= 1024
    return f"{sign}{nbytes:.1f} GiB"
