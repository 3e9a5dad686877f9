"""What the findings come to: verdicts by family, and rates beside what the device can do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from cltensor.selftest.supervisor import BUGS, FAILED, Findings, Outcome

#: Families that tell of the device, and are no check of a family of kernels.
PROBES, SPEED, TRAINING = "probes", "speed", "training"
_UNITS = ("GFLOP/s", "GB/s")


class Row(NamedTuple):
    """A measurement: its rate with the unit, and the share of what the roofline allows."""

    name: str
    note: str
    seconds: float
    rate: float
    unit: str
    share: float | None


def failures(findings: Findings) -> list[Outcome]:
    """What is wrong: known bugs are the driver's, and count by what they do to the checks."""
    return [o for o in findings.outcomes if o.verdict in FAILED and o.family != BUGS]


def families(findings: Findings) -> dict[str, Counter[str]]:
    """How many checks of each family of kernels got each verdict."""
    found: dict[str, Counter[str]] = {}
    for outcome in findings.outcomes:
        if outcome.family not in (PROBES, SPEED, BUGS):
            found.setdefault(outcome.family, Counter())[outcome.verdict] += 1
    return found


def of_family(findings: Findings, family: str) -> list[Outcome]:
    """The outcomes of a family."""
    return [o for o in findings.outcomes if o.family == family]


def bug(outcome: Outcome) -> tuple[str, str]:
    """Whether a driver has a bug, in a word, and what was seen."""
    if outcome.verdict == "right":
        there, seen = outcome.value
        return ("there" if there else "not there"), seen
    if outcome.verdict in ("left out", "not tried"):
        return "not tried", outcome.message
    return "there", f"{outcome.verdict}: {outcome.message}"


def at_exit(findings: Findings) -> tuple[str, str]:
    """Whether the process ended as it should when all was done, as a known bug of Mesa."""
    return ("there", "; ".join(findings.ends)) if findings.ends else ("not there", "")


AT_EXIT = (
    "dying at the end of the process",
    "Mesa's Rusticl sometimes dies at the very end of a process, after all results: they are "
    "right, only the exit status of a program is not",
)


def peaks(findings: Findings) -> dict[str, float]:
    """What the device can do at most, as measured; empty where that was left out."""
    found = [o.value for o in of_family(findings, SPEED) if o.name == "peaks" and o.value]
    return dict(found[0]) if found else {}


def rows(findings: Findings) -> list[Row]:
    """The measurements, with the share that each has of the roofline."""
    most = peaks(findings)
    return [
        row(outcome, most)
        for outcome in of_family(findings, SPEED)
        if outcome.verdict == "right" and outcome.name != "peaks"
    ]


def row(outcome: Outcome, most: Mapping[str, float]) -> Row:
    """A measurement beside the roofline: the time that its operations need at the peak of
    arithmetic, or its bytes at that of copies, whichever is longer."""
    value: dict[str, Any] = outcome.value
    seconds, flops, nbytes = value["seconds"], value["flops"], value["bytes"]
    bounds = {
        "GFLOP/s": flops / (most["GFLOP/s"] * 1e9) if most.get("GFLOP/s") else 0.0,
        "GB/s": nbytes / (most["GB/s"] * 1e9) if most.get("GB/s") else 0.0,
    }
    by_flops = flops > 10 * nbytes if not most else bounds["GFLOP/s"] > bounds["GB/s"]
    unit = _UNITS[0] if by_flops else _UNITS[1]
    work = flops if by_flops else nbytes
    transfer = outcome.name in ("upload", "download")  # these go over a bus of their own
    share = max(bounds.values()) / seconds if work and most and not transfer else None
    return Row(outcome.name, outcome.note, seconds, work / seconds / 1e9, unit, share)


def duration(seconds: float) -> str:
    """Seconds for people."""
    for factor, unit in ((1, "s"), (1e3, "ms"), (1e6, "us")):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def shown(value: Any) -> str:
    """What a check measured, in a line."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {shown(each)}" for key, each in value.items())
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, (list, tuple)):
        return ", ".join(shown(each) for each in value)
    return str(value)


def verdict(findings: Findings) -> str:
    """The result in a sentence."""
    wrong = failures(findings)
    checks = sum(sum(c.values()) for c in families(findings).values())
    left = sum(c["left out"] for c in families(findings).values())
    rest = f" ({left} left out: the device lacks what they need)" if left else ""
    untried = sum(o.verdict == "not tried" for o in wrong)
    if wrong:
        found = [f"{len(wrong) - untried} of {checks} checks FAILED"] * (len(wrong) > untried)
        found += [f"{untried} of {checks} were not tried"] * bool(untried)
        return f"{', '.join(found)}{rest}"
    return f"all {checks - left} checks right{rest}"
