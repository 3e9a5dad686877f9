"""Numbers that callers give."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.core.checks import (
    MOST,
    axis_of,
    largest,
    normalize_axes,
    number,
    pair,
    probability,
    scalar,
    whole,
    wholes,
)
from cltensor.errors import DTypeError, ShapeError


@pytest.mark.parametrize("value", [2, np.int8(2), np.uint64(2), ct.tensor(2), np.array(2)])
def test_integers_of_every_kind(value):
    assert whole("f", "n", value) == 2
    assert type(whole("f", "n", value)) is int
    assert wholes("f", "n", [value, 3]) == (2, 3)
    assert wholes("f", "n", value) == (2,)
    assert pair("f", "n", value, 1) == pair("f", "n", (value,), 1) == (2, 2)
    assert pair("f", "n", [value, 1], 1) == (2, 1)


@pytest.mark.parametrize(
    "value", [True, np.bool_(True), 1.0, 1.5, "1", None, [1.0], np.float32(1), {}, float("nan")]
)
def test_what_is_no_integer(value):
    for check in (whole, wholes, lambda *args: pair(*args, 0)):
        with pytest.raises(ShapeError, match="f: n is "):
            check("f", "n", value)


def test_tensors_that_are_no_integer():
    for value in (ct.tensor(True), ct.tensor(1.5), ct.tensor([1, 2])):
        with pytest.raises(ShapeError, match="f: n is "):
            whole("f", "n", value)


def test_limits():
    with pytest.raises(ShapeError, match="f: n is -1; give an integer of at least 0"):
        whole("f", "n", -1)
    with pytest.raises(ShapeError, match="f: n is 9; give an integer from 1 to 8"):
        whole("f", "n", 9, 1, 8)
    with pytest.raises(ShapeError, match=f"f: n is {2**70}; give an integer of 64 bits"):
        whole("f", "n", 2**70, -MOST)
    for value in (2**31, (1, 2**62), (0, 1), (1, 1, 1), ()):
        with pytest.raises(ShapeError, match="each at least 1 and at most 2147483647"):
            pair("f", "n", value, 1)


def test_axes():
    assert [axis_of("f", a, 3) for a in (0, 2, -1, -3)] == [0, 2, 2, 0]
    assert [axis_of("f", a, 0) for a in (0, -1)] == [0, 0]
    for axis, ndim in ((3, 3), (-4, 3), (1, 0), (-2, 0)):
        with pytest.raises(ShapeError, match=f"f: axis {axis} is out of range"):
            axis_of("f", axis, ndim)


@pytest.mark.parametrize(
    ("value", "dtype", "want"),
    [
        (3, "int8", 3), (-128.9, "int8", -128), (127.9, "int8", 127), (True, "uint8", 1),
        (2, "bool", True), (float("nan"), "bool", True), (2**63 - 1, "int64", 2**63 - 1),
        (2**64 - 1, "uint64", 2**64 - 1), (1, "float32", 1.0), (float("inf"), "float16", np.inf),
        (np.float32(0.5), "float64", 0.5),
    ],
)  # fmt: skip
def test_scalars(value, dtype, want):
    got = scalar("f", "value", value, np.dtype(dtype))
    assert got == want
    assert type(got) is type(want)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (-1, "uint8"), (128, "int8"), (128.0, "int8"), (2**63, "int64"), (float(2**63), "int64"),
        (float("nan"), "int32"), (float("-inf"), "int32"), (70000, "float16"), (1e39, "float32"),
        (10**400, "float64"), (-(10**400), "int64"), (1j, "float32"), ("1", "float32"),
        (None, "int8"), (np.ones(2), "float32"),
    ],
)  # fmt: skip
def test_scalars_that_do_not_fit(value, dtype):
    with pytest.raises(DTypeError, match="f: value"):
        scalar("f", "value", value, np.dtype(dtype))


@pytest.mark.parametrize(
    ("axis", "expected"),
    [(None, (0, 1, 2)), (-1, (2,)), ((2, 0), (0, 2)), ([1], (1,)), ((), ())]
    + [(np.int8(-1), (2,)), ((np.int64(1), 0), (0, 1)), (np.array([2, 1]), (1, 2))],
)
def test_axes_are_normalized(axis, expected):
    assert normalize_axes("sum", axis, 3) == expected


@pytest.mark.parametrize("axis", [3, -4, (0, 3)])
def test_axes_out_of_range_are_refused(axis):
    with pytest.raises(ShapeError, match=r"sum: axis -?\d is out of range .* 3 dimensions"):
        normalize_axes("sum", axis, 3)
    with pytest.raises(ShapeError, match="twice"):
        normalize_axes("sum", (0, -3), 3)


@pytest.mark.parametrize("axis", [True, 1.0, "a", (0, 0.5), [[0]], (2**70,)])
def test_axes_that_are_no_integers_are_refused(axis):
    with pytest.raises(ShapeError, match="sum: axis is "):
        normalize_axes("sum", axis, 3)
    for name in ("sum", "mean", "argmax", "softmax", "squeeze", "prod", "norm", "all", "logsumexp"):
        with pytest.raises(ShapeError, match="axis is "):
            getattr(ct, name)(ct.ones(2, 3), dim=axis)
        assert getattr(ct, name)(ct.ones(2, 3), dim=np.int64(1)).ndim in (1, 2)


@pytest.mark.parametrize(
    "value", [1, 0.5, True, np.float32(2), np.int8(3), np.bool_(True), ct.tensor(2.0), np.ones(1)]
)
def test_real_numbers_of_every_kind(value):
    assert number("f", "n", value) is value


@pytest.mark.parametrize("value", ["1", None, [1.0], 1j, {}, ct.ones(2), np.array("a"), np.ones(0)])
def test_what_is_no_number(value):
    with pytest.raises(DTypeError, match="f: n is .*; give a number"):
        number("f", "n", value)


def test_probabilities():
    for p in (0, 1, 0.5, np.float32(0.25)):
        probability("f", p)
    for p in (-0.1, 1.5, float("nan")):
        with pytest.raises(ValueError, match=f"f: p is {p}; a probability"):
            probability("f", p)
    with pytest.raises(DTypeError, match="f: p is 'a'; give a number"):
        probability("f", "a")


def test_the_largest_number_is_what_is_rounded_to_a_finite_one():
    assert largest(np.dtype("float32")) == np.nextafter(2.0**128 - 2.0**103, 0)
    assert largest(np.dtype("float64")) == np.finfo("float64").max
    assert largest(np.dtype("float16")) == np.nextafter(65520.0, 0)
