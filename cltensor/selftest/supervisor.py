"""The process that a person starts: it never touches a driver, but has a worker do it, notes what
that says, and starts another one behind a check that hangs or kills its process."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from cltensor.errors import DeviceError

_ROOT = Path(__file__).resolve().parents[2]
#: The worker, for Python.
PROGRAM = ("-m", "cltensor.selftest.worker")
#: Checks of one family that may hang or kill their process before the rest of it is given up, and
#: workers in all.
_PATIENCE, _WORKERS = 3, 20
#: Characters of what a process said at its end.
_WORDS = 600
#: Seconds that a process may take to end.
_FAREWELL = 30.0
#: Seconds that count as no limit: systems know no times far beyond.
_FOREVER = 1e8

#: The family whose checks may well take their process along.
BUGS = "known bugs"
#: Verdicts that say that something is wrong.
FAILED = ("wrong", "error", "died", "hung", "not tried")


@dataclass
class Outcome:
    """A check and how it went: "right", "wrong", "error", "left out" (the device lacks something),
    "died" (with the process), "hung", or "not tried" (after too many of these)."""

    family: str
    name: str
    note: str = ""
    verdict: str = "not tried"
    message: str = ""
    seconds: float = 0.0
    value: Any = None


@dataclass
class Findings:
    """All that a self-test found. ends: how each worker ended, where not as it should."""

    facts: dict[str, Any] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


class _Worker:
    """A process at work, and the lines that it says."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self.words: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        paths = [str(_ROOT), os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        environment["CLTENSOR_QUIET"] = "1"
        self.process = subprocess.Popen(
            [sys.executable, *PROGRAM, *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.words, env=environment,
        )  # fmt: skip
        self.lines: queue.Queue[Any] = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def next(self, seconds: float) -> Any:
        """What it says next; None where it ended, TimeoutError where it says nothing."""
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError from None
        return None if line is None else json.loads(line)

    def end(self, seconds: float = _FAREWELL) -> str:
        """How it ended: "" if as it should, killed where it does not end by itself."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return f"did not end within {seconds:g} s"
        said = self._said()
        if status == 0:
            return ""
        how = f"exit status {status}"
        if status < 0:
            try:
                how = signal.Signals(-status).name
            except ValueError:
                how = f"signal {-status}"
        return f"{how}{f': {said}' if said else ''}"

    def kill(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            self.kill()
        # A process that it started may hold the pipe open: the thread then ends with this one.
        self.reader.join(1.0)
        if self.process.stdout is not None and not self.reader.is_alive():
            self.process.stdout.close()
        self.words.close()

    def _said(self) -> str:
        """The end of what it wrote for people."""
        self.words.seek(0)
        return self.words.read().decode("utf-8", "replace").strip()[-_WORDS:]


class Supervisor:
    """Runs the plan in workers, and tells `report` of each outcome."""

    def __init__(
        self,
        device: str | None,
        quick: bool = False,
        limit: float = 120.0,
        report: Callable[[Outcome], None] = lambda outcome: None,
    ) -> None:
        self.arguments = [*(["--device", device] if device else []), *(["--quick"] * quick)]
        self.limit = min(limit, _FOREVER)
        self.report = report
        self.findings = Findings()
        self.done: set[int] = set()
        self.lost: Counter[str] = Counter()

    def run(self) -> Findings:
        """What all checks found, or, after Ctrl-C, those before it.

        Raises DeviceError where there is no such device, or it cannot be opened.
        """
        began = time.monotonic()
        why = "too many checks before it took their process along"
        try:
            for _ in range(_WORKERS):
                if self._work() or len(self.done) == len(self.findings.outcomes):
                    break
        except DeviceError as error:  # after a check that hung or died, it does not open again
            if not self.findings.outcomes:
                raise
            why = str(error)
        except KeyboardInterrupt:
            if not self.findings.outcomes:
                raise
            why = "interrupted"
        for number, outcome in enumerate(self.findings.outcomes):
            if number not in self.done:
                self._note(number, message=why)
                self.report(outcome)
        self.findings.seconds = time.monotonic() - began
        return self.findings

    def _note(self, number: int, **found: Any) -> Outcome:
        outcome = self.findings.outcomes[number]
        for name, value in found.items():
            setattr(outcome, name, value)
        self.done.add(number)
        return outcome

    def _work(self) -> bool:
        """Have one worker do what is left; whether all is done."""
        skipped = ",".join(map(str, sorted(self.done)))
        worker = _Worker([*self.arguments, *(["--skip", skipped] if skipped else [])])
        try:
            self._open(worker)
            current: int | None = None
            while True:
                began = time.monotonic()
                try:
                    said = worker.next(self.limit)
                except TimeoutError:
                    worker.kill()
                    self._lose(current, "hung", f"no result after {self.limit:g} s", self.limit)
                    return False
                if said is None:
                    self._lose(current, "died", worker.end(), time.monotonic() - began)
                    return False
                if "begin" in said:
                    current = said["begin"]
                elif "end" in said:
                    number, current = said.pop("end"), None
                    self.report(self._note(number, **said))
                else:  # done
                    ended = worker.end()
                    if ended:
                        self.findings.ends.append(ended)
                    return True
        finally:
            worker.close()

    def _open(self, worker: _Worker) -> None:
        """Read what the worker says of the device and the plan."""
        try:
            said = worker.next(self.limit)
        except TimeoutError:
            raise DeviceError(
                f"selftest: the device was not opened within {self.limit:g} s; its driver hangs"
            ) from None
        if said is None:
            raise DeviceError(
                f"selftest: the process died while it opened the device: {worker.end()}"
            )
        if "failed" in said:
            raise DeviceError(f"selftest: {said['failed']}")
        if not self.findings.outcomes:
            self.findings.facts = said["facts"]
            self.findings.outcomes = [Outcome(*row) for row in said["plan"]]

    def _lose(self, current: int | None, verdict: str, how: str, seconds: float) -> None:
        """Note the check that took the worker along, and give up a family of such."""
        if current is None:  # between two checks: not its fault that we know of
            self.findings.ends.append(how)
            left = (n for n in range(len(self.findings.outcomes)) if n not in self.done)
            current = next(left, None)
            if current is None:  # all was done
                return
        outcome = self._note(current, verdict=verdict, message=how, seconds=seconds)
        self.report(outcome)
        self.lost[outcome.family] += 1
        if self.lost[outcome.family] < _PATIENCE or outcome.family == BUGS:
            return
        for number, other in enumerate(self.findings.outcomes):
            if other.family == outcome.family and number not in self.done:
                text = f"{_PATIENCE} checks of the family took their process along"
                self.report(self._note(number, message=text))
