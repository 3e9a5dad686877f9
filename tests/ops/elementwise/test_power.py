"""Powers: values, types, and gradients at the edges."""

from math import inf as INF
from math import nan as NAN

import numpy as np
import pytest
from leaves import same, slopes

import cltensor as ct
from cltensor.errors import DTypeError


def test_powers(device):
    x = np.array([0.5, 2.0, 3.0], "float32")
    t = ct.tensor(x)
    for k in (0, 1, 2, 3, -1, 0.5, 2.5, -2, 4):
        np.testing.assert_allclose((t**k).numpy(), x.astype("float64") ** k, rtol=1e-6)
    assert (ct.arange(5) ** 3).numpy().tolist() == [0, 1, 8, 27, 64]
    assert (ct.arange(3) ** ct.tensor([0, -1, -1])).numpy().tolist() == [1, 1, 0]
    with pytest.raises(DTypeError, match=r"pow: int64 to the power -1 .*\.to\('float32'\)"):
        ct.arange(3) ** -1


@pytest.mark.parametrize(
    ("base", "exponent", "value", "by_base", "by_exponent"),
    [
        (0, 0, 1, 0, 0),
        (0, -1, INF, -INF, -INF),
        (0, 2, 0, 0, 0),
        (0, 0.5, 0, INF, 0),
        (-2, 2, 4, -4, NAN),
        (-2, 0.5, NAN, NAN, NAN),
        (2, 0, 1, 0, 0.6931472),
        (NAN, 0, 1, 0, NAN),
        (1, NAN, 1, NAN, 0),
        (INF, 0, 1, 0, INF),
        (-0.0, 3, 0, 0, 0),
        (4, -0.5, 0.5, -0.0625, 0.6931472),
    ],
)
def test_powers_at_the_edges(device, base, exponent, value, by_base, by_exponent):
    got, (a, b) = slopes(ct.pow, [base], [exponent])
    same([*got, *a, *b], [value, by_base, by_exponent])
    got, (a,) = slopes(lambda x: x**exponent, [base])  # a number takes other paths
    same([*got, *a], [value, by_base])
    got, (b,) = slopes(lambda x: base**x, [exponent])
    same([*got, *b], [value, by_exponent])


def test_powers_of_integers_and_bools_keep_pytorchs_kind(device):
    three = ct.tensor([3], dtype="int8")
    for exponent, dtype in ((2, "int8"), (1, "int8"), (2.0, "float32"), (1.0, "float32")):
        assert (three**exponent).dtype == dtype
        assert (three**exponent).tolist() == [3**exponent]
    truth = ct.tensor([True])
    for exponent, dtype in ((2, "int64"), (1, "int64"), (3, "int64"), (0.5, "float32")):
        assert (truth**exponent).dtype == dtype
    assert ct.square(truth).dtype == ct.int64
    assert (ct.tensor([2]) ** np.int64(3)).tolist() == [8]
    with pytest.raises(DTypeError, match="int64 to the power -1 is not an integer"):
        ct.tensor([2]) ** np.int64(-1)
    assert ct.pow(ct.tensor([2, 1, -1, 0]), ct.tensor([-1, -3, -3, -1])).tolist() == [0, 1, -1, 0]


def test_the_constant_powers_of_one_half_are_roots_at_zero_and_infinity(device):
    # As in PyTorch; a power that is no constant follows C: 0 and -0 give inf, -inf gives 0.
    x = ct.tensor([0.0, -0.0, -INF])
    same((x**-0.5).numpy(), [INF, -INF, NAN])
    same((x ** ct.tensor(-0.5)).numpy(), [INF, INF, 0])
