"""The page of measurements, from the files that `python -m benchmarks` wrote."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import Any

_OURS = "cltensor"
_INTRODUCTION = """\
# Measurements

Every file of `benchmarks/results/`, as it is. Times are the fastest of the samples; a ratio is
cltensor's time over the other's, measured in turn in one run: below 1, cltensor is faster. What
the figures mean and how to repeat them is on the [page of performance](performance.md).
"""


def page(folder: Path) -> str:
    """All documents in `folder`, the newest first."""
    documents = [json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")]
    documents.sort(key=lambda document: str(document["date"]), reverse=True)
    return "\n".join([_INTRODUCTION, *(_section(document) for document in documents)])


def _section(document: dict[str, Any]) -> str:
    device, versions = document["device"], document["versions"]
    rivals = sorted({name for each in document["results"] for name in each["best_ratios"]})
    others = ", ".join(f"{name} {versions[name]}" for name in rivals if name in versions)
    lines = [
        f"\n## {device['name'].strip()}, {document['date'][:10]}, {document['commit']}\n",
        f"{device['platform']} {device['driver']}, {device['compute_units']} units; "
        f"{document['system']}" + (f"; beside {others}." if others else "."),
    ]
    for family, results in groupby(document["results"], lambda each: each["family"]):
        lines += ["", f"**{family}**", "", _row("case", "time", *[f"to {r}" for r in rivals])]
        lines.append(_row(*["---"] * (2 + len(rivals))))
        lines += [_line(each, rivals) for each in results if _OURS in each["timings"]]
    return "\n".join(lines)


def _line(result: dict[str, Any], rivals: list[str]) -> str:
    ratios = [result["best_ratios"].get(name) for name in rivals]
    written = ["" if ratio is None else f"{ratio:.2f}" for ratio in ratios]
    return _row(result["name"], f"{result['timings'][_OURS]['best'] * 1e3:.4g} ms", *written)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
