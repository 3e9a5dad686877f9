"""Every operator in PyTorch's own samples, computed by PyTorch and by cltensor.

    python tests/suites/operators.py [--only PREFIX] [--dtype float32] [--json FILE]
        [--write docs/coverage.md] [--jobs N] [--samples N] [--timeout S]

For each operator of torch.testing._internal.common_methods_invocations.op_db, the function of the
same name and path in cltensor gets the same arguments. Results are compared by PyTorch's
tolerances for the dtype (or be as near to its result in double precision as its own), then the
gradients of all inputs that require one. An operator without float32 is taken with int64, bool or
complex64.
Samples run in processes of their own: a crash or a hang is one line of the report.

--json keeps the results, and takes those of operators that are not run from the file; --write makes
the table of them. Needs PyTorch 2.13 and the package expecttest.
"""

from __future__ import annotations

import argparse
import collections
import json
import multiprocessing
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
#: Operators that are left out, by regular expressions of their names, and why.
LEFT_OUT = {
    r"^_(?!_)|\._(?!_)": "internal to PyTorch",
    r"sparse": "sparse storage",
    r"^jiterator": "CUDA source as an argument",
    r"^(max_pool2d_with_indices_backward|native_dropout_backward|slice)$": "not public in PyTorch",
    r"^torch\.": "not public in PyTorch",
    r"^chalf$": "complex numbers of half precision, which OpenCL has not",
}
#: Where cltensor gives something else on purpose, by regular expressions of names, and why.
OTHERWISE = {
    r"^(addmv|addbmm|baddbmm)$": "refuses a fractional factor of integers, which PyTorch cuts off",
    r"avg_pool|local_response_norm": "refuses means of integers, which PyTorch cuts off",
    r"^(add|sub|rsub|index_add|full_like|scalar_tensor)$": (
        "refuses a number that the dtype does not hold, which PyTorch wraps around"
    ),
    r"^masked.logsumexp$": "gives floats for integers, which PyTorch cuts off",
    r"margin_ranking_loss": "does not negate unsigned targets, which PyTorch wraps around",
    r"interpolate|upsample": "rounds integers once, PyTorch after each axis",
}


def reason(name: str) -> str | None:
    """Why the operator called `name` is left out, None if it is not."""
    return next((why for what, why in LEFT_OUT.items() if re.search(what, name)), None)


def title(operator: Any) -> str:
    """The operator's name, with that of the variant."""
    variant = operator.variant_test_name
    return f"{operator.name} ({variant})" if variant else operator.name


def _operators() -> dict[str, Any]:
    from torch.testing._internal.common_methods_invocations import op_db

    return {title(operator): operator for operator in op_db}


# ---------------------------------------------------------------------------------------- worker


def work(pipe: Any, dtype_name: str, most: int) -> None:
    """Answer each name by messages: ("sample", number) before each, ("done", result) at the end."""
    os.environ["OMP_NUM_THREADS"] = "1"
    sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]
    import warnings

    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    operators = _operators()
    pipe.send(("ready", None))
    while True:
        name = pipe.recv()
        if name is None:
            return
        pipe.send(("done", _result(operators[name], dtype_name, most, pipe)))


def _dtype(operator: Any, name: str) -> Any:
    import torch

    others = (torch.int64, torch.bool, torch.complex64) if name == "float32" else ()
    for dtype in (getattr(torch, name), *others):
        if dtype in operator.dtypes:
            return dtype
    return None


