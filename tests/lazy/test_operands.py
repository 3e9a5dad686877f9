"""The C with which kernels read and write elements, alone and as vectors of neighbours."""

import pytest

from cltensor.lazy.operands import (
    BROADCAST,
    STRIDED,
    UNIT,
    Operand,
    Store,
    is_long,
    lane,
    vector,
)


def test_vectors_of_every_type():
    assert [vector(t, 4) for t in ("float", "uchar", "ct_float16", "float2", "double2")] == [
        "float4", "uchar4", "ushort4", "float8", "double8",
    ]  # fmt: skip
    assert vector("float2", 1) == "float2"
    assert lane("float", "v", 3, 4) == "v.s3"
    assert lane("float2", "v", 3, 4) == "v.s67"
    assert lane("ct_float16", "v", 1, 4) == "((ct_float16){v.s1})"
    assert lane("float", "v", 0, 1) == "v"


def test_what_is_loaded_for_neighbours():
    dense, same, apart = (Operand("x0", "float", (STRIDED, f)) for f in (UNIT, BROADCAST, STRIDED))
    assert dense.loads(4) == [("float4", "x0_v", "*(__global const float4*)(x0_p + c1)")]
    assert same.loads(4) == [("float", "x0_v", "x0_p[0]")]
    assert [name for _, name, _ in apart.loads(4, 2)] == [
        "x0_v2_0",
        "x0_v2_1",
        "x0_v2_2",
        "x0_v2_3",
    ]
    assert apart.loads(1) == [("float", "x0_v", "x0_p[0 + c1 * x0_s1]")]
    assert dense.taken(2, 4) == "const float x0 = x0_v.s2;"
    assert same.taken(2, 4) == "const float x0 = x0_v;"
    assert apart.taken(2, 4, 1) == "const float x0 = x0_v1_2;"
    short = Operand("x0", "ct_float16", (UNIT,))
    assert short.taken(1, 4) == "const float x0 = ct_wide(((ct_float16){x0_v.s1}));"


def test_what_is_stored_of_neighbours():
    def gather(ctype, width=4):
        return Store("v1", ctype, "v1", False).gather(1, width)

    assert gather("float") == "v1_w.s1 = v1;"
    assert gather("float2") == "v1_w.s23 = v1;"
    assert gather("ct_float16") == "v1_w.s1 = ct_float16_of(v1).bits;"
    assert gather("ct_float16", 1) == "v1_w = ct_float16_of(v1);"


@pytest.mark.parametrize(
    ("line", "long"),
    [
        ("const float v1 = x0 + x1;", False),
        ("const float v1 = exp(x0);", False),
        ("const float v1 = ct_wide(x0);", False),
        ("const float v1 = sin(x0);", True),
        ("const float v1 = ct_lgamma(x0);", True),
        ("const float v1 = exp(x0) + exp(x1) + log(x0) + log(x1);", True),
    ],
)
def test_long_expressions(line, long):
    assert is_long([line]) == long
