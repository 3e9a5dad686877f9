"""Checks are gathered with their cases, and compare shape, dtype and elements."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.selftest.checks import (
    Family,
    Missing,
    floats,
    leaf,
    near,
    numbers,
    require_fp64,
    same,
    true,
)


def test_a_family_gathers_checks_with_names_of_their_cases():
    family, seen = Family("any"), []

    @family.each((1, "a"), 2, (3,))
    def some_case(*arguments):
        seen.append(arguments)

    @family.check("what it means", brief=False)
    def another() -> int:
        return 7

    assert [c.name for c in family.checks] == ["some case 1, a", "some case 2", "some case 3",
                                               "another"]  # fmt: skip
    assert [c.brief for c in family.checks] == [False, True, False, False]
    assert [c.run() for c in family.checks] == [None, None, None, 7]
    assert seen == [(1, "a"), (2,), (3,)]
    assert family.checks[-1].note == "what it means"


def test_what_needs_fp64_is_missing_without(device, monkeypatch):
    monkeypatch.setattr(device, "fp64", False)
    family = Family("any")
    family.each(("float64", 3), ("float32", 3))(lambda dtype, n: None)
    with pytest.raises(Missing, match="no fp64"):
        family.checks[0].run()
    family.checks[1].run()
    with pytest.raises(Missing):
        require_fp64()


def test_comparison_sees_shape_dtype_and_elements():
    x = numbers(3, 5)
    near(ct.tensor(x), x)
    near(ct.tensor(x), x + 1e-7, 1e-5)
    near(ct.tensor(floats(np.nan, np.inf)), floats(np.nan, np.inf))
    for got, want, text in (
        (x, x.astype("float64"), "the dtype is float32, expected float64"),
        (x, x[:2], "shapes"),
        (x, x + 1, "15 of 15 elements differ"),
        (floats(1, np.inf), floats(1, 2), "1 of 2"),
        (floats(1, 2), floats(1, np.inf), "1 of 2"),
        (floats(1, 2), floats(1, np.nan), "1 of 2"),
    ):
        with pytest.raises(AssertionError, match=text):
            near(ct.tensor(got), want, 1e-5)
    with pytest.raises(AssertionError):
        same(ct.tensor(x), np.nextafter(x, 9))
    near(ct.tensor(x), x.astype("float64"), dtype="float32")


def test_the_tolerance_is_of_the_largest_element():
    x = floats(1e6, 1)
    near(ct.tensor(x), x + floats(0, 1))
    with pytest.raises(AssertionError):
        near(ct.tensor(x), x + floats(0, 50))


def test_numbers_are_the_same_each_time_and_of_any_dtype():
    for dtype in ("bool", "uint8", "int64", "float16", "complex64"):
        assert numbers(4, 3, dtype=dtype).dtype == dtype
    assert np.array_equal(numbers(4), numbers(4))
    assert not np.array_equal(numbers(4), numbers(4, seed=1))
    assert leaf(numbers(3)).requires_grad


def test_a_condition_that_does_not_hold():
    true(True, "never said")
    with pytest.raises(AssertionError, match="so it is"):
        true(False, "so it is")
