"""The table in the terminal: a heading for each family, a line for each case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.case import OURS
from benchmarks.harness import Result
from benchmarks.report import duration, rate, remarks

_NAME = 50
_COLUMNS = {"time": 10, "rate": 18, "of peak": 9, "launches": 10, "programs": 10, "compile": 10}
_RIVAL = 18


class Table:
    """How results are shown: the rivals with a column, the device's peaks, medians or the fastest.

    A rival's column holds our time over its time, and its time.
    """

    def __init__(
        self,
        rivals: Sequence[str] = (),
        peaks: Mapping[str, float] | None = None,
        best: bool = False,
    ) -> None:
        self.rivals = rivals
        self.peaks = peaks or {}
        self.best = best

    def heading(self, family: str) -> str:
        """The line above the cases of a family."""
        cells = "".join(f"{name:>{width}}" for name, width in _COLUMNS.items())
        return f"{family:<{_NAME}}{cells}" + "".join(f"{r:>{_RIVAL}}" for r in self.rivals)

    def row(self, result: Result) -> str:
        """One line."""
        name = f"{result.name:<{_NAME}}"
        if result.failure:
            return f"{name}  FAILED: {result.failure}"
        times = {n: t.best if self.best else t.seconds for n, t in result.timings.items()}
        share = result.share(self.peaks, self.best)
        cells = [
            duration(times[OURS]),
            rate(result, times[OURS]),
            "" if share is None else f"{share:.0%}",
            f"{result.launches:.3g}",
            f"{result.programs}",
            duration(result.compile) if result.compile else "",
        ]
        line = name + "".join(f"{c:>{w}}" for c, w in zip(cells, _COLUMNS.values(), strict=True))
        for rival in self.rivals:
            ratio = result.ratio(rival, self.best)
            cell = "" if ratio is None else f"{ratio:.2f}x {duration(times[rival]):>8}"
            line += f"{cell:>{_RIVAL}}"
        return f"{line}  {'; '.join(remarks(result))}".rstrip()
