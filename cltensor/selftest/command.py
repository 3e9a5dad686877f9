"""The command `cltensor selftest`."""

from __future__ import annotations

import argparse
import json
import os
from functools import partial
from pathlib import Path
from typing import Any

from cltensor.errors import DataError
from cltensor.runtime.settings import parse_seconds
from cltensor.selftest import report, summary
from cltensor.selftest.private import clean, cleaned
from cltensor.selftest.supervisor import Findings, Outcome, Supervisor


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of the command."""
    command.add_argument("--device", help='such as "cl:0" or "gpu"; the default device if left out')
    command.add_argument("--report", type=Path, metavar="FILE.html", help="write a page of it")
    command.add_argument("--json", type=Path, metavar="FILE", help="write all of it as JSON")
    command.add_argument("--quick", action="store_true", help="fewer checks, and nothing is timed")
    command.add_argument(
        "--limit", type=parse_seconds, default=120.0, metavar="TIME",
        help="the most that a check may take, compiling included, until it counts as hung (120s)",
    )  # fmt: skip


def selftest(options: argparse.Namespace) -> int:
    """Run it; returns 0 where all is right, else 1."""
    for path in (options.report, options.json):
        _require_place(path)
    say = partial(print, flush=True)
    progress = report.Progress(say)
    findings = Supervisor(options.device, options.quick, options.limit, progress.add).run()
    progress.close()
    findings = _cleaned(findings)
    device = findings.facts["device"]
    say(f"\n{device['name']} ({device['platform']}), driver {device['driver']}")
    for line in report.text(findings):
        say(line)
    if options.report:
        options.report.write_text(report.page(findings), encoding="utf-8")
        say(f"report    {options.report}")
    if options.json:
        document = {**findings.as_dict(), "verdict": summary.verdict(findings)}
        options.json.write_text(json.dumps(document, indent=1), encoding="utf-8")
        say(f"JSON      {options.json}")
    return 1 if summary.failures(findings) else 0


def _require_place(path: Path | None) -> None:
    """Raise DataError, before minutes are spent, where no file can be written."""
    if path is None:
        return
    place = path if path.exists() else path.parent
    if path.is_dir() or not place.exists() or not os.access(place, os.W_OK):
        why = "it is a folder" if path.is_dir() else f"nothing can be written to '{place}'"
        raise DataError(f"selftest: '{path}' cannot be written: {why}; name another place")


def _cleaned(findings: Findings) -> Findings:
    """The same, of which every text may be shown to others."""
    outcomes = [Outcome(**{k: _texts(k, v) for k, v in vars(o).items()}) for o in findings.outcomes]
    ends = [clean(end) for end in findings.ends]
    return Findings(cleaned(findings.facts), outcomes, ends, findings.seconds)


def _texts(name: str, value: Any) -> Any:
    """What a driver or the system may have written; names and notes are our own."""
    return cleaned(value) if name in ("message", "value") else value
