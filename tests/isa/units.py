"""Products by matrix units, for the compilers of the GPUs that have them."""

from functools import cache

import numpy as np
from isa import compilers
from isa.stub import stubs

from cltensor.ops.linalg.matrix_units import AMD, INTEL, MMA
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
REGISTERS = {"gfx908": 256, "gfx90a": 256, "gfx942": 256}
MOST = 168

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


def faults(made, tile):
    """What is wrong with the code for a tile, in words."""
    if made.loops is None:  # Intel's compiler shows no code
        return
    wanted = tile.each_m * tile.each_n * tile.words // tile.unit.words
    found = made.loops.by_units.count("matrix unit")
    if found != wanted:
        yield f"{found} instructions of the unit, not {wanted}"
    most = REGISTERS.get(made.target, MOST)
    if made.registers is not None and made.registers > most:
        yield f"{made.registers} registers, of at most {most}"
    if made.scratch or made.spills:
        yield f"{made.scratch} bytes of a lane in memory, {made.spills} registers spilled"
