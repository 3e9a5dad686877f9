"""The report: lines for a terminal, and one page of HTML that needs nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape

from cltensor.selftest import summary
from cltensor.selftest.supervisor import BUGS, FAILED, Findings, Outcome

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 62em; margin: 2em auto; padding: 0 1em;
  color: #111; background: #fff }
h2 { margin: 1.6em 0 .4em; font-size: 1.15em } table { border-collapse: collapse; width: 100% }
td, th { padding: .15em .6em .15em 0; text-align: left; vertical-align: top }
tr:nth-child(even) td { background: #8881 } .n { text-align: right; white-space: nowrap }
.bad { color: #b00020 } .good { color: #1b6e1b } .faint { color: #555 }
.bar { background: #8883; width: 12em } .bar div { background: #4477aa; height: .8em }
pre { white-space: pre-wrap; font-size: 12px; background: #8881; padding: .5em; margin: .2em 0 }
"""
#: The most failures whose messages are shown on a terminal, and the most characters of each.
_SHOWN, _CUT = 10, 300


class Progress:
    """Says how each family went, as soon as it is through."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self.say = say
        self.family = ""
        self.counts: Counter[str] = Counter()
        self.seconds = 0.0

    def add(self, outcome: Outcome) -> None:
        """Count an outcome."""
        if outcome.family != self.family:
            self.close()
            self.family = outcome.family
        self.counts[outcome.verdict] += 1
        self.seconds += outcome.seconds

    def close(self) -> None:
        """Say how the family went."""
        if self.family:
            self.say(line(self.family, self.counts, self.seconds))
        self.counts, self.seconds = Counter(), 0.0


def line(family: str, counts: Counter[str], seconds: float) -> str:
    """A family in a line."""
    bad = [f"{counts[v]} {v}" for v in FAILED if counts[v]]
    parts = [f"{counts['right']} of {sum(counts.values()) - counts['left out']}", *bad]
    if counts["left out"]:
        parts.append(f"{counts['left out']} left out")
    return f"  {family:<36}{', '.join(parts):<40}{seconds:6.1f} s"


def text(findings: Findings) -> Iterator[str]:
    """The lines behind those of the families: bugs, speed, training, what failed."""
    yield ""
    for name, (there, seen), note in bugs(findings):
        if there == "there":
            yield f"  known bug: {name}: {seen}"
            yield f"             {note}"
    most = summary.peaks(findings)
    if most:
        yield ""
        yield "  at most " + ", ".join(f"{rate:,.4g} {unit}" for unit, rate in most.items())
        for row in summary.rows(findings):
            share = "" if row.share is None else f"{row.share:5.0%} of the roofline"
            rate = f"{row.rate:,.4g} {row.unit}" if row.rate else ""
            yield f"  {row.name:<16}{summary.duration(row.seconds):>10}{rate:>18}  {share}"
    for outcome in summary.of_family(findings, summary.TRAINING):
        if outcome.verdict == "right":
            yield f"  training, {outcome.name}: {summary.shown(outcome.value)}"
    wrong = sorted(summary.failures(findings), key=lambda o: o.verdict == "not tried")
    for outcome in wrong[:_SHOWN]:
        word = "not tried" if outcome.verdict == "not tried" else "FAILED"
        yield f"  {word} {outcome.family}, {outcome.name}: {outcome.message[:_CUT]}"
    if len(wrong) > _SHOWN:
        yield f"  ... and {len(wrong) - _SHOWN} more"
    yield ""
    yield f"{summary.verdict(findings)}, in {findings.seconds:.0f} s"


def bugs(findings: Findings) -> list[tuple[str, tuple[str, str], str]]:
    """Each known bug: its name, whether it is there and what was seen, what it means."""
    known = summary.of_family(findings, BUGS)
    found = [(o.name, summary.bug(o), o.note) for o in known]
    return [*found, (summary.AT_EXIT[0], summary.at_exit(findings), summary.AT_EXIT[1])]


def _table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table of cells that are HTML already."""
    top = f"<tr>{''.join(f'<th>{h}' for h in heads)}</tr>" if heads else ""
    return f"<table>{top}{''.join('<tr>' + ''.join(cells) + '</tr>' for cells in lines)}</table>"


def _cell(what: object, kind: str = "") -> str:
    return f"<td{f' class={kind}' if kind else ''}>{escape(str(what))}"


