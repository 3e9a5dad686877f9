"""What the compilers of GPUs make of cltensor's kernels, as a table.

    python tests/suites/instructions.py --write docs/gpu.md

renders the kernels that the workloads of tests/isa launch and compiles them for two GPUs, one of
AMD and one of NVIDIA; without ptxas and nvdisasm the second one's columns stay empty. Nothing is
run.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from isa import compilers, kernels  # noqa: E402

HEAD = """\
# Kernels in the instructions of GPUs

Written by `tests/suites/instructions.py` ([testing.md](testing.md)); not by hand. Each kernel that
the workloads of `tests/isa/workloads.py` launch on a GPU, compiled for gfx1030 (RDNA 2) and sm_86
(Ampere), run nowhere; `tests/test_isa.py` holds them, and those for other chips, to bounds.

group: work-items of a work-group; local: bytes of its local memory; registers: of a work-item. Of
the innermost loop with most multiply-adds: their *share* in percent among the instructions that
take the turn of one (on gfx1030 those of the vector unit, as others have units of their own; on
sm_86 all), which is the most of a device's peak that the loop can reach (what stages operands for
it counts where it is inside); *wide*, how many of its loads from global and from local memory take
16 bytes; and *waits*, how often a turn waits for what it loaded. Empty: no loop, or nothing to
multiply.

| kernel | first launched by | group | local | registers | | share | | wide | waits |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
| | | | | gfx1030 | sm_86 | gfx1030 | sm_86 | gfx1030 | gfx1030 |
"""


def part(kinds, loop):
    """How many of the loads of some kind take 16 bytes."""
    whole = loop.count(*kinds)
    return f"{loop.count(kinds[0])} of {whole}" if whole else "none"


def row(amd, nvidia):
    """A line of the table: what launched the same kernel on either card."""
    first = kernels.compiled(amd.source, "gfx1030")
    second = None
    if compilers.missing("sm_86") is None:
        second = kernels.compiled(nvidia.source, "sm_86")
    loop = first.loops.hottest
    counts = loop.multiply_adds >= 8
    wide = part(("load 16", "load"), loop) + ", " + part(("local load 16", "local load"), loop)
    cells = [
        f"`{amd.name}`", amd.workload, " x ".join(str(n) for n in amd.local if n > 1) or 1,
        first.shared, first.registers, second.registers if second else "",
        f"{loop.share:.0f}" if counts else "",
        f"{second.loops.hottest.share:.0f}" if second and counts else "",
        wide if counts else "", loop.round_trips if counts else "",
    ]  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |\n"


def table():
    """The document."""
    by_vendor = [kernels.launched(vendor) for vendor in ("amd", "nvidia")]
    rows, seen = [], set()
    for amd in by_vendor[0]:
        if amd.source in seen:
            continue
        seen.add(amd.source)
        # Limits differ, and with them at times the kernels: the nearest in the same workload.
        places = [e for e in by_vendor[0] if (e.workload, e.name) == (amd.workload, amd.name)]
        others = [e for e in by_vendor[1] if (e.workload, e.name) == (amd.workload, amd.name)]
        rows.append(row(amd, others[min(places.index(amd), len(others) - 1)]))
    return HEAD + "".join(rows)


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--write", type=Path)
    chosen = options.parse_args()
    text = table()
    if chosen.write:
        chosen.write.write_text(text)
    else:
        print(text)