def _result(operator: Any, dtype_name: str, most: int, pipe: Any) -> dict[str, Any]:
    from comparison import Skipped, compare, first_line, lacking, name_of, samples
    from translation import Missing, of_suite, ours

    import cltensor as ct

    why, dtype = reason(operator.name), _dtype(operator, dtype_name)
    if why or dtype is None:
        return {"state": "left out", "why": why or f"no samples of {dtype_name}"}
    passed, skipped, errors, lacks = 0, 0, [], ""
    start = time.perf_counter()
    try:
        ours(operator)
        for number, sample in enumerate(samples(operator, dtype)):
            if number == most:
                break
            pipe.send(("sample", number))
            try:
                compare(operator, sample)
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
                if passed or not of_suite(operator.op):
                    errors.append(f"sample {number}: {name_of(error)}")
                    continue
                raise Missing(first_line(error)) from None
            except Exception as error:
                errors.append(f"sample {number}: {name_of(error)}")
    except Missing as error:
        return {"state": "missing", "why": str(error)}
    except Exception as error:
        errors.append(f"samples: {name_of(error)}")
    simple = "." not in operator.name and not operator.variant_test_name
    if simple and operator.method_variant and not hasattr(ct.Tensor, operator.name):
        errors.append("no method of Tensor")
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
    """A process that computes one operator after another."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.name = ""
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(
            target=work, args=(other, self.args.dtype, self.args.samples), daemon=True
        )
        self.process.start()
        other.close()
        self.since, self.sample = time.monotonic(), -1

    def give(self, name: str | None) -> None:
        """Have it compute an operator; None ends it."""
        self.name, self.since, self.sample = name or "", time.monotonic(), -1
        self.pipe.send(name)

    def answer(self) -> dict[str, Any] | None:
        """The result of the operator, None while there is none."""
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
    names: list[str], args: argparse.Namespace, keep: Callable[[str, dict[str, Any]], None]
) -> dict[str, Any]:
    """The results of operators by name, of which `keep` is told too; prints each that does not
    pass."""
    waiting = collections.deque(names)
    workers = [Worker(args) for _ in range(max(1, min(args.jobs, len(names))))]
    busy = [w for w in workers if waiting and (w.give(waiting.popleft()) or True)]
    found = {}
    while busy:
        for worker in list(busy):
            result = worker.answer()
            if result is None:
                continue
            found[worker.name] = result
            keep(worker.name, result)
            if result["state"] not in ("passes", "left out"):
                print(f"{worker.name}: {shown(result)}", flush=True)
            if waiting:
                worker.give(waiting.popleft())
            else:
                busy.remove(worker)
    for worker in workers:
        worker.give(None)
        worker.process.join(10)
    return found


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


def _row(name: str, result: dict[str, Any]) -> str:
    """A line of the table."""
    samples, note = "", result.get("why", "")
    if "passed" in result:
        samples = f"{result['passed']} of {result['passed'] + result['failed']}"
        note = result["errors"][0] if result["errors"] else ""
    if note and result["state"] in ("partly", "fails"):
        note = next((why for what, why in OTHERWISE.items() if re.search(what, name)), note)
    note = note.replace("|", "\\|").replace("<", "&lt;")
    return f"| {name} | {result['state']} | {samples} | {note} |"


def _summary(results: dict[str, Any]) -> str:
    passing, total = share(results)
    counts = collections.Counter(r["state"] for r in results.values())
    others = [f"{n} {state}" for state, n in sorted(counts.items()) if state != "passes"]
    return (
        f"**{passing} of {total}** pass on all samples ({100 * passing / max(total, 1):.1f} %); "
        + ", ".join(others)
        + "."
    )


_HEAD = ["| operator | state | samples | note |", "| --- | --- | --- | --- |"]


def table(kept: dict[str, dict[str, Any]]) -> str:
    """docs/coverage.md, of the results by dtype."""
    first = next(iter(sorted(kept, key=lambda d: d != "float32")))
    lines = [
        "# PyTorch's operators",
        "",
        "Written by `tests/suites/operators.py` ([testing.md](testing.md)); not by hand. Each "
        "operator of PyTorch 2.13's public samples,",
        f"{first} (int64, bool or complex64 where it takes no floats): whether cltensor has it "
        "under the same name, and gives the same results and gradients.",
        "",
        _summary(kept[first]),
        "",
        *_HEAD,
        *[_row(name, result) for name, result in sorted(kept[first].items())],
    ]
    for dtype in sorted(set(kept) - {first}):
        results = kept[dtype]
        rest = [_row(n, r) for n, r in sorted(results.items()) if r["state"] in ("partly", "fails")]
        lines += ["", f"## {dtype}", "", _summary(results)]
        lines += ["", *_HEAD, *rest] if rest else []
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run what the command line asks for; the exit status tells whether all pass."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="", help="operators whose names begin so; a,b for two")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--samples", type=int, default=1 << 30, help="at most so many of each")
    parser.add_argument("--timeout", type=float, default=180, help="seconds for one sample")
    args = parser.parse_args()
    os.environ.setdefault("POCL_MAX_PTHREAD_COUNT", "1")
    kept = json.loads(args.json.read_text()) if args.json and args.json.exists() else {}
    known = kept.setdefault(args.dtype, {})
    names = [n for n in _operators() if n.startswith(tuple(args.only.split(",")))]

    def keep(name: str, result: dict[str, Any]) -> None:
        known[name] = result
        if args.json:  # at once: hours of work do not end with the process
            args.json.write_text(json.dumps(kept, indent=1, sort_keys=True))

    found = run(names, args, keep)
    if args.write:
        args.write.write_text(table(kept))
    passing, total = share(found)
    print(f"{passing} of {total} operators pass ({100 * passing / max(total, 1):.1f} %)")
    return passing < total


if __name__ == "__main__":
    sys.exit(main())
