"""What elementwise operations compute, said with NumPy, and a comparison that nothing passes by
mistake. That the operations do so is in core/test_declare."""

import numpy as np
import pytest

from cltensor.selftest.answers import ANSWERS, answer, check, operands, specials


def test_answers_keep_the_dtypes_of_operations():
    for name, dtype, want in (
        ("add", "int8", "int8"), ("less", "float32", "bool"), ("exp", "int32", "float32"),
    ):  # fmt: skip
        count = 1 if name == "exp" else 2
        arrays = operands(dtype, count, [(5, 7)] * count)
        assert answer(name, arrays).dtype == want


def test_operands_hold_every_pair_of_special_values():
    a, b = operands("float32", 2, [(400,), (400,)])
    found = {(x.tobytes(), y.tobytes()) for x, y in zip(a, b, strict=True)}
    assert len(found) >= len(specials("float32")) ** 2


@pytest.mark.parametrize("wrong", [1000.0, -np.inf, np.nan])
def test_a_wrong_element_is_found_wherever_it_is(wrong):
    arrays = operands("float32", 1, [(300,)])
    right = answer("exp", arrays)
    check("exp", right, arrays)
    for at in range(len(specials("float32"))):
        got = right.copy()
        got[at] = wrong
        if not (np.isnan(wrong) and np.isnan(right[at])):
            with pytest.raises(AssertionError, match="exp: 1 of 300 differ"):
                check("exp", got, arrays)


def test_integers_are_compared_exactly():
    arrays = operands("int32", 2, [(50,)] * 2)
    right = answer("multiply", arrays)
    check("multiply", right, arrays)
    with pytest.raises(AssertionError, match="multiply: 1 of 50"):
        check("multiply", np.where(np.arange(50) == 7, right + 1, right), arrays)
    assert set(ANSWERS) > {"add", "gcd", "erf"}
