"""Rounding and signs."""

import numpy as np

import cltensor as ct


def test_rounding_is_to_even(device):
    x = ct.tensor([0.5, 1.5, 2.5, -0.5, -1.5])
    assert x.round().numpy().tolist() == [0, 2, 2, 0, -2]
    assert x.trunc().numpy().tolist() == [0, 1, 2, 0, -1]


def test_rounding_keeps_the_sign_of_zero(device):
    x = ct.tensor([-0.0, -0.3])
    for function in (ct.round, ct.trunc, ct.ceil):
        assert np.signbit(function(x).numpy()).all()
    assert not np.signbit(ct.sign(ct.tensor([-0.0])).numpy()).any()
    assert not np.signbit(ct.abs(x).numpy()).any()


def test_sign_of_bools(device):
    assert ct.sign(ct.tensor([True, False])).dtype == ct.bool_


def test_parts_of_complex_numbers_are_rounded(device):
    z = ct.tensor([0.5 - 1.5j, 2.4 + 2.6j])
    assert ct.round(z).tolist() == [0 - 2j, 2 + 3j]


def test_other_names_are_the_same_functions(device):
    assert ct.fix is ct.trunc
    assert ct.absolute is ct.abs
    assert ct.tensor([-1.5]).fix().absolute().tolist() == [1]


def test_nan_gives_magnitudes_no_gradient(device):
    x = ct.tensor([float("nan"), -0.0, -2.0, 3.0], requires_grad=True)
    for found in (x.sign(), x.sgn()):
        assert found[0].isnan().item()
        assert found[1:].tolist() == [0, -1, 1]
    x.abs().sum().backward()
    assert x.grad.tolist() == [0, 0, -1, 1]
