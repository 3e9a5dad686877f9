"""Casts saturate, wrap and copy only what changes."""

from math import inf as INF
from math import nan as NAN

import numpy as np

import cltensor as ct


def test_casts_and_copies_share_only_when_nothing_changes(device):
    x = ct.tensor([1.0, 2.0])
    assert x.to("float32") is x
    assert x.contiguous() is x
    assert x.clone() is not x
    copied = x.clone()
    copied[0] = 9.0
    assert x.numpy().tolist() == [1, 2]
    turned = ct.arange(6).reshape(2, 3).T
    assert not turned.is_contiguous()
    assert turned.contiguous().is_contiguous()
    np.testing.assert_array_equal(turned.contiguous().numpy(), np.arange(6).reshape(2, 3).T)


def test_casts_between_integers_wrap_and_from_floats_saturate(device):
    wide = ct.tensor([300, -1, -129])
    assert wide.to("uint8").tolist() == [44, 255, 127]
    assert wide.to("int8").tolist() == [44, -1, 127]
    assert ct.tensor([300.0, -1.5, NAN, -INF]).to("int8").tolist() == [127, -1, 0, -128]
    assert ct.tensor([0.5, NAN, 0.0, -0.0]).to("bool").tolist() == [True, True, False, False]
    assert ct.abs(ct.tensor([-128], dtype="int8")).tolist() == [-128]
    assert (-ct.tensor([1], dtype="uint8")).tolist() == [255]
