"""Switching the recording on and off."""

import pytest
from leaves import leaf

import cltensor as ct


def test_no_grad_records_nothing(device):
    x = leaf([1.0])
    with ct.no_grad():
        y = x * 2
        assert not ct.is_grad_enabled()
        with ct.enable_grad():
            assert (x * 2).requires_grad
    assert not y.requires_grad
    assert y.is_leaf
    assert ct.is_grad_enabled()

    @ct.no_grad()
    def forward(v):
        return v * 2

    assert not forward(x).requires_grad
    assert (x * 2).requires_grad
    with pytest.raises(ZeroDivisionError), ct.no_grad():
        raise ZeroDivisionError
    assert ct.is_grad_enabled()
