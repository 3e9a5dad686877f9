"""``python -m benchmarks``: measure the device, print a table, write JSON."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cltensor as ct
from benchmarks import html, kernels, report
from benchmarks.case import RIVALS, Case, installed
from benchmarks.families import FAMILIES, all_cases
from benchmarks.harness import Plan, Result, run
from benchmarks.table import Table
from cltensor.errors import CLTensorError
from cltensor.observe import peak

try:
    from tqdm import tqdm
except ImportError:
    tqdm = None


#: The C library of Linux keeps memory that it got, instead of giving it back page by page.
_KEPT_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TOP_PAD_": "268435456",
    "MALLOC_TRIM_THRESHOLD_": "68719476736",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    args = _options(argv)
    try:
        if args.compare:
            before, after = (report.read(path) for path in args.compare)
            print("\n".join(report.comparison(before, after)))
            return 0
        if args.load:
            return _show(report.read(args.load), args.html)
        if args.fair and any(os.environ.get(k) != v for k, v in _KEPT_MEMORY.items()):
            _restart(sys.argv[1:] if argv is None else argv)
        if not args.cold:
            return _measure(args)
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            os.environ.update(CLTENSOR_CACHE=folder, POCL_CACHE_DIR=f"{folder}/pocl")
            return _measure(args)
    except (CLTensorError, ValueError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure cltensor on a device beside NumPy and PyTorch, where installed.",
        epilog=f"Families: {', '.join(FAMILIES)}. A ratio is our time over the rival's: below 1 is "
        "faster.",
    )
    add = parser.add_argument
    add(
        "--families",
        nargs="+",
        choices=FAMILIES,
        metavar="FAMILY",
        help="only these families, in this order",
    )
    add("--only", nargs="+", metavar="TEXT", help="only cases with any TEXT in 'family/name'")
    add("--repeats", type=int, default=9, help="rounds per case (default 9)")
    add("--budget", type=float, default=300, metavar="SECONDS", help="time to aim at (default 300)")
    add("--rivals", nargs="*", choices=RIVALS, default=RIVALS[:2], metavar="LIBRARY",
        help="beside which libraries, where installed: numpy and torch by default; tinygrad "
        "(training, minutes to compile) when named")  # fmt: skip
    add("--fair", action="store_true", help="start anew with settings of the C library under which "
        "PyTorch does not lose time to page faults")  # fmt: skip
    add("--cold", action="store_true", help="empty kernel caches: compile times of a first run")
    add("--device", help="cl:0, gpu, cpu, cl:nvidia, ...; see python -m cltensor info")
    add("--json", type=Path, metavar="FILE", help="where results go (default benchmarks/results/)")
    add("--html", type=Path, metavar="FILE", help="write a report with plots, one file")
    add(
        "--load", type=Path, metavar="FILE", help="show the results in a JSON file, measure no more"
    )
    add("--compare", nargs=2, type=Path, metavar=("BEFORE", "AFTER"), help="compare two JSON files")
    add("--quick", action="store_true", help="three short rounds: figures are rough")
    add("--best", action="store_true", help="show the fastest samples, not medians: busy machines")
    add("--kernels", action="store_true", help="list the kernels of each case, and measure no more")
    add("--no-rivals", action="store_const", const=(), dest="rivals", help="cltensor alone")
    args = parser.parse_args(argv)
    if args.repeats < 1 or args.budget <= 0:
        parser.error("--repeats takes 1 or more, --budget more than 0 seconds")
    return args


def _measure(args: argparse.Namespace) -> int:
    every = all_cases()
    cases = [
        c for name in dict.fromkeys(args.families or FAMILIES) for c in every if c.family == name
    ]
    if args.only:
        cases = _named(cases, args.only)
    if args.device:
        ct.set_default_device(args.device)
    device = ct.device()
    print(f"{device}, {device.title}, {device.compute_units} compute units", flush=True)
    if args.kernels:
        for case in [c for c in cases if not c.self_timed and c.inner == 1]:
            print("\n".join([f"\n{case.title}", *kernels.lines(kernels.launches(case))]))
        return 0
    libraries = installed(tuple(args.rivals))
    threads = _limit_threads(libraries)
    repeats, sample = (3, 0.01) if args.quick else (args.repeats, 0.04)
    # On a busy machine rounds go on until enough were clean; a single case shall end too.
    plan = Plan(repeats, sample, min(args.budget / len(cases), 1.0 if args.quick else 10.0))
    peaks = peak.measure(device)
    print("peak: " + ", ".join(f"{rate:,.4g} {unit}" for unit, rate in peaks.items()))
    if libraries:
        print(
            f"beside {', '.join(libraries)} ({threads} threads); below 1x is faster than they are"
        )
    path = args.json or report.default_path()
    options = {"repeats": repeats, "budget": args.budget, "quick": args.quick, "cold": args.cold}

    def written(results: Sequence[Result]) -> dict[str, Any]:
        document = report.document(results, threads, options, peaks)
        report.write(path, document)
        return document

    results = _run_all(cases, libraries, plan, Table(libraries, peaks, args.best), written)
    noise = report.warning(results)
    if noise:
        print(f"\n{noise}")
    document = written(results)
    _print_means(document, args.best)
    print(f"\nwrote {path}")
    if args.html:
        args.html.write_text(html.page(document), "utf-8")
        print(f"wrote {args.html}")
    return 1 if any(r.failure or r.wrong for r in results) else 0


def _named(cases: Sequence[Case], texts: Sequence[str]) -> list[Case]:
    """The cases with any of `texts` in their names. Raises ValueError for a text in none."""
    unknown = [f"'{text}'" for text in texts if not any(text in case.title for case in cases)]
    if unknown:
        raise ValueError(
            f"--only: no case has {' or '.join(unknown)} in its name; names are such as "
            f"'{cases[0].title}'"
        )
    return [case for case in cases if any(text in case.title for text in texts)]


def _restart(argv: Sequence[str]) -> None:
    """The same command in a new process, under `_KEPT_MEMORY`, which is read at the start only."""
    paths = [str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, **_KEPT_MEMORY, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", "benchmarks", *map(str, argv)], environment)


def _print_means(document: Mapping[str, Any], best: bool) -> None:
    for family, ratios in report.means(document["results"], best).items():
        shown = ", ".join(f"{ratio:.2f}x {rival}" for rival, ratio in ratios.items())
        print(f"{family + ', geometric mean':<50}{shown}")


def _show(document: Mapping[str, Any], path: Path | None) -> int:
    table = Table(RIVALS, document.get("peaks"))
    family = ""
    print(report.origin(document))
    for entry in document["results"]:
        result = Result.of(entry)
        if result.family != family:
            family = result.family
            print(f"\n{table.heading(family)}")
        print(table.row(result))
    print()
    _print_means(document, best=False)
    if path:
        path.write_text(html.page(document), "utf-8")
        print(f"\nwrote {path}")
    return 0


def _limit_threads(libraries: Sequence[str]) -> int:
    """Give the rivals as many threads as a CPU device has; all of the machine beside a GPU."""
    device = ct.device()
    threads = device.compute_units if device.is_cpu else os.cpu_count() or 1
    if "torch" in libraries:
        import torch

        torch.set_num_threads(threads)
    return threads


def _run_all(
    cases: Sequence[Case], libraries: list[str], plan: Plan, table: Table,
    written: Callable[[Sequence[Result]], object],
) -> list[Result]:  # fmt: skip
    """The results of all cases, handed to `written` after each family: whatever ends the process
    leaves those before."""
    results: list[Result] = []
    family = ""
    bar = tqdm(total=len(cases), unit=" cases", leave=False, disable=None) if tqdm else None
    for case in cases:
        if bar:
            bar.set_description(case.title)
        if results and results[-1].family != case.family:
            written(results)
        try:
            result = run(case, libraries, plan)
        except Exception as error:  # one case that fails must not hide the others
            result = Result(case.family, case.name, case.work, case.unit, {})
            result.failure = f"{type(error).__name__}: {error}".splitlines()[0]
        results.append(result)
        if bar:
            bar.clear()
        if case.family != family:
            family = case.family
            print(f"\n{table.heading(family)}")
        print(table.row(result), flush=True)
        if bar:
            bar.update()
    if bar:
        bar.close()
    return results


if __name__ == "__main__":
    sys.exit(main())
