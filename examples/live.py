"""A view of a training run in the terminal: loss curve, accuracy, images per second, memory."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

import cltensor as ct

#: Letters of eight heights.
STEPS = " ▁▂▃▄▅▆▇█"


def curve(values: list[float], width: int = 60, height: int = 8) -> list[str]:
    """Lines of a picture of the values, from the lowest to the highest."""
    if not values:
        return [""] * height
    count = min(width, len(values))
    ends = [len(values) * (k + 1) // count for k in range(count)]
    parts = [values[a:b] for a, b in zip([0, *ends], ends, strict=False)]
    means = [sum(part) / len(part) for part in parts]
    low, high = min(means), max(means)
    eighths = [round((m - low) / ((high - low) or 1) * (8 * height - 1)) + 1 for m in means]
    rows = range(height - 1, -1, -1)
    return ["".join(STEPS[max(0, min(8, e - 8 * row))] for e in eighths) for row in rows]


class Board:
    """What is shown of a run, over all its epochs; needs rich, from the extra 'live'."""

    def __init__(self, title: str, console: Any = None) -> None:
        try:
            import rich.console
            import rich.live
            import rich.panel
            import rich.table
        except ImportError as error:
            raise SystemExit('--live needs rich: pip install -e ".[live]"') from error
        self.rich, self.title = rich, title
        self.console = console or rich.console.Console(stderr=True)
        self.losses: list[float] = []
        self.accuracy: str | None = None
        self.recent: deque[tuple[float, int]] = deque(maxlen=100)

    def bar(self, total: int, initial: int = 0, desc: str = "", unit: str = " images", **_: Any):
        """What a part of the run reports to, used as tqdm's bar is."""
        return Bar(self, total, initial, desc, unit.strip())

    def speed(self) -> float:
        """How many of the unit were done in a second, of late."""
        if len(self.recent) < 2:
            return 0.0
        (first, start), (last, end) = self.recent[0], self.recent[-1]
        return (end - start) / max(last - first, 1e-9)

    def render(self, bar: Bar) -> Any:
        """The panel."""
        table = self.rich.table.Table.grid(padding=(0, 3))
        memory = ct.memory_summary()
        rows = [
            (bar.desc, f"{bar.done:,} of {bar.total:,} {bar.unit}"),
            ("loss", f"{self.losses[-1]:.4f}" if self.losses else "-"),
            ("accuracy", self.accuracy or "-"),
            (f"{bar.unit}/s", f"{self.speed():,.0f}"),
            ("memory", f"{memory['in_use'] / 2**20:,.1f} MiB, peak {memory['peak'] / 2**20:,.1f}"),
            ("device", f"{ct.device()}, {ct.device().title}"),
        ]
        for row in rows:
            table.add_row(*row)
        shown = self.losses[max(0, len(self.losses) - 600) :]
        text = "\n".join(curve(shown, min(60, max(10, self.console.width - 6))))
        done = min(60, 60 * bar.done // max(bar.total, 1))
        group = self.rich.console.Group(text, "━" * done + "╌" * (60 - done), table)
        return self.rich.panel.Panel(group, title=self.title, expand=False)


class Bar:
    """A part of a run on a Board."""

    def __init__(self, board: Board, total: int, initial: int, desc: str, unit: str) -> None:
        self.board, self.total, self.done, self.desc, self.unit = board, total, initial, desc, unit

    def __enter__(self) -> Bar:
        self.board.recent.clear()
        self.live = self.board.rich.live.Live(
            get_renderable=lambda: self.board.render(self),
            console=self.board.console,
            transient=True,
        )
        self.live.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.live.__exit__(*error)

    def update(self, count: int) -> None:
        """So many more are done."""
        self.done += count
        self.board.recent.append((time.perf_counter(), self.done))

    def set_postfix(self, loss: str, accuracy: str | None = None, refresh: bool = True) -> None:
        """The loss and the accuracy, as text."""
        self.board.losses.append(float(loss))
        self.board.accuracy = accuracy
