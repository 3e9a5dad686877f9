"""lerp, addcmul, addcdiv, closeness."""

import pytest

import cltensor as ct
from cltensor.errors import DTypeError

NAN, INF = float("nan"), float("inf")


def test_values(device):
    a, b, c = ct.tensor([1.0, 2.0]), ct.tensor([3.0, 6.0]), ct.tensor([2.0, 4.0])
    assert a.lerp(b, 0.5).tolist() == [2, 4]
    assert ct.lerp(a, end=b, weight=c).tolist() == [5, 18]
    assert ct.addcmul(a, b, c).tolist() == [7, 26]
    assert a.addcmul(b, c, value=0.5).tolist() == [
        4,
        14,
    ]
    assert ct.addcdiv(a, b, c).tolist() == [2.5, 3.5]
    assert a.addcdiv(b, c, value=2).tolist() == [
        4,
        5,
    ]


def test_in_place(device):
    a = ct.tensor([1.0, 2.0])
    view = a.view(2, 1)
    assert a.lerp_(ct.tensor([3.0, 6.0]), 0.5) is a
    a.addcmul_(a, a, value=2)
    a.addcdiv_(ct.ones(2), ct.tensor([2.0, 4.0]), value=4)
    assert view.tolist() == [[12], [37]]


def test_gradients(fp64):
    xs = [
        ct.tensor(v, dtype=ct.float64, requires_grad=True) for v in ([1.0, 2], [3.0, 4], [2.0, 5])
    ]
    for f in (ct.lerp, ct.addcmul, ct.addcdiv):
        ct.testing.gradcheck(f, xs)


def test_integers_are_not_divided(device):
    x = ct.tensor([1, 2])
    assert x.addcmul(x, x).tolist() == [2, 6]
    with pytest.raises(DTypeError, match="addcdiv: it divides integers"):
        ct.ones(2).addcdiv(x, x)


def test_closeness(device):
    a, b = ct.tensor([1.0, INF, INF, NAN]), ct.tensor([1.000001, INF, -INF, NAN])
    assert ct.isclose(a, b).tolist() == [True, True, False, False]
    assert a.isclose(b, equal_nan=True).tolist() == [True, True, False, True]
    assert not a.allclose(b)
    assert ct.allclose(a[:2], b[:2])
    assert ct.tensor([1.0]).allclose(ct.tensor([1.1]), atol=0.2) is True
    assert ct.isclose(ct.tensor([100000, 1]), ct.tensor([100001, 2])).tolist() == [True, False]
    assert ct.allclose(ct.tensor([True]), ct.tensor([True]))
    with pytest.raises(DTypeError, match="isclose: operands are float32 and int64"):
        ct.isclose(ct.ones(1), ct.tensor([1]))


def test_operands_fit_each_other(device):
    with pytest.raises(DTypeError, match="lerp: operands are float32 and int64"):
        ct.lerp(ct.ones(2), ct.arange(2), 0.5)
    with pytest.raises(DTypeError, match="addcmul: value is 1.5 and the operands are integers"):
        ct.addcmul(ct.arange(2), ct.arange(2), ct.arange(2), value=1.5)
