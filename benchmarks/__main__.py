"""``python -m benchmarks``: measure the device, print a table, write JSON."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import cltensor as ct
from benchmarks import kernels, report
from benchmarks.case import RIVALS, Case, installed
from benchmarks.families import FAMILIES, all_cases
from benchmarks.harness import Plan, Result, run
from cltensor.errors import CLTensorError

try:
    from tqdm import tqdm
except ImportError:
    tqdm = None


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    args = _options(argv)
    try:
        if args.compare:
            before, after = (report.read(path) for path in args.compare)
            print("\n".join(report.comparison(before, after)))
            return 0
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
    add("--families", nargs="+", choices=FAMILIES, metavar="FAMILY", help="only these families")
    add("--only", metavar="TEXT", help="only cases with TEXT in 'family/name'")
    add("--repeats", type=int, default=9, help="rounds per case (default 9)")
    add("--budget", type=float, default=180, metavar="SECONDS", help="time to aim at (default 180)")
    add("--device", help="cl:0, gpu, cpu, cl:nvidia, ...; see python -m cltensor info")
    add("--json", type=Path, metavar="FILE", help="where results go (default benchmarks/results/)")
    add("--compare", nargs=2, type=Path, metavar=("BEFORE", "AFTER"), help="compare two JSON files")
    add("--quick", action="store_true", help="three short rounds: figures are rough")
    add("--best", action="store_true", help="show the fastest samples, not medians: busy machines")
    add("--kernels", action="store_true", help="list the kernels of each case, and measure no more")
    add("--no-rivals", action="store_true", help="cltensor alone")
    args = parser.parse_args(argv)
    if args.repeats < 1 or args.budget <= 0:
        parser.error("--repeats takes 1 or more, --budget more than 0 seconds")
    return args


def _measure(args: argparse.Namespace) -> int:
    cases = [
        case
        for case in all_cases()
        if case.family in (args.families or FAMILIES) and (args.only or "") in case.title
    ]
    if not cases:
        raise ValueError(f"--only: no case has '{args.only}' in its name")
    if args.device:
        ct.set_default_device(args.device)
    device = ct.device()
    print(f"{device}, {device.title}, {device.compute_units} compute units", flush=True)
    if args.kernels:
        for case in [c for c in cases if not c.self_timed and c.inner == 1]:
            print("\n".join([f"\n{case.title}", *kernels.lines(kernels.launches(case))]))
        return 0
    libraries = [] if args.no_rivals else installed(RIVALS)
    threads = _limit_threads(libraries)
    repeats, sample = (3, 0.01) if args.quick else (args.repeats, 0.04)
    # On a busy machine rounds go on until enough were clean; a single case shall end too.
    plan = Plan(repeats, sample, min(args.budget / len(cases), 1.0 if args.quick else 10.0))
    if libraries:
        print(
            f"beside {', '.join(libraries)} ({threads} threads); below 1x is faster than they are"
        )
    results = _run_all(cases, libraries, plan, args.best)
    noise = report.warning(results)
    if noise:
        print(f"\n{noise}")
    path = args.json or report.default_path()
    options = {"repeats": repeats, "budget": args.budget, "quick": args.quick}
    report.write(path, report.document(results, threads, options))
    print(f"\nwrote {path}")
    return 1 if any(r.failure or r.wrong for r in results) else 0


def _limit_threads(libraries: Sequence[str]) -> int:
    """Give the rivals as many threads as a CPU device has; all of the machine beside a GPU."""
    device = ct.device()
    threads = device.compute_units if device.is_cpu else os.cpu_count() or 1
    if "torch" in libraries:
        import torch

        torch.set_num_threads(threads)
    return threads


def _run_all(cases: Sequence[Case], libraries: list[str], plan: Plan, best: bool) -> list[Result]:
    results = []
    family = ""
    bar = tqdm(total=len(cases), unit=" cases", leave=False, disable=None) if tqdm else None
    for case in cases:
        if bar:
            bar.set_description(case.title)
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
            print(f"\n{report.heading().replace(' ' * len(family), family, 1)}")
        print(report.row(result, best), flush=True)
        if bar:
            bar.update()
    if bar:
        bar.close()
    return results


if __name__ == "__main__":
    sys.exit(main())