def page(findings: Findings) -> str:
    """The report as one file."""
    device = findings.facts.get("device", {})
    name = escape(str(device.get("name", "a device")))
    bad = bool(summary.failures(findings))
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width'>",
        f"<title>cltensor selftest: {name}</title><style>{_STYLE}</style>",
        f"<h1>{name}</h1><p class={'bad' if bad else 'good'}><b>"
        f"{escape(summary.verdict(findings))}</b>",
        f"<p class=faint>Each check compares what kernels of this device give with NumPy, at odd "
        f"sizes. {findings.seconds:.0f} s in all. Made by <code>cltensor selftest --report</code>; "
        "names of users, machines and folders are left out.",
        *_facts(findings, "device"),
        _conformance(findings),
        _failed(findings),
        _known(findings),
        _probes(findings),
        _speed(findings),
        _training(findings),
        *_facts(findings, "limits"),
        *_facts(findings, "surroundings"),
    ]
    return "\n".join(filter(None, parts)) + "</html>\n"


def _facts(findings: Findings, group: str) -> list[str]:
    facts = findings.facts.get(group, {})
    lines = [[_cell(k), _cell(summary.shown(v))] for k, v in facts.items() if v != ""]
    return [f"<h2>{group.capitalize()}</h2>", _table((), lines)] if lines else []


def _conformance(findings: Findings) -> str:
    lines = []
    for family, counts in summary.families(findings).items():
        failed = sum(counts[v] for v in FAILED)
        tried = sum(counts.values()) - counts["left out"]
        left = f"{counts['left out']} left out" if counts["left out"] else ""
        spent = sum(o.seconds for o in summary.of_family(findings, family))
        word = f"{failed} failed" if failed else "right"
        lines.append([_cell(family), _cell(f"{tried - failed} of {tried}", "n"),
                      _cell(word, "bad" if failed else "good"), _cell(left, "faint"),
                      _cell(f"{spent:.1f} s", "n")])  # fmt: skip
    return "<h2>Conformance</h2>" + _table((), lines)


def _failed(findings: Findings) -> str:
    wrong = summary.failures(findings)
    if not wrong:
        return ""
    parts = [
        f"<p><b>{escape(o.family)}, {escape(o.name)}</b>: {o.verdict}<pre>{escape(o.message)}</pre>"
        for o in wrong
    ]
    return "<h2 class=bad>What failed</h2>" + "".join(parts)


def _known(findings: Findings) -> str:
    lines = [
        [_cell(name), _cell(there, "bad" if there == "there" else "good"), _cell(seen),
         _cell(note, "faint")]
        for name, (there, seen), note in bugs(findings)
    ]  # fmt: skip
    return "<h2>Known bugs of drivers</h2>" + _table(("", "", "seen", "what it means"), lines)


def _probes(findings: Findings) -> str:
    lines = []
    for o in summary.of_family(findings, summary.PROBES):
        bad = o.verdict in FAILED
        found = o.message if bad or o.verdict == "left out" else summary.shown(o.value)
        lines.append([_cell(o.name), _cell(found, "bad" if bad else ""), _cell(o.note, "faint")])
    return "<h2>What the device does</h2>" + _table((), lines)


def _speed(findings: Findings) -> str:
    rows = summary.rows(findings)
    if not rows:
        return ""
    most = ", ".join(f"{v:,.4g} {unit}" for unit, v in summary.peaks(findings).items())
    lines = []
    for row in rows:
        width = min(100, round(100 * (row.share or 0)))
        bar = (
            f"<td><div class=bar><div style='width:{width}%'></div></div>" if row.share else "<td>"
        )
        rate = f"{row.rate:,.4g} {row.unit}" if row.rate else ""
        lines.append([_cell(row.name), _cell(summary.duration(row.seconds), "n"),
                      _cell(rate, "n"), _cell("" if row.share is None else f"{row.share:.0%}", "n"),
                      bar, _cell(row.note, "faint")])  # fmt: skip
    roofline = (
        f"<p>At most {most}, measured by multiply-adds in registers and by a copy. The share is "
        "that of the roofline: the time that the work needs at least at these rates, over the time "
        "it took. It can pass 100 % where data stay in a cache or an algorithm saves operations."
    )
    return f"<h2>Speed</h2>{roofline if most else ''}{_table((), lines)}"


def _training(findings: Findings) -> str:
    lines = [
        [_cell(o.name), _cell(summary.shown(o.value) if o.verdict == "right" else o.verdict),
         _cell(o.note, "faint")]
        for o in summary.of_family(findings, summary.TRAINING)
    ]  # fmt: skip
    return "<h2>A step of training</h2>" + _table((), lines) if lines else ""
