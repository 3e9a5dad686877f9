"""Element types: names, promotion, and what Python scalars do."""

import itertools
from pathlib import Path

import numpy as np
import pytest

import cltensor as ct
from cltensor import dtypes
from cltensor.errors import DTypeError


def test_a_dtype_is_the_numpy_dtype():
    assert ct.float32 == np.float32
    assert ct.bool_ == np.dtype(bool)
    assert dtypes.as_dtype("int8") is dtypes.as_dtype(np.int8)
    assert dtypes.as_dtype(float) == np.float64
    assert dtypes.as_dtype(np.dtype(">f4")) == np.dtype("=f4")


@pytest.mark.parametrize("wrong", ["clongdouble", "U3", object, "no such type", "datetime64[s]"])
def test_other_types_are_refused_with_the_list(wrong):
    with pytest.raises(DTypeError, match=r"is not an element type .* float32"):
        dtypes.as_dtype(wrong)


def test_promotion_is_symmetric_and_keeps_equals():
    for a, b in itertools.product(dtypes.ALL, repeat=2):
        try:
            common = dtypes.promote(a, b)
        except DTypeError:
            with pytest.raises(DTypeError, match=r"no common integer type.*\.to\(int64\)"):
                dtypes.promote(b, a)
            assert "uint64" in (a.name, b.name)
            continue
        assert common == dtypes.promote(b, a)
        assert common == a if a == b else common in dtypes.ALL


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("bool", "uint8", "uint8"),
        ("uint8", "int8", "int16"),
        ("uint32", "int8", "int64"),
        ("int64", "float32", "float32"),  # a float beats an integer of any width
        ("int64", "float16", "float16"),
        ("float32", "float64", "float64"),
        ("uint8", "uint64", "uint64"),
        ("complex64", "int64", "complex64"),
        ("complex64", "float32", "complex64"),
        ("complex64", "float64", "complex128"),
        ("complex64", "complex128", "complex128"),
        ("float16", "complex64", "complex64"),
        ("bfloat16", "complex128", "complex128"),
        ("bfloat16", "float16", "float32"),
        ("bfloat16", "float32", "float32"),
        ("int64", "bfloat16", "bfloat16"),
        ("bool", "complex128", "complex128"),
    ],
)
def test_promotion(a, b, expected):
    assert dtypes.promote(dtypes.as_dtype(a), dtypes.as_dtype(b)).name == expected


@pytest.mark.parametrize(
    ("dtype", "scalar", "expected"),
    [
        ("int8", int, "int8"),
        ("int8", float, "float32"),
        ("bool", int, "int64"),
        ("bool", bool, "bool"),
        ("float64", float, "float64"),
        ("float16", int, "float16"),
        ("bfloat16", float, "bfloat16"),
        ("bfloat16", complex, "complex64"),
        ("uint8", bool, "uint8"),
        ("float32", complex, "complex64"),
        ("float64", complex, "complex128"),
        ("int64", complex, "complex64"),
        ("complex64", float, "complex64"),
        ("complex128", complex, "complex128"),
    ],
)
def test_a_python_scalar_lifts_the_kind_only(dtype, scalar, expected):
    assert dtypes.with_scalar(dtypes.as_dtype(dtype), scalar).name == expected


def test_promotion_is_pytorchs():
    torch = pytest.importorskip("torch")
    known = {d: getattr(torch, d.name, None) for d in dtypes.ALL}
    # Unsigned integers have no promotion there; complex numbers of 32 bits have no type here.
    given = [d for d in dtypes.ALL if d.name not in ("uint16", "uint32", "uint64")]
    known[torch.complex32] = torch.complex64
    for a, b in itertools.product(given, repeat=2):
        theirs = torch.promote_types(known[a], known[b])
        assert known[dtypes.promote(a, b)] == known.get(theirs, theirs)
        for zero in (False, True):
            ours = dtypes.result_type((a, False), (b, zero))
            shapes = (2,), (() if zero else (2,))
            theirs = [torch.zeros(s, dtype=known[d]) for s, d in zip(shapes, (a, b), strict=True)]
            theirs = torch.result_type(*theirs)
            assert known[ours] == known.get(theirs, theirs)
        for number in (True, 1, 1.0, 1j):
            ours = dtypes.with_scalar(a, type(number))
            theirs = torch.result_type(torch.zeros(2, dtype=known[a]), number)
            assert known[ours] == known.get(theirs, theirs)


def test_parts_of_complex_numbers():
    assert dtypes.real_of(dtypes.complex64) is dtypes.float32
    assert dtypes.real_of(dtypes.complex128) is dtypes.float64
    assert dtypes.real_of(dtypes.int8) is dtypes.int8
    assert dtypes.complex_of(dtypes.float64) is dtypes.complex128
    assert dtypes.complex_of(dtypes.int64) is dtypes.complex64
    assert dtypes.to_float(dtypes.complex64) is dtypes.complex64


