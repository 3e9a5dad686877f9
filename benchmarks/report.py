"""Results for people (a table) and for programs (JSON), and the comparison of two runs."""

from __future__ import annotations

import json
import math
import os
import platform
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import cltensor as ct
from benchmarks.case import OURS, UNITS
from benchmarks.harness import CLEAN, WIDE, Result

FORMAT = 1
_PACKAGES = ("numpy", "pyopencl", "mako", "torch", "tinygrad")
#: Settings that change what is measured, recorded with the results.
_VARIABLES = (
    "CLTENSOR_EAGER",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_TOP_PAD_",
    "MALLOC_TRIM_THRESHOLD_",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "POCL_AFFINITY",
    "POCL_DEVICES",
    "POCL_MAX_PTHREAD_COUNT",
)
_NAME = 50


def duration(seconds: float) -> str:
    """Seconds with a unit that suits them."""
    for factor, unit in ((1.0, "s"), (1e3, "ms"), (1e6, "us")):
        if seconds * factor >= 0.9995:
            return (
                f"{seconds * factor:.3g} {unit}" if seconds * factor < 1000 else f"{seconds:.0f} s"
            )
    return f"{seconds * 1e9:.3g} ns"


def rate(result: Result, seconds: float) -> str:
    """The work per second with its unit, "" for a case without."""
    if not result.work:
        return ""
    value = result.work / seconds / UNITS[result.unit]
    return f"{value:,.0f} {result.unit}" if value >= 1000 else f"{value:.3g} {result.unit}"


def remarks(result: Result) -> list[str]:
    """What a reader must know before believing the line."""
    found = []
    if result.wrong:
        found.append(f"WRONG RESULT (relative error {result.error:.1e})")
    for name, timing in result.timings.items():
        if timing.spread > WIDE:
            found.append(f"{name} spreads {timing.spread:.0%}")
    if result.memory:
        sizes = [f"{name} {size / (1 << 20):.3g}" for name, size in result.memory.items()]
        found.append(f"peak MiB: {', '.join(sizes)}")
    foreign = max(t.foreign for t in result.timings.values())
    if foreign > CLEAN:
        found.append(f"others use {foreign:.1f} cores")
    return found


def warning(results: Iterable[Result]) -> str:
    """A last line about noise, "" when the machine was quiet."""
    measured = [r for r in results if r.timings]
    noisy = [r for r in measured if any(t.noisy for t in r.timings.values())]
    if not noisy:
        return ""
    return (
        f"noise: {len(noisy)} of {len(measured)} cases spread more than {WIDE:.0%} or shared the "
        f"machine with more than {CLEAN} of a core of other work; repeat them on a quiet machine"
    )


def means(results: Iterable[Mapping[str, Any]], best: bool = False) -> dict[str, dict[str, float]]:
    """The geometric mean of the ratios to each rival, by family; results as in a document."""
    ratios: dict[str, dict[str, list[float]]] = {}
    for result in results:
        for rival, ratio in result["best_ratios" if best else "ratios"].items():
            ratios.setdefault(result["family"], {}).setdefault(rival, []).append(ratio)
    return {
        family: {rival: math.exp(sum(map(math.log, r)) / len(r)) for rival, r in found.items()}
        for family, found in ratios.items()
    }


def document(
    results: Sequence[Result],
    threads: int,
    options: Mapping[str, Any],
    peaks: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Everything that a reader of the results needs, as plain data."""
    device = ct.device()
    versions = {"python": platform.python_version(), "cltensor": ct.__version__}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return {
        "format": FORMAT,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "device": {
            "name": device.cl_device.name.strip(),
            "kind": device.kind,
            "platform": device.cl_device.platform.name.strip(),
            "platform_version": device.cl_device.platform.version.strip(),
            "driver": device.cl_device.driver_version.strip(),
            "compute_units": device.compute_units,
            "memory": device.global_mem,
        },
        "system": f"{platform.system()} {platform.machine()}",
        "versions": versions,
        "rival_threads": threads,
        "environment": {name: os.environ[name] for name in _VARIABLES if name in os.environ},
        "options": dict(options),
        "peaks": dict(peaks or {}),
        "results": [{**r.as_dict(), "share": r.share(peaks or {})} for r in results],
    }


def _commit() -> str | None:
    """The commit of the checkout, with "+" when it has changes; None without git."""
    git = ["git", "-C", str(Path(__file__).parent)]
    try:
        head = subprocess.run(
            [*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        changed = subprocess.run(
            [*git, "status", "--porcelain", "--untracked-files=no"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return head + ("+" if changed else "")


def default_path() -> Path:
    """benchmarks/results/<device>-<date>.json beside this file."""
    device = re.sub(r"[^A-Za-z0-9]+", "-", ct.device().cl_device.name).strip("-").lower()
    date = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return Path(__file__).parent / "results" / f"{device}-{date}.json"


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Write `content` as JSON, making the folder if it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def read(path: Path) -> dict[str, Any]:
    """The document in `path`. Raises ValueError when it is none of ours."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"compare: '{path}' cannot be read: {error}") from error
    found = content.get("format") if isinstance(content, dict) else None
    if found != FORMAT:
        raise ValueError(f"compare: '{path}' has format {found}, this is for format {FORMAT}")
    return content


def comparison(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Lines that set two documents beside each other; a ratio below 1 is an improvement."""
    lines = [
        f"before: {origin(before)}",
        f"after:  {origin(after)}",
        "",
        f"{'':<{_NAME}}{'before':>11}{'after':>11}{'ratio':>8}",
    ]
    old, new = _by_title(before), _by_title(after)
    families: dict[str, list[float]] = {}
    for title in [t for t in old if t in new]:
        family, _, name = title.partition("/")
        if family not in families:
            lines.append(family)
        a, b = old[title], new[title]
        ratio = b["seconds"] / a["seconds"]
        families.setdefault(family, []).append(ratio)
        within = abs(ratio - 1) <= max(a["spread"], b["spread"])
        lines.append(
            f"  {name:<{_NAME - 2}}{duration(a['seconds']):>11}{duration(b['seconds']):>11}"
            f"{ratio:>8.2f}{'  (within the spread)' if within else ''}"
        )
    lines.append("")
    for family, ratios in families.items():
        mean = math.exp(sum(map(math.log, ratios)) / len(ratios))
        lines.append(f"{family + ', geometric mean':<{_NAME + 22}}{mean:>8.2f}")
    for title in sorted(set(old) ^ set(new)):
        lines.append(f"only in {'before' if title in old else 'after'}: {title}")
    return lines


def origin(content: Mapping[str, Any]) -> str:
    """Device, driver, commit and date of a document."""
    device = content["device"]
    return (
        f"{device['name']}, {device['platform']} {device['driver']}, commit "
        f"{content['commit'] or 'unknown'}, {content['date']}"
    )


def _by_title(content: Mapping[str, Any]) -> dict[str, Any]:
    return {
        f"{r['family']}/{r['name']}": r["timings"][OURS]
        for r in content["results"]
        if OURS in r["timings"]
    }
