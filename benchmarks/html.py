"""The report as one HTML file: tables and plots in SVG, without scripts or other files."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from benchmarks.case import OURS
from benchmarks.harness import Result
from benchmarks.report import duration, means, rate, remarks, warning

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 76em; margin: 2em auto; padding: 0 1em }
table { border-collapse: collapse; width: 100% } td, th { padding: .15em .6em; text-align: right }
td:first-child, th:first-child, td:last-child { text-align: left }
tr:nth-child(even) td { background: #8881 } .bad { color: #b00020 }
svg { width: 100%; font: 12px system-ui, sans-serif } svg text { fill: currentColor }
"""
_COLOURS = {"numpy": "#4477aa", "torch": "#cc6677", "tinygrad": "#999933", "peak": "#228833"}
_LEFT, _WIDE, _BAR = 300, 900, 13


def page(document: Mapping[str, Any]) -> str:
    """The report of a document of results."""
    results = [Result.of(entry) for entry in document["results"]]
    device, peaks = document["device"], document.get("peaks", {})
    rivals = list(dict.fromkeys(r for result in results for r in result.timings if r != OURS))
    facts = {
        "device": f"{device['name']}, {device['compute_units']} compute units",
        "driver": f"{device['platform']} {device['driver']}",
        "peak, measured": ", ".join(f"{v:,.4g} {unit}" for unit, v in peaks.items()),
        "system": document["system"],
        "versions": ", ".join(f"{k} {v}" for k, v in document["versions"].items()),
        "environment": ", ".join(f"{k}={v}" for k, v in document["environment"].items()),
        "threads of the rivals": document["rival_threads"],
        "commit": document["commit"] or "unknown",
        "date": document["date"],
    }
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        f"<title>cltensor on {escape(device['name'])}</title><style>{_STYLE}</style>",
        f"<h1>cltensor on {escape(device['name'])}</h1><table>",
        *[f"<tr><td>{k}<td>{escape(str(v))}</tr>" for k, v in facts.items() if v],
        "</table>",
        f"<p class=bad>{escape(warning(results))}</p>" if warning(results) else "",
        "<p>A ratio is our time over the rival's: below 1 is faster. The share of the peak counts "
        "the work that the task needs, and can pass 100 % where its data stay in a cache.</p>",
    ]
    averages = means(document["results"])
    for family in dict.fromkeys(r.family for r in results):
        members = [r for r in results if r.family == family]
        summary = ", ".join(f"{v:.2f} of {k}" for k, v in averages.get(family, {}).items())
        parts += [f"<h2>{family}</h2>"]
        parts += [f"<p>Geometric mean of the times: {summary}.</p>"] if summary else []
        parts += [_ratios(members, rivals), _shares(members, peaks), _table(members, rivals, peaks)]
    return "\n".join(filter(None, parts)) + "</html>\n"


def _table(results: Sequence[Result], rivals: Sequence[str], peaks: Mapping[str, float]) -> str:
    heads = ["case", "time", "rate", "of peak", "launches", "compile", *rivals, ""]
    rows = ["<table><tr>" + "".join(f"<th>{h}" for h in heads) + "</tr>"]
    for result in results:
        if result.failure:
            failure = f"FAILED: {escape(result.failure)}"
            rows.append(f"<tr><td>{escape(result.name)}<td class=bad colspan=99>{failure}</tr>")
            continue
        seconds, share = result.timings[OURS].seconds, result.share(peaks)
        cells = [
            escape(result.name),
            duration(seconds),
            rate(result, seconds),
            "" if share is None else f"{share:.0%}",
            f"{result.launches:.3g}",
            duration(result.compile) if result.compile else "",
        ]
        for rival in rivals:
            ratio = result.ratio(rival)
            theirs = "" if ratio is None else duration(result.timings[rival].seconds)
            cells.append("" if ratio is None else f"{ratio:.2f} ({theirs})")
        rows.append("<tr><td>" + "<td>".join([*cells, "; ".join(remarks(result))]) + "</tr>")
    return "".join(rows) + "</table>"


#: Label, and a value for each series that has one.
_Bars = list[tuple[str, dict[str, float]]]


def _ratios(results: Sequence[Result], rivals: Sequence[str]) -> str:
    bars: _Bars = []
    for result in results:
        found = {rival: result.ratio(rival) for rival in rivals}
        bars.append((result.name, {k: v for k, v in found.items() if v}))
    values = [v for _, found in bars for v in found.values()]
    if not values:
        return ""
    reach = max(2.0, *(max(v, 1 / v) for v in values))

    def place(value: float) -> float:
        return _LEFT + (_WIDE - _LEFT) * (math.log(value) / math.log(reach) + 1) / 2

    ticks = [t for t in (0.01, 0.1, 0.25, 0.5, 1, 2, 4, 10, 100) if 1 / reach <= t <= reach]
    marks = {place(t): f"{t:g}" for t in ticks}
    return _plot("Time over the rival's (logarithmic; left is faster)", bars, place, 1.0, marks)


def _shares(results: Sequence[Result], peaks: Mapping[str, float]) -> str:
    found = [(r.name, r.share(peaks)) for r in results]
    bars: _Bars = [(name, {"peak": share}) for name, share in found if share]
    if not bars:
        return ""
    reach = max(1.0, *(values["peak"] for _, values in bars))

    def place(value: float) -> float:
        return _LEFT + (_WIDE - _LEFT) * value / reach

    marks = {place(t): f"{t:.0%}" for t in (0.0, 0.25, 0.5, 0.75, 1.0)}
    return _plot("Share of the device's measured peak", bars, place, 0.0, marks)


def _plot(title: str, bars: _Bars, place: Any, origin: float, marks: Mapping[float, str]) -> str:
    """Horizontal bars from `origin`; place gives the x of a value, marks are the labelled x."""
    shapes, y = [], 40
    series = list(dict.fromkeys(name for _, values in bars for name in values))
    for label, values in bars:
        if not values:
            continue
        middle = y + _BAR * len(values) / 2 + 4
        shapes.append(f"<text x={_LEFT - 8} y={middle} text-anchor=end>{escape(label)}</text>")
        for name, value in values.items():
            low, high = sorted((place(origin), place(value)))
            shapes.append(
                f"<rect x={low:.1f} y={y} width={max(high - low, 1):.1f} height={_BAR - 2} "
                f"fill='{_COLOURS.get(name, '#777')}'><title>{name} {value:.3g}</title></rect>"
            )
            y += _BAR
        y += 5
    for x, text in marks.items():
        shapes.append(f"<path d='M{x:.1f} 34V{y}' stroke=currentColor opacity=.25 />")
        shapes.append(f"<text x={x:.1f} y=28 text-anchor=middle>{text}</text>")
    key = "".join(
        f"<tspan fill='{_COLOURS.get(name, '#777')}' dx=14>&#9632; {name}</tspan>"
        for name in series
        if name != "peak"
    )
    head = f"<text x=0 y=12>{title}{key}</text>"
    size = f'viewBox="0 0 {_WIDE + 20} {y + 6}" role=img aria-label="{title}"'
    return f"<svg {size}>{head}{''.join(shapes)}</svg>"
