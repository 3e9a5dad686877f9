"""``python -m benchmarks.visit``: all that a first visit to a machine with a GPU is for, in one
command and within a time limit.

It looks for drivers, has the device checked, runs the tests of kernels in parallel processes, tunes
kernel parameters and measures, beside PyTorch where that is installed. Each step is a process of
its own, or several, that is ended at its limit; what one leaves of its time is for the others, and
what fails in one stops none. Everything lies in one folder afterwards, with a table of the steps.

This module imports nothing of cltensor: the drivers must be there before that looks for them.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
#: The tests of kernels, as in tests/played.py.
TESTS = ("lazy", "ops", "nn/test_recurrence.py", "nn/test_recurrent_launches.py", "optim")
#: What is measured first, in case there is no time for more.
FIRST = ("matmul", "conv", "training", "norm", "bandwidth", "pointwise", "reduction", "launch")
SYSTEM_ICDS = "/etc/OpenCL/vendors"
#: Where NVIDIA's driver puts its libraries beside what the loader of the system knows: containers,
#: Windows' subsystem for Linux.
NVIDIA_FOLDERS = (
    "/usr/local/nvidia/lib64", "/usr/local/nvidia/lib", "/usr/lib/wsl/lib", "/usr/lib64",
    "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib", "/run/opengl-driver/lib",
)  # fmt: skip
_GRACE = 5.0  # seconds between asking a process to end and ending it

Environment = dict[str, str]


class Step(NamedTuple):
    """Commands that run beside each other, its share of the time, and what its logs say."""

    name: str
    share: float
    commands: Callable[[float], list[list[str]]]
    note: Callable[[], str]


class Outcome(NamedTuple):
    """How a step ended."""

    name: str
    result: str
    seconds: float
    note: str


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns 0 where every step went well, else 1."""
    options = _options(argv)
    end = time.monotonic() + options.limit
    out = options.out or ROOT / "benchmarks/results" / f"visit-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    out = out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    environment = prepared(out, dict(os.environ), NVIDIA_FOLDERS, SYSTEM_ICDS)
    outcomes = [look(out, environment, options.device, end)]
    if outcomes[0].result == "ok":
        environment["CLTENSOR_DEVICE"] = outcomes[0].note.partition(" ")[0]
        outcomes += visit(steps(out, options), out, environment, end)
    lines = table(outcomes)
    (out / "visit.txt").write_text("\n".join(lines) + "\n", "utf-8")
    (out / "visit.json").write_text(json.dumps([o._asdict() for o in outcomes], indent=1), "utf-8")
    print("\n" + "\n".join(lines))
    print(f"\neverything is in {out}")
    return 0 if all(outcome.result == "ok" for outcome in outcomes) else 1


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.visit", description=__doc__)
    add = parser.add_argument
    add("--limit", type=float, default=780, metavar="SECONDS", help="for all of it (780)")
    add("--out", type=Path, metavar="FOLDER", help="(a new one in benchmarks/results)")
    add("--device", help="such as cl:0, cpu or cl:intel; the first GPU if left out")
    add(
        "--jobs", type=int, default=0, help="processes of tests (half of the processors, 8 at most)"
    )
    add("--only", nargs="+", metavar="STEP", help="such as tests tune benchmarks; all if left out")
    options = parser.parse_args(argv)
    if not 0 < options.limit < math.inf:
        parser.error("--limit takes more than 0 seconds")
    options.jobs = options.jobs or min(8, max(1, (os.cpu_count() or 1) // 2))
    return options


# Drivers.


def prepared(
    out: Path, environment: Environment, folders: Iterable[str], system: str
) -> Environment:
    """`environment` for the steps: with what is ours, and with NVIDIA's driver, if its library is
    here and no .icd file says so; then a folder of such files in `out` has one more."""
    paths = [str(ROOT), *filter(None, [environment.get("PYTHONPATH")])]
    environment = {
        **environment, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1",
        "CLTENSOR_TUNING": str(out / "tuning.json"),
    }  # fmt: skip
    chosen = environment.get("OCL_ICD_VENDORS") or environment.get("OPENCL_VENDOR_PATH") or system
    present = sorted(Path(chosen).glob("*.icd"))
    # Who names a single driver wants no other.
    if os.path.isfile(chosen) or any(
        "nvidia" in path.read_text("utf-8", "replace") for path in present
    ):
        return environment
    library = nvidia_library([*environment.get("LD_LIBRARY_PATH", "").split(os.pathsep), *folders])
    if library is None:
        return environment
    own = out / "icd"
    own.mkdir(exist_ok=True)
    for path in present:
        (own / path.name).write_bytes(path.read_bytes())
    (own / "nvidia.icd").write_text(f"{library}\n", "utf-8")
    # It opens others that lie beside it.
    beside = [str(library.parent), *filter(None, [environment.get("LD_LIBRARY_PATH")])]
    environment["LD_LIBRARY_PATH"] = os.pathsep.join(beside)
    environment["OCL_ICD_VENDORS"] = environment["OPENCL_VENDOR_PATH"] = str(own)
    return environment


def nvidia_library(folders: Iterable[str]) -> Path | None:
    """The OpenCL library of NVIDIA's driver: the name that its own .icd file has, else any."""
    for folder in filter(None, folders):
        found = sorted(Path(folder).glob("libnvidia-opencl.so*"), key=lambda path: path.name)
        exact = [path for path in found if path.name == "libnvidia-opencl.so.1"]
        for path in (*exact, *found):
            if path.exists():  # links may lead nowhere
                return path
    return None


_DEVICES = """
import json
from cltensor.runtime.device import devices, get
import sys
chosen = get(sys.argv[1]) if len(sys.argv) > 1 else None
for d in [chosen] if chosen else devices():
    print(json.dumps([d.name, d.kind, d.title, d.cl_device.driver_version]))
"""


def look(out: Path, environment: Environment, device: str | None, end: float) -> Outcome:
    """The first step: what devices there are; its note begins with the name of the one to visit."""
    began = time.monotonic()
    limit = min(60.0, end - began)
    run([[sys.executable, "-m", "cltensor", "info"]], out, "info", environment, limit)
    names = [device] if device else []
    command = [sys.executable, "-c", _DEVICES, *names]
    run([command], out, "devices", environment, min(60.0, end - time.monotonic()))
    seconds = time.monotonic() - began
    lines = [line for line in _text(out / "devices.log").splitlines() if line.startswith("[")]
    found = [json.loads(line) for line in lines]
    fitting = [each for each in found if device or each[1] == "gpu"]
    if fitting:
        name, kind, title, driver = fitting[0]
        return Outcome("drivers", "ok", seconds, f"{name} {kind}: {title}, driver {driver}")
    note = f"no device '{device}'" if device else "no GPU; --device names another device"
    if found:
        note += f"; there is {', '.join(f'{each[0]} {each[1]}' for each in found)}"
    return Outcome("drivers", "failed", seconds, f"{note}; see info.log")


# The steps.


def steps(out: Path, options: argparse.Namespace) -> list[Step]:
    """The others, in their order."""
    python = [sys.executable, "-m"]

    def selftest(limit: float) -> list[list[str]]:
        pages = ["--json", f"{out / 'selftest.json'}", "--report", f"{out / 'selftest.html'}"]
        quick = ["--quick"] if limit < 60 else []
        return [[*python, "cltensor", "selftest", *pages, *quick, "--limit", f"{limit / 3:.0f}"]]

    def tests(limit: float) -> list[list[str]]:
        command = [*python, "pytest", "-v", "--tb=short", "-p", "no:cacheprovider"]
        command += ["-m", "not slow and not thorough"]
        return [[*command, *files] for files in dealt(test_files(), options.jobs)]

    def tune(limit: float) -> list[list[str]]:
        return [[*python, "cltensor", "tune", "--budget", f"{0.7 * limit:.1f}s"]]

    def measure(name: str, families: Sequence[str]) -> Callable[[float], list[list[str]]]:
        where = ["--json", f"{out / name}.json", "--html", f"{out / name}.html"]
        quick = ["--rivals", "torch", "--families", *families]

        def commands(limit: float) -> list[list[str]]:
            more = ["--quick"] if limit < 240 else []
            return [[*python, "benchmarks", *where, *quick, *more, "--budget", f"{limit / 2:.1f}"]]

        return commands

    def means(name: str) -> Callable[[], str]:
        return lambda: _means(out / f"{name}.json")

    first, more = "benchmarks", "more-benchmarks"
    found = [
        Step("selftest", 2, selftest, lambda: _last(out / "selftest.log", "verdict|right|wrong")),
        Step("tests", 4, tests, lambda: _counts(out.glob("tests*.log"))),
        Step("tune", 2, tune, lambda: _last(out / "tune.log", "rows written|left out")),
        Step(first, 4, measure(first, FIRST), means(first)),
        Step(more, 2, measure(more, _rest()), means(more)),
    ]
    return [step for step in found if not options.only or step.name in options.only]


def _rest() -> list[str]:
    """The families that are not among the first."""
    text = (ROOT / "benchmarks/families").glob("[!_]*.py")
    names = sorted(re.findall(r'^FAMILY = "(\w+)"', path.read_text("utf-8"), re.M) for path in text)
    return [name for found in names for name in found if name not in (*FIRST, "startup")]


def test_files() -> list[Path]:
    """The files of the tests of kernels."""
    found: list[Path] = []
    for name in TESTS:
        path = ROOT / "tests" / name
        found += sorted(path.rglob("test_*.py")) if path.is_dir() else [path]
    return found


def dealt(files: Sequence[Path], hands: int) -> list[list[str]]:
    """`files` in so many lists of about equal length in bytes."""
    lists: list[list[str]] = [[] for _ in range(max(1, min(hands, len(files))))]
    sizes = [0] * len(lists)
    for path in sorted(files, key=lambda path: -path.stat().st_size):
        least = sizes.index(min(sizes))
        lists[least].append(str(path.relative_to(ROOT)))
        sizes[least] += path.stat().st_size
    return lists


def visit(chosen: Sequence[Step], out: Path, environment: Environment, end: float) -> list[Outcome]:
    """Run the steps until the clock shows `end`; each gets its share of what is left by then."""
    outcomes = []
    for number, step in enumerate(chosen):
        left = end - time.monotonic() - _GRACE
        limit = left * step.share / sum(each.share for each in chosen[number:])
        if limit <= 1:
            outcomes.append(Outcome(step.name, "no time", 0.0, ""))
            continue
        print(f"{step.name}: {limit:.0f} s at most", flush=True)
        began = time.monotonic()
        try:
            ends = run(step.commands(limit), out, step.name, environment, limit)
            result = "stopped" if None in ends else "failed" if any(ends) else "ok"
            if result == "failed":
                result += f" ({', '.join(str(each) for each in ends if each)})"
            note = step.note()
        except (OSError, ValueError, KeyError) as error:
            result, note = "failed", f"{type(error).__name__}: {error}"
        outcomes.append(Outcome(step.name, result, time.monotonic() - began, note))
        print(f"{step.name}: {result}; {note}", flush=True)
    return outcomes


def run(
    commands: Sequence[Sequence[str]], out: Path, name: str, environment: Mapping[str, str],
    limit: float,
) -> list[int | None]:  # fmt: skip
    """The exit status of each command, None for one that was ended at the limit; their output is in
    `out`/`name`.log, or in several, numbered."""
    end = time.monotonic() + limit
    started = []
    try:
        for number, command in enumerate(commands):
            path = out / f"{name}{f'-{number}' if len(commands) > 1 else ''}.log"
            with path.open("wb") as log:
                process = subprocess.Popen(
                    command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                    cwd=ROOT, env=dict(environment), start_new_session=os.name == "posix",
                )  # fmt: skip
            started.append(process)
        return [_ended(process, end) for process in started]
    finally:
        for process in started:  # where somebody interrupts
            if process.poll() is None:
                _end(process)


def _ended(process: subprocess.Popen[bytes], end: float) -> int | None:
    """The exit status when it ends by itself; None if the clock shows `end` before."""
    try:
        return process.wait(max(0.0, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        _end(process)
        return None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it, and those that it started: they have its group."""
    for name in ("SIGTERM", "SIGKILL"):
        if os.name == "posix":
            try:
                os.killpg(process.pid, getattr(signal, name))
            except ProcessLookupError:
                return
        else:
            process.kill()
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            continue


# What logs say, and the table.


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _last(path: Path, words: str) -> str:
    """The last line of a log with one of `words`, else the last one."""
    lines = [line.strip() for line in _text(path).splitlines() if line.strip()]
    fitting = [line for line in lines if re.search(words, line)]
    return (fitting or lines or [""])[-1]


def _counts(logs: Iterable[Path]) -> str:
    """How many tests ended how, as far as they came."""
    found = Counter(
        word.lower()
        for path in logs
        for word in re.findall(r" (PASSED|FAILED|ERROR|SKIPPED|XFAIL)\b.*\[ *\d+%\]", _text(path))
    )
    return ", ".join(f"{count} {word}" for word, count in found.most_common()) or "none ran"


def _means(path: Path) -> str:
    """How many cases were measured, and the geometric mean of the ratios by family and rival."""
    if not path.exists():
        return "nothing was written"
    results = json.loads(path.read_text("utf-8"))["results"]
    wrong = [r for r in results if r["failure"] or (r["error"] or 0) > 1e-3]
    ratios: dict[str, list[float]] = {}
    for result in results:
        for rival, ratio in result["ratios"].items():
            ratios.setdefault(f"{result['family']} {rival}", []).append(math.log(ratio))
    means = [f"{math.exp(sum(r) / len(r)):.2f}x {name}" for name, r in ratios.items()]
    failed = f", {len(wrong)} failed or wrong" if wrong else ""
    return f"{len(results)} cases{failed}" + (f": {', '.join(means)}" if means else "")


def table(outcomes: Sequence[Outcome]) -> list[str]:
    """A line for each step."""
    return [f"{'step':<16}{'result':<14}{'seconds':>8}  what it says"] + [
        f"{o.name:<16}{o.result:<14}{o.seconds:>8.1f}  {o.note}" for o in outcomes
    ]


if __name__ == "__main__":
    sys.exit(main())
