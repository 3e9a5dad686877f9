"""The matrix units of GPUs: instructions by which the lanes of a sub-group multiply matrices.

A `Unit` says of one instruction which elements each lane gives and gets, and how it is written in
OpenCL C. Operands are counted in words of 32 bits: an element of 32 bits, or two of 16 that follow
each other along the sum. Where a driver knows an instruction, `units_of` has it tried; what it says
of itself decides nothing more (unit_probe.py).

Sources: NVIDIA, PTX ISA, "Matrix Fragments for mma"; AMD, "CDNA3" and "RDNA3 Instruction Set
Architecture", and the amd_matrix_instruction_calculator; the OpenCL extension
cl_intel_subgroup_matrix_multiply_accumulate.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cltensor.runtime.device import Device

#: What operands are multiplied as. TF32 has the exponent of float32 and the digits of float16.
KINDS = ("float32", "tf32", "float16", "bfloat16")


class Fragment(NamedTuple):
    """What a lane gives of an operand. Its registers (row, step) hold, of the rows (of b: columns)
    of the matrix, `strip` + row * `strips`, and of the words along the sum, `word` + step. strip,
    below strips, and word are of `lane`, in C and in Python. half: how far to the right that word
    is to be shifted, where a lane gives 16 bits of it alone."""

    strip: str
    strips: int
    word: str
    registers: tuple[tuple[int, int], ...]
    half: str = ""

    @property
    def each(self) -> int:
        """Rows (columns) that a lane has of a matrix."""
        return 1 + max(row for row, _ in self.registers)

    @property
    def steps(self) -> int:
        """Words along the sum that a lane has of each of them."""
        return 1 + max(step for _, step in self.registers)


@dataclass(frozen=True, eq=False)
class Unit:
    """An instruction that adds the product of a, `rows` by `words` words, and b, words by `cols`,
    to sums in float32.

    A lane has the sums at row + r and col + c for each (r, c) of `sums`. code: C with {a}, {b}: the
    registers after each other, {a0} ...: one of them, and {d}, the sums: a vector, or {d0} ...
    where there is no `vector`; before, within: C that it needs in front of the kernel and at its
    beginning. groups: sub-groups of a work-group along rows and columns, and instructions of each,
    from the largest tile on; depth: words along the sum that lie in local memory at a time.
    """

    name: str
    kind: str
    rows: int
    cols: int
    words: int
    lanes: int
    a: Fragment
    b: Fragment
    row: str
    col: str
    sums: tuple[tuple[int, int], ...]
    code: str
    groups: tuple[tuple[int, int, int, int], ...]
    vector: bool = True
    depth: int = 16
    before: str = ""
    within: str = ""
    attributes: str = ""

    def __repr__(self) -> str:
        return self.name

    @property
    def per(self) -> int:
        """Elements of a word."""
        return 1 if self.kind in ("float32", "tf32") else 2


_HALVES = "#pragma OPENCL EXTENSION cl_khr_fp16 : enable"


def _mma(kind: str, shape: str, types: str) -> Unit:
    """Of NVIDIA, from compute capability 8 on: 16 x 8, by 8 words."""
    sums, a, b = "{%0, %1, %2, %3}", "{%4, %5, %6, %7}", "{%8, %9}"
    outputs = ", ".join(f'"+f"({{d{i}}})' for i in range(4))
    inputs = ", ".join(f'"r"({{{x}}})' for x in ("a0", "a1", "a2", "a3", "b0", "b1"))
    text = f"mma.sync.aligned.{shape}.row.col.f32.{types}.f32 {sums}, {a}, {b}, {sums};"
    text = text.replace("{", "{{").replace("}", "}}")
    return Unit(
        f"mma {shape} {types}", kind, 16, 8, 8, 32,
        Fragment("lane >> 2", 8, "lane & 3", ((0, 0), (1, 0), (0, 4), (1, 4))),
        Fragment("lane >> 2", 8, "lane & 3", ((0, 0), (0, 4))),
        "lane >> 2", "(lane & 3) << 1", ((0, 0), (0, 1), (8, 0), (8, 1)),
        f'asm volatile("{text}" : {outputs} : {inputs});',
        ((2, 4, 4, 4), (2, 2, 2, 4)), vector=False,
    )  # fmt: skip


def _mfma(kind: str, name: str, side: int, registers: int, type_: str) -> Unit:
    """Of AMD's CDNA, with sub-groups of 64: squares of `side`, `registers` words of each lane."""
    across, cast = side.bit_length() - 1, f"as_{type_}((uint{registers if registers > 1 else ''})"
    words = f"(lane >> {across}) * {registers}"
    steps = tuple([(0, step) for step in range(registers)])
    operand = Fragment(f"lane & {side - 1}", side, words, steps)
    count = side * side // 64
    sums = tuple([(i // 4 * (256 // side) + i % 4, 0) for i in range(count)])
    return Unit(
        name, kind, side, side, 64 // side * registers, 64, operand, operand,
        f"(lane >> {across}) << 2", f"lane & {side - 1}", sums,
        f"{{d}} = __builtin_amdgcn_{name}({cast}({{a}})), {cast}({{b}})), {{d}}, 0, 0, 0);",
        ((2, 2, 64 // side, 64 // side), (2, 2, 32 // side, 32 // side)),
        before=_HALVES if kind == "float16" else "",
    )  # fmt: skip


def _wave32(name: str, cast: str) -> str:
    return f"{{d}} = __builtin_amdgcn_{name}({cast}({{a}})), {cast}({{b}})), {{d}});"


def _wmma(kind: str, name: str, type_: str) -> Unit:
    """Of AMD's RDNA3, with sub-groups of 32, whose two halves give the same."""
    operand = Fragment("lane & 15", 16, "0", tuple([(0, step) for step in range(8)]))
    return Unit(
        name, kind, 16, 16, 8, 32, operand, operand,
        "lane >> 4", "lane & 15", tuple([(2 * i, 0) for i in range(8)]),
        _wave32(name, f"as_{type_}((uint8)"),
        ((2, 4, 4, 2), (2, 2, 2, 2)), before=_HALVES if kind == "float16" else "",
    )  # fmt: skip


def _wmma12(kind: str, name: str, type_: str) -> Unit:
    """Of AMD's RDNA4, whose two halves of a sub-group give a half of the sum each."""
    operand = Fragment("lane & 15", 16, "lane >> 4 << 2", tuple([(0, step) for step in range(4)]))
    return Unit(
        name, kind, 16, 16, 8, 32, operand, operand,
        "lane >> 4 << 3", "lane & 15", tuple([(i, 0) for i in range(8)]),
        _wave32(name, f"as_{type_}((uint4)"),
        ((2, 4, 4, 2), (2, 2, 2, 2)), before=_HALVES if kind == "float16" else "",
    )  # fmt: skip


def _dpas(kind: str, name: str, lanes: int) -> Unit:
    """Of Intel, whose sub-groups of 8 give words of a, and those of 16 halves of them."""
    rows = tuple([(row, 0) for row in range(8)])
    a = Fragment("0", 1, "lane", rows)
    given = "int8"
    if lanes == 16:
        a = Fragment("0", 1, "lane >> 1", rows, half="(lane & 1) << 4")
        given = "short8"
    b = Fragment("lane", lanes, "0", tuple([(0, step) for step in range(8)]))
    function = f"intel_sub_group_{name}_{name}_matrix_mad_k16"
    return Unit(
        f"dpas {name} of {lanes}", kind, 8, lanes, 8, lanes, a, b,
        "0", "lane", tuple([(i, 0) for i in range(8)]),
        f"{{d}} = {function}(({given})({{a}}), (int8)({{b}}), {{d}});",
        ((4, 64 // lanes, 2, 2), (4, 64 // lanes, 2, 1)),
        depth=8,  # the next 16 on their way would take registers that the sums need
        # Not every compiler that has the function declares it.
        before=f"float8 __attribute__((overloadable)) {function}({given}, int8, float8);",
        attributes=f"__attribute__((intel_reqd_sub_group_size({lanes})))",
    )  # fmt: skip


MMA = (
    _mma("tf32", "m16n8k8", "tf32.tf32"),
    _mma("float16", "m16n8k16", "f16.f16"),
    _mma("bfloat16", "m16n8k16", "bf16.bf16"),
)
_CDNA = (
    _mfma("float32", "mfma_f32_32x32x2f32", 32, 1, "float"),
    _mfma("float32", "mfma_f32_16x16x4f32", 16, 1, "float"),
    _mfma("float16", "mfma_f32_32x32x8f16", 32, 2, "half4"),
)
_CDNA2 = (*_CDNA, _mfma("bfloat16", "mfma_f32_32x32x8bf16_1k", 32, 2, "short4"))
#: By the names that AMD's compiler has for chips.
AMD = {
    "gfx908": (*_CDNA, _mfma("bfloat16", "mfma_f32_32x32x4bf16", 32, 1, "short2")),
    "gfx90a": _CDNA2,
    "gfx942": (*_CDNA2, _mfma("tf32", "mfma_f32_32x32x4_xf32", 32, 2, "float2")),
    "gfx11": (
        _wmma("float16", "wmma_f32_16x16x16_f16_w32", "half16"),
        _wmma("bfloat16", "wmma_f32_16x16x16_bf16_w32", "short16"),
    ),
    "gfx12": (
        _wmma12("float16", "wmma_f32_16x16x16_f16_w32_gfx12", "half8"),
        _wmma12("bfloat16", "wmma_f32_16x16x16_bf16_w32_gfx12", "short8"),
    ),
}
INTEL = tuple(
    [
        _dpas(kind, name, lanes)
        for kind, name in (("float16", "f16"), ("bfloat16", "bf16"))
        for lanes in (8, 16)
    ]
)
_ASKING = "cl_nv_device_attribute_query"
_OF_INTEL = "cl_intel_subgroup_matrix_multiply_accumulate"


def units_of(device: Device) -> tuple[Unit, ...]:
    """Those that are worth a trial on `device`, by what its driver says."""
    if device.is_cpu or device.kind == "cpu":
        return ()
    if _OF_INTEL in device.extensions:
        return INTEL
    if _ASKING in device.extensions:
        return MMA if device.cl_device.compute_capability_major_nv >= 8 else ()
    chip = re.match(r"gfx[0-9a-f]+", device.cl_device.name.strip())
    if chip is None:
        return ()
    return next((units for name, units in AMD.items() if chip[0].startswith(name)), ())
