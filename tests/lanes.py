"""Matrix units in OpenCL C: work-items hand what they give to each other through local memory.

Which element of a matrix is where is written out from the makers' manuals, whatever the tables of
cltensor.ops.linalg.matrix_units say: C for the row, or column, and the step of the sum of element i
of a lane, and for the row and the column of its sum i.
"""

from dataclasses import replace
from typing import NamedTuple

from cltensor.ops.linalg import matrix_units


class Layout(NamedTuple):
    """Of one instruction; count: elements of a lane, of a and of b; steps: of the sum."""

    a: tuple
    b: tuple
    d: tuple
    count: tuple
    steps: int


_G, _T = "(lane >> 2)", "(lane % 4)"
_D_OF_MMA = (f"i < 2 ? {_G} : {_G} + 8", f"{_T} * 2 + (i & 1)")
LAYOUTS = {
    "mma m16n8k8": Layout(
        (f"i == 0 || i == 2 ? {_G} : {_G} + 8", f"i < 2 ? {_T} : {_T} + 4"),
        (_G, f"i == 0 ? {_T} : {_T} + 4"), _D_OF_MMA, (4, 2), 8,
    ),
    "mma m16n8k16": Layout(
        (f"i < 2 || (i >= 4 && i < 6) ? {_G} : {_G} + 8",
         f"i < 4 ? {_T} * 2 + (i & 1) : {_T} * 2 + (i & 1) + 8"),
        (_G, f"i < 2 ? {_T} * 2 + (i & 1) : {_T} * 2 + (i & 1) + 8"), _D_OF_MMA, (8, 4), 16,
    ),
    **{
        f"mfma_f32_{side}x{side}x{steps}{kind}": Layout(
            *(((f"lane % {side}", f"{each} * (lane / {side}) + i"),) * 2),
            (f"{rows} * (i / 4) + 4 * (lane / {side}) + i % 4", f"lane % {side}"),
            (each, each), steps,
        )
        for side, rows, steps, kind, each in (
            (32, 8, 2, "f32", 1), (16, 16, 4, "f32", 1), (32, 8, 8, "f16", 4),
            (32, 8, 4, "bf16", 2), (32, 8, 8, "bf16_1k", 4), (32, 8, 4, "_xf32", 2),
        )
    },
    **{
        f"wmma_f32_16x16x16_{kind}_w32": Layout(
            *((("lane % 16", "i"),) * 2), ("2 * i + lane / 16", "lane % 16"), (16, 16), 16
        )
        for kind in ("f16", "bf16")
    },
    **{
        f"wmma_f32_16x16x16_{kind}_w32_gfx12": Layout(
            *((("lane % 16", "8 * (lane / 16) + i"),) * 2),
            ("8 * (lane / 16) + i", "lane % 16"), (8, 8), 16,
        )
        for kind in ("f16", "bf16")
    },
    **{
        f"dpas {kind} of {lanes}": Layout(
            ("i / 2", "2 * lane + i % 2") if lanes == 8 else ("i", "lane"),
            ("lane", "i"), ("i", "lane"), (16, 16) if lanes == 8 else (8, 16), 16,
        )
        for kind in ("f16", "bf16") for lanes in (8, 16)
    },
}  # fmt: skip
#: A float of the bits of an element.
_WIDE = {
    "float32": "as_float({0})", "tf32": "as_float({0} & 0xffffe000u)",
    "float16": "ct_wide((ct_float16){{ (ushort)({0}) }})",
    "bfloat16": "ct_wide((ct_bfloat16){{ (ushort)({0}) }})",
}  # fmt: skip
UNITS = {
    unit.name: unit
    for units in (matrix_units.MMA, *matrix_units.AMD.values(), matrix_units.INTEL)
    for unit in units
}


def layout_of(unit):
    """That of its name, or of its beginning."""
    return LAYOUTS.get(unit.name) or LAYOUTS[unit.name.rpartition(" ")[0]]


def emulated(unit, *groups, code=None):
    """`unit` as work-items compute it, with tiles of these groups."""
    layout = layout_of(unit)
    rows, cols, steps = unit.rows, unit.cols, layout.steps
    most = max(m * n for m, n, *_ in groups)
    wide = _WIDE[unit.kind]

    def bits(x, halves_alone):
        if unit.per == 1 or halves_alone:
            return f"given_{x}[i]"
        return f"(given_{x}[i / 2] >> (16 * (i % 2)))"

    sums = [f"{{d}}.s{i:x}" if unit.vector else f"{{d{i}}}" for i in range(len(unit.sums))]
    text = f"""{{{{
        const uint given_a[] = {{{{ {{a}} }}}}, given_b[] = {{{{ {{b}} }}}};
        float sums[] = {{{{ {", ".join(sums)} }}}};
        for (int i = 0; i < {layout.count[0]}; i++)
            sent_a[group][{layout.a[0]}][{layout.a[1]}]
                = {wide.format(bits("a", unit.a.half)).replace("{", "{{").replace("}", "}}")};
        for (int i = 0; i < {layout.count[1]}; i++)
            sent_b[group][{layout.b[1]}][{layout.b[0]}]
                = {wide.format(bits("b", False)).replace("{", "{{").replace("}", "}}")};
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int i = 0; i < {len(unit.sums)}; i++)
            for (int s = 0; s < {steps}; s++)
                sums[i] += sent_a[group][{layout.d[0]}][s] * sent_b[group][s][{layout.d[1]}];
        barrier(CLK_LOCAL_MEM_FENCE);
        {" ".join(f"{place} = sums[{i}];" for i, place in enumerate(sums))}
    }}}}"""
    return replace(
        unit, code=code or text, before="", attributes="", groups=groups,
        within=f"__local float sent_a[{most}][{rows}][{steps}], sent_b[{most}][{steps}][{cols}];",
    )  # fmt: skip
