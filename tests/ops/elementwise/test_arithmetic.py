"""Quotients and remainders at zeros and infinities."""

from functools import partial
from math import inf as INF
from math import nan as NAN

import numpy as np
import pytest
from leaves import same, slopes

import cltensor as ct
from cltensor.errors import DTypeError


def test_rounded_quotients_are_flat_everywhere(device):
    for mode, values in (("trunc", [INF, -INF, NAN, -3, 3]), ("floor", [INF, -INF, NAN, -4, 3])):
        divided = partial(ct.div, rounding_mode=mode)
        got, (a, b) = slopes(divided, [1.0, -1.0, 0.0, -7.0, 7.0], [0.0, 0.0, 0.0, 2.0, 2.0])
        same([*got, *a, *b], [*values, *[0] * 10])


@pytest.mark.parametrize(
    ("function", "cases"),
    [
        (
            ct.floor_divide,
            [(-0.0, 1, -0.0), (0.0, -1, -0.0), (-0.0, -1, 0.0), (-1, -INF, 0.0), (1, -INF, -1)]
            + [(-5, INF, -1), (5, INF, 0.0), (0.3, 7, 0.0), (INF, 1, NAN), (1, 0.0, INF)],
        ),
        (
            ct.remainder,
            [(-0.0, 1, -0.0), (0.0, -1, 0.0), (-3, 3, -0.0), (3, 3, 0.0), (-1, INF, INF)],
        ),
        (ct.fmod, [(-0.0, 1, -0.0), (0.0, -1, 0.0), (-3, 3, -0.0), (-5, INF, -5), (1, 0.0, NAN)]),
        (ct.copysign, [(0.0, -1, -0.0), (-0.0, 1, 0.0), (1, -0.0, -1)]),
    ],
)
def test_zeros_keep_pytorchs_sign(skeleton, function, cases):
    a, b, want = (np.float32(column) for column in zip(*cases, strict=True))
    got = function(ct.tensor(a), ct.tensor(b)).numpy()
    np.testing.assert_array_equal(got, want)
    zero = want == 0
    np.testing.assert_array_equal(np.signbit(got[zero]), np.signbit(want[zero]))


def test_alpha_is_whole_for_integers_and_keeps_the_dtype(device):
    ints, bools, floats = ct.tensor([1, 2]), ct.tensor([True]), ct.tensor([1.0, 2.0])
    for call in (ct.add, ct.sub, ct.Tensor.add_, ct.Tensor.sub_):
        with pytest.raises(DTypeError, match=r"alpha is 1.5 and the operands are integers"):
            call(ints, 1, alpha=1.5)
        with pytest.raises(DTypeError, match=r"alpha is 1.5 and the operands are integers"):
            call(ints, bools, alpha=1.5)
    assert ints.add(floats, alpha=1.5).tolist() == [2.5, 5]
    assert floats.add(ints, alpha=1.5).tolist() == [2.5, 5]
    assert ints.add(1.5, alpha=1.5).tolist() == [3.25, 4.25]
    assert floats.add(bools, alpha=2.5).tolist() == [3.5, 4.5]
    small = ct.tensor([1], dtype=ct.int8).add(bools, alpha=3)
    assert (small.dtype, small.tolist()) == (ct.int8, [4])
    for other in (bools, True):
        both = bools.add(other, alpha=2)
        assert (both.dtype, both.tolist()) == (ct.bool_, [True])
    assert ints.add(True, alpha=2).tolist() == [3, 4]
