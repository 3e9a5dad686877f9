"""ONNX's own cases for its operators, computed by cltensor.

    python tests/suites/onnx_nodes.py [--only add,cast] [--jobs 2] [--json FILE]
        [--write docs/onnx.md]

Each case is a model of one operator of the default domain, inputs and outputs. It passes, is
refused when the model is loaded, with the reason, or is wrong. Needs the package onnx.
--only takes modules of onnx.backend.test.case.node whose names begin so; --json keeps the results,
and takes those of modules that are not run from the file; --write makes the table of them.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import json
import multiprocessing
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent


def of_module(module: str) -> dict[str, Any]:
    """What comes of the cases in a module, by name: (operator, state, why)."""
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    import warnings

    warnings.simplefilter("ignore")
    import onnx_cases

    return {case.name: _result(onnx_cases, case) for case in onnx_cases.cases(module)}


def _result(onnx_cases: Any, case: Any) -> list[str]:
    import cltensor as ct

    operator = case.model.graph.node[0].op_type
    try:
        ct.onnx.load(case.model.SerializeToString())
    except ct.DataError as error:
        why = str(error).removeprefix("onnx.load: the model ").split(" as ")[0]
        return [operator, "refused", why]
    try:
        onnx_cases.run(case)
    except ct.DTypeError as error:
        if "has no" in str(error):
            return [operator, "left out", str(error)]
        return [operator, "wrong", f"{type(error).__name__}: {error}"]
    except Exception as error:
        return [operator, "wrong", " ".join(f"{type(error).__name__}: {error}".split())[:300]]
    return [operator, "passes", ""]


def table(found: dict[str, list[str]]) -> str:
    """docs/onnx.md."""
    by_operator: dict[str, list[list[str]]] = collections.defaultdict(list)
    for operator, state, why in found.values():
        by_operator[operator].append([state, why])
    states = collections.Counter(state for _, state, _ in found.values())
    total, passing = sum(states.values()), states["passes"]
    lines = [
        "# ONNX's operators",
        "",
        "Written by `tests/suites/onnx_nodes.py` ([testing.md](testing.md)); not by hand. The "
        "cases that ONNX itself has for single",
        "operators of its default domain: how many give the outputs that they should. What is "
        "refused is refused when the file is loaded.",
        "",
        f"**{passing} of {total}** pass ({100 * passing / max(total, 1):.1f} %); "
        f"{states['refused']} refused, {states['wrong']} wrong.",
        "",
        "| operator | cases | note |",
        "| --- | --- | --- |",
    ]
    for operator, results in sorted(by_operator.items()):
        count = sum(state == "passes" for state, _ in results)
        notes = dict.fromkeys(f"{state}: {why}" for state, why in results if state != "passes")
        note = "; ".join(notes).replace("|", "\\|")
        lines.append(f"| {operator} | {count} of {len(results)} | {note} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run what the command line asks for; the exit status tells whether nothing is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--write", type=Path)
    args = parser.parse_args()
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    os.environ.setdefault("POCL_MAX_PTHREAD_COUNT", "1")
    import onnx_cases

    kept = json.loads(args.json.read_text()) if args.json and args.json.exists() else {}
    names = [n for n in onnx_cases.modules() if n.startswith(tuple(args.only.split(",")))]
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(args.jobs, mp_context=context) as pool:
        for results in pool.map(of_module, names):
            kept |= results
            for name, (_, state, why) in results.items():
                if state != "passes":
                    print(f"{name}: {state}: {why}", flush=True)
            if args.json:
                args.json.write_text(json.dumps(kept, indent=1, sort_keys=True))
    if args.write:
        args.write.write_text(table(kept))
    states = collections.Counter(state for _, state, _ in kept.values())
    print(", ".join(f"{count} {state}" for state, count in sorted(states.items())))
    return states["wrong"] > 0


if __name__ == "__main__":
    sys.exit(main())