def test_promotion_shows_in_results(device):
    small = ct.tensor([1, 2], dtype="int8")
    assert (small + ct.tensor([1, 2], dtype="uint8")).dtype == ct.int16
    assert (small * 2).dtype == ct.int8
    assert (small * 2.5).numpy().tolist() == [2.5, 5.0]
    assert (small / 2).dtype == ct.float32
    assert (small > 1).dtype == ct.bool_
    assert (ct.tensor([True]) + ct.tensor([True])).dtype == ct.bool_


def test_types_without_a_common_one_are_refused_by_the_operation(device):
    with pytest.raises(DTypeError, match=r"^add: .*uint64 and int8"):
        ct.tensor([1], dtype="uint64") + ct.tensor([1], dtype="int8")


def test_float64_is_refused_at_creation_where_it_is_missing(device, monkeypatch):
    monkeypatch.setattr(device, "fp64", False)
    for create in (lambda: ct.zeros(3, dtype="float64"), lambda: ct.tensor(np.zeros(3))):
        with pytest.raises(DTypeError, match=rf"'{device}' .* has no float64; use float32"):
            create()
    with pytest.raises(DTypeError, match=r"^astype: .* has no float64"):
        ct.zeros(3).to("float64")


@pytest.mark.parametrize(
    ("operands", "expected"),
    [
        # a tensor without dimensions (marked 0) lifts the kind, never the width
        ("float32 float64:0", "float32"),
        ("float32:0 float64", "float64"),
        ("float16 float64:0", "float16"),
        ("int8 int64:0", "int8"),
        ("uint8 int64:0", "uint8"),
        ("int32 float64:0", "float64"),
        ("bool int16:0", "int16"),
        ("bool float32:0", "float32"),
        ("int64:0 float32:0", "float32"),
        ("float32:0 float64:0", "float64"),
        ("int8:0 int32:0", "int32"),
        ("float32 float64", "float64"),
        ("int8 float32:0 float64:0", "float64"),
        ("float16 float64:0 float32", "float32"),
        ("bool int8:0 bool:0", "int8"),
        ("int64:0", "int64"),
        ("float32 complex128:0", "complex64"),
        ("float64 complex64:0", "complex128"),
        ("int32 complex128:0", "complex128"),
        ("complex64 float64:0", "complex64"),
        ("complex64 complex128:0", "complex64"),
    ],
)
def test_tensors_without_dimensions_promote_like_numbers(operands, expected):
    given = [
        (dtypes.as_dtype(name), bool(mark))
        for name, _, mark in (o.partition(":") for o in operands.split())
    ]
    assert dtypes.result_type(*given) is dtypes.as_dtype(expected)


def test_a_zero_dimensional_partner_may_have_no_common_type():
    with pytest.raises(DTypeError, match="no common integer type"):
        dtypes.result_type((dtypes.uint64, False), (dtypes.int8, False))
    assert dtypes.result_type((dtypes.uint64, False), (dtypes.int8, True)) is dtypes.uint64


def table():
    """docs/dtypes.md: what two dtypes have in common, by their short names."""
    text = (Path(__file__).parent.parent / "docs" / "dtypes.md").read_text("utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| **")]
    names = [row[0].strip("*") for row in rows]
    return {
        (a, b): common
        for a, row in zip(names, rows, strict=True)
        for b, common in zip(names, row[1:], strict=True)
    }


def short(dtype):
    if dtype == ct.bfloat16:
        return "bf16"
    return "bool" if dtype.kind == "b" else f"{dtype.kind}{8 * dtype.itemsize}"


def test_promotion_is_as_documented(device):
    found = table()
    assert len(found) == len(dtypes.ALL) ** 2
    for a, b in itertools.product(dtypes.ALL, repeat=2):
        want = found[short(a), short(b)]
        if want == "-":
            with pytest.raises(DTypeError):
                ct.promote_types(a, b)
            with pytest.raises(DTypeError):
                ct.array_api.result_type(a, b)
            continue
        assert short(ct.promote_types(a, b)) == want
        assert short(ct.array_api.result_type(a, b)) == want
        # Without dimensions: by its kind only, and as any other.
        lifted = dtypes.result_type((a, False), (b, True))
        if dtypes.KIND_RANK[b.kind] <= dtypes.KIND_RANK[a.kind]:
            assert lifted == a
        else:
            assert lifted.kind == b.kind


def test_the_class_of_all_dtypes():
    assert isinstance(ct.float32, ct.dtype)
    assert isinstance(ct.ones(1).dtype, ct.dtype)
    assert ct.dtype("int8") == ct.int8


def test_what_is_no_dtype_is_named():
    with pytest.raises(DTypeError, match="dtype: ones is not an element type of cltensor"):
        ct.ones(2, dtype=ct.ones)
    with pytest.raises(DTypeError, match="dtype: 'float8' is not an element type"):
        ct.ones(2, dtype="float8")
