"""masked_fill, the larger, the smaller, and bounds."""

from math import inf as INF
from math import nan as NAN

import numpy as np
import pytest
from leaves import leaf, same, slopes

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError


def test_nan_in_the_branch_not_taken_stays_out(device):
    x = ct.tensor([0.0, 4.0], requires_grad=True)
    y = ct.where(x > 0, ct.sqrt(ct.where(x > 0, x, 1.0)), 0.0)
    y.sum().backward()
    assert y.detach().numpy().tolist() == [0, 2]
    assert x.grad.numpy().tolist() == [0, 0.25]


def test_clip(device):
    x = ct.tensor([-2.0, 0.5, 3.0, float("nan")])
    for got, want in (
        (ct.clip(x, -1, 1), [-1, 0.5, 1]),
        (x.clip(min=0), [0, 0.5, 3]),
        (x.clamp(max=ct.tensor(1.0)), [-2, 0.5, 1]),
        (x.clip(), [-2, 0.5, 3]),
        (x.clip(2, 1), [1, 1, 1]),  # the upper bound has the last word, as in NumPy
    ):
        assert got.numpy()[:3].tolist() == want
        assert np.isnan(got.numpy()[3])


def test_masked_fill(device):
    x = ct.tensor([1.0, 2.0, 3.0])
    assert x.masked_fill(x > 1.5, -1.0).numpy().tolist() == [1, -1, -1]


def test_maximum_and_minimum_give_nan_to_both_and_share_ties(device):
    for function in (ct.maximum, ct.minimum):
        got, (a, b) = slopes(function, [1.0, NAN, 0.0], [1.0, 0.0, NAN])
        same([*got, *a, *b], [1, NAN, NAN, 0.5, 1, 1, 0.5, 1, 1])


def test_bounds_that_are_nan_or_tensors(device):
    x = ct.tensor([1.0, NAN, 3.0])
    for low, high in ((NAN, 2), (0, NAN)):
        same(ct.clip(x, low, high).tolist(), [NAN] * 3)
        same(ct.clip(x, ct.tensor(float(low)), ct.tensor(float(high))).tolist(), [NAN] * 3)
    got, (x, low, high) = slopes(
        ct.clamp, [0, 1, 2, 3, NAN, 1], [0, 0, 0, 0, 0, 3], [2, 2, 2, 2, 2, 2]
    )
    same(got, [0, 1, 2, 2, NAN, 2])
    same(x, [1, 1, 1, 0, 0, 0])
    same(low, [0, 0, 0, 0, 0, 0])
    same(high, [0, 0, 0, 1, 0, 1])
    assert ct.clip(ct.tensor([0, 1, 9], dtype="int8"), 0.5, 2).tolist() == [0.5, 1, 2]
    assert ct.clip(ct.tensor([5.0]), 3, 2).tolist() == [2]


def test_masked_fill_keeps_the_dtype(device):
    mask = ct.tensor([True, False])
    for x, value, want in (
        (ct.tensor([True, False]), 1, [True, False]),
        (ct.tensor([True, True]), 0.0, [False, True]),
        (ct.tensor([1, 2]), 7.5, [7, 2]),
        (ct.tensor([1.0, 2.0]), 3, [3, 2]),
        (ct.tensor([1.0, 2.0]), ct.tensor(3), [3, 2]),
        (ct.tensor([1, 2], dtype="int8"), ct.tensor(3.5), [3, 2]),
        (ct.tensor([1.0, 2.0]), -INF, [-INF, 2]),
    ):
        found = ct.masked_fill(x, mask, value)
        assert found.dtype == x.dtype
        assert found.tolist() == want
    assert ct.masked_fill(ct.zeros(0), ct.zeros(0, dtype="bool"), 1.0).shape == (0,)
    assert ct.tensor([1.0]).masked_fill(ct.tensor([[True], [False]]), 9).tolist() == [[9], [1]]


def test_masked_fill_refuses_what_does_not_fit(device):
    mask = ct.tensor([True])
    for x, value in (
        (ct.tensor([1], dtype="uint8"), 300),
        (ct.tensor([1], dtype="int8"), -200),
        (ct.tensor([1.0]), 1e300),
        (ct.tensor([1]), NAN),
    ):
        with pytest.raises(DTypeError, match=f"does not fit {x.dtype.name}"):
            x.masked_fill(mask, value)
    with pytest.raises(ShapeError, match=r"masked_fill: a value of shape \(1,\) is not one number"):
        ct.tensor([1.0]).masked_fill(mask, ct.tensor([3.0]))
    with pytest.raises(DTypeError, match="masked_fill: value is 'a'"):
        ct.tensor([1.0]).masked_fill(mask, "a")
    x = leaf([1.0, 2.0])
    x.masked_fill(ct.tensor([True, False]), 5).sum().backward()
    assert x.grad.tolist() == [0, 1]


def test_a_clip_without_bounds_is_a_copy(device):
    x = ct.ones(2)
    y = x.clip()
    y += 1
    assert x.tolist() == [1, 1]
