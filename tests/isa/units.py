"""Products by matrix units, for the compilers of the GPUs that have them."""

from functools import cache

import numpy as np
from isa import compilers
from isa.stub import stubs

from cltensor.ops.linalg.matrix_units import AMD, INTEL, MMA
from cltensor.ops.linalg.unit_tiles import tiles_of
from cltensor.runtime.source import render

#: By target.
UNITS = {
    "gfx90a": AMD["gfx90a"], "gfx942": AMD["gfx942"], "gfx1100": AMD["gfx11"], "ptx": MMA,
    "sm_86": MMA, "gfx908": AMD["gfx908"], "gfx1201": AMD["gfx12"], "sm_80": MMA, "sm_90": MMA,
    "dg2": INTEL[::2],
}  # fmt: skip
#: How the operands of a product lie: along_a, along_b, by rows and by columns.
BY_ROWS = (True, False)
LAYOUTS = (BY_ROWS, (True, True), (False, False), (False, True))
#: What a lane may have: of AMD's CDNA both kinds of registers together.
REGISTERS = {"gfx908": 256, "gfx90a": 256, "gfx942": 256, "gfx1100": 192}
MOST = 168
#: Of what takes the turn of arithmetic in the loop, with the branch for edges, the most for each
#: instruction of the unit, by target and kind; those of sm_86 for any kind.
BESIDE = {
    ("gfx90a", "float32"): 2.1, ("gfx90a", "float16"): 10.5, ("gfx90a", "bfloat16"): 10.5,
    ("gfx1100", "float16"): 11.5, ("gfx1100", "bfloat16"): 11.5,
    **{("sm_86", kind): 8 for kind in ("tf32", "float16", "bfloat16")},
}  # fmt: skip
#: What Intel's compiler may keep in memory.
SPILLS = 8

compiled = cache(compilers.compiled)


def source(target, tile, along=BY_ROWS, dtype=None):
    """That of the kernel for large products; dtype: of elements, where it is not the unit's own."""
    device = stubs()["intel" if target == "dg2" else "nvidia"]
    dtype = np.dtype(dtype or ("float32" if tile.unit.per == 1 else "float16"))
    wide = 16 // dtype.itemsize
    return render(
        device, "gemm_gpu", TO="float", along_a=along[0], along_b=along[1], unit_a=True,
        unit_b=True, wide_a=wide, wide_b=wide, **tile.params(dtype),
    )  # fmt: skip


def faults(made, tile, rounds=False):
    """What is wrong with the code for a tile, in words; rounds: whether it is given more digits
    than it multiplies, which takes instructions and registers."""
    if made.loops is None:  # Intel's compiler shows no code
        if made.spills > SPILLS:
            yield f"{made.spills} registers spilled"
        return
    wanted = tile.each_m * tile.each_n * tile.words // tile.unit.words
    found = made.loops.by_units.count("matrix unit")
    if found != wanted:
        yield f"{found} instructions of the unit, not {wanted}"
    beside = made.loops.by_units.count("vector") / wanted
    if (
        tile is tiles_of(tile.unit)[0]
        and not rounds
        and beside > BESIDE.get((made.target, tile.unit.kind), 99)
    ):
        yield f"{beside} other instructions for each of the unit"
    most = REGISTERS.get(made.target, MOST)
    if made.registers is not None and made.registers > most + 32 * rounds:
        yield f"{made.registers} registers, of at most {most}"
    if made.scratch or made.spills:
        yield f"{made.scratch} bytes of a lane in memory, {made.spills} registers spilled"
