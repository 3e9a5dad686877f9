"""What the suites of PyTorch's samples share: processes that compute one entry after another, so
that a crash or a hang is one line of the report.

A suite is a module of this folder with `entries()`, what there is by name, and
`result(entry, dtype, most, pipe)`, what comes of it.
"""

from __future__ import annotations

import argparse
import collections
import importlib
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent


def parser(about: str) -> argparse.ArgumentParser:
    """The options of all suites."""
    made = argparse.ArgumentParser(description=about.split("\n")[0])
    made.add_argument("--only", default="", help="entries whose names begin so; a,b for two")
    made.add_argument("--dtype", default="float32")
    made.add_argument("--json", type=Path)
    made.add_argument("--jobs", type=int, default=1)
    made.add_argument("--samples", type=int, default=1 << 30, help="at most so many of each")
    made.add_argument("--timeout", type=float, default=180, help="seconds for one sample")
    return made


# ---------------------------------------------------------------------------------------- worker


def work(pipe: Any, suite: str, dtype_name: str, most: int) -> None:
    """Answer each name by messages: ("sample", number) before each, ("done", result) at the end."""
    os.environ["OMP_NUM_THREADS"] = "1"
    sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]
    import warnings

    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    module = importlib.import_module(suite)
    entries = module.entries()
    pipe.send(("ready", None))
    while True:
        name = pipe.recv()
        if name is None:
            return
        pipe.send(("done", module.result(entries[name], dtype_name, most, pipe)))


def tried(
    samples: Iterable[Any],
    compare: Callable[[Any], None],
    dtype: Any,
    most: int,
    pipe: Any,
    errors: list[str],
    of_suite: bool = False,
) -> dict[str, Any]:
    """The result of `most` samples. errors: those found already; of_suite: the entry is a function
    of PyTorch's test suite, and a name that it does not find at first is one that is missing."""
    from comparison import Skipped, first_line, lacking, name_of
    from translation import Missing

    import cltensor as ct

    errors = list(errors)
    passed, skipped, lacks = 0, 0, ""
    start = time.perf_counter()
    try:
        for number, sample in enumerate(samples):
            if number == most:
                break
            pipe.send(("sample", number))
            try:
                compare(sample)
                passed += 1
            except Skipped:
                skipped += 1
            except ct.DTypeError as error:
                if not lacking(error):
                    errors.append(f"sample {number}: {name_of(error)}")
                    continue
                skipped, lacks = skipped + 1, lacking(error)
            except Missing:
                raise
            except AttributeError as error:
                if passed or not of_suite:
                    errors.append(f"sample {number}: {name_of(error)}")
                    continue
                raise Missing(first_line(error)) from None
            except Exception as error:
                errors.append(f"sample {number}: {name_of(error)}")
    except Missing as error:
        return {"state": "missing", "why": str(error)}
    except Exception as error:
        errors.append(f"samples: {name_of(error)}")
    if lacks and not passed and not errors:
        return {"state": "left out", "why": f"a device without {lacks}"}
    return {
        "state": "passes" if not errors else "partly" if passed else "fails",
        "dtype": str(dtype).partition(".")[2],
        "passed": passed,
        "failed": len(errors),
        "skipped": skipped,
        "errors": errors[:5],
        "seconds": round(time.perf_counter() - start, 1),
    }


# ---------------------------------------------------------------------------------------- parent


class Worker:
    """A process that computes one entry of a suite after another."""

    def __init__(self, suite: str, args: argparse.Namespace) -> None:
        self.suite, self.args = suite, args
        self.name = ""
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(
            target=work,
            args=(other, self.suite, self.args.dtype, self.args.samples),
            daemon=True,
        )
        self.process.start()
        other.close()
        self.since, self.sample = time.monotonic(), -1

    def give(self, name: str | None) -> None:
        """Have it compute an entry; None ends it."""
        self.name, self.since, self.sample = name or "", time.monotonic(), -1
        self.pipe.send(name)

    def answer(self) -> dict[str, Any] | None:
        """The result of the entry, None while there is none."""
        try:
            while self.pipe.poll(0.05):
                kind, value = self.pipe.recv()
                self.since = time.monotonic()
                if kind == "done":
                    return value
                if kind == "sample":
                    self.sample = value
        except (EOFError, ConnectionResetError):
            return self._ended("the process ended")
        if time.monotonic() - self.since > self.args.timeout:
            return self._ended(f"no end within {self.args.timeout} s")
        return None

    def _ended(self, how: str) -> dict[str, Any]:
        number = max(self.sample, 0)
        self.process.kill()
        self.process.join()
        self._start()
        error = f"sample {number}: {how}"
        return {"state": "fails", "passed": number, "failed": 1, "errors": [error]}


def run(
    suite: str, names: list[str], args: argparse.Namespace
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The results of the entries that `--only` names, and those that are kept of all, by dtype.
    Prints each that does not pass."""
    os.environ.setdefault("POCL_MAX_PTHREAD_COUNT", "1")
    kept = json.loads(args.json.read_text()) if args.json and args.json.exists() else {}
    known = kept.setdefault(args.dtype, {})
    names = [n for n in names if n.startswith(tuple(args.only.split(",")))]
    waiting = collections.deque(names)
    workers = [Worker(suite, args) for _ in range(max(1, min(args.jobs, len(names))))]
    busy = [w for w in workers if waiting and (w.give(waiting.popleft()) or True)]
    found = {}
    while busy:
        for worker in list(busy):
            result = worker.answer()
            if result is None:
                continue
            found[worker.name] = known[worker.name] = result
            if args.json:  # at once: hours of work do not end with the process
                args.json.write_text(json.dumps(kept, indent=1, sort_keys=True))
            if result["state"] not in ("passes", "left out"):
                print(f"{worker.name}: {shown(result)}", flush=True)
            if waiting:
                worker.give(waiting.popleft())
            else:
                busy.remove(worker)
    for worker in workers:
        worker.give(None)
        worker.process.join(10)
    return found, kept


def ended(found: dict[str, Any], what: str) -> int:
    """Say how many pass; the exit status."""
    passing, total = share(found)
    print(f"{passing} of {total} {what} pass ({100 * passing / max(total, 1):.1f} %)")
    return passing < total


def shown(result: dict[str, Any]) -> str:
    """A result in one line."""
    if "why" in result:
        return f"{result['state']}: {result['why']}"
    total = result["passed"] + result["failed"]
    text = f"{result['state']}: {result['passed']} of {total}"
    return text + (f"; {result['errors'][0]}" if result["errors"] else "")


def share(results: dict[str, Any]) -> tuple[int, int]:
    """How many of the operators that count pass, and how many count."""
    states = [r["state"] for r in results.values() if r["state"] != "left out"]
    return states.count("passes"), len(states)


def summary(results: dict[str, Any]) -> str:
    """How many pass, in a sentence."""
    passing, total = share(results)
    counts = collections.Counter(r["state"] for r in results.values())
    others = [f"{n} {state}" for state, n in sorted(counts.items()) if state != "passes"]
    return (
        f"**{passing} of {total}** pass on all samples ({100 * passing / max(total, 1):.1f} %); "
        + ", ".join(others)
        + "."
    )
