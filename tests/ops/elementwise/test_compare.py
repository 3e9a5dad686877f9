"""Comparisons."""

import cltensor as ct


def test_eq_compares_elements(device):
    x = ct.tensor([1.0, 2.0])
    assert ct.eq(x, ct.tensor([1.0, 3.0])).tolist() == [True, False]
    assert (x == 2).tolist() == [False, True]
    assert x.eq(1).tolist() == [True, False]
