"""The namespace of functions of functions."""

import pytest

import cltensor as ct


def test_names_and_the_nearest_of_them():
    assert set(ct.func.__all__) >= {"grad", "vjp", "jvp", "jacrev", "jacfwd", "hessian"}
    with pytest.raises(AttributeError, match="did you mean 'jacrev'"):
        ct.func.jacrew  # noqa: B018


def test_inference_mode_is_a_context_and_a_decorator():
    x = ct.tensor(1.0, requires_grad=True)
    with ct.inference_mode():
        assert not (x * 2).requires_grad
        with ct.inference_mode(False):
            assert (x * 2).requires_grad
    assert not ct.inference_mode(lambda: x * 2)().requires_grad
    assert not ct.inference_mode()(lambda: x * 2)().requires_grad
