"""ct.distributions.utils."""

import importlib

import numpy as np
import pytest

import cltensor as ct
from cltensor.distributions import helpers
from cltensor.errors import ShapeError


def test_it_has_pytorchs_path():
    assert importlib.import_module("cltensor.distributions.utils") is helpers
    assert ct.distributions.utils is helpers


def test_shapes_are_made_one(device):
    found = helpers.broadcast_all(1.5, ct.ones(2, 1), ct.zeros(3))
    assert isinstance(found, tuple)
    assert [x.shape for x in found] == [(2, 3)] * 3
    with pytest.raises(ValueError, match="a parameter is list"):
        helpers.broadcast_all([1.0])
    with pytest.raises(ShapeError):
        helpers.broadcast_all(ct.ones(2), ct.ones(3))


def test_chances_and_logarithms(device):
    logits = ct.tensor([[0.5, -1.0, 2.0], [0.0, 3.0, -3.0]])
    probs = helpers.logits_to_probs(logits)
    np.testing.assert_allclose(probs.sum(-1).numpy(), [1, 1], rtol=1e-6)
    again = helpers.logits_to_probs(helpers.probs_to_logits(probs))
    np.testing.assert_allclose(again.numpy(), probs.numpy(), rtol=1e-5)
    binary = helpers.logits_to_probs(logits, is_binary=True)
    np.testing.assert_allclose(
        helpers.probs_to_logits(binary, is_binary=True).numpy(), logits.numpy(), rtol=1e-4
    )
    edges = helpers.probs_to_logits(ct.tensor([0.0, 1.0]), is_binary=True).numpy()
    np.testing.assert_allclose(edges, [-15.942385, 15.942385], rtol=1e-5)  # PyTorch's


@pytest.mark.parametrize("diag", [0, -1, -2, 1])
def test_lower_triangles(device, diag):
    matrix = ct.arange(32).float().reshape(2, 4, 4) + 1
    vec = helpers.tril_matrix_to_vec(matrix, diag)
    rows, columns = np.tril_indices(4, diag)
    np.testing.assert_array_equal(vec.numpy(), matrix.numpy()[:, rows, columns])
    again = helpers.vec_to_tril_matrix(vec, diag)
    np.testing.assert_array_equal(again.numpy(), np.tril(matrix.numpy(), diag))


def test_what_does_not_fit(device):
    with pytest.raises(ValueError, match="diag is 4; give -4 to 3"):
        helpers.tril_matrix_to_vec(ct.ones(4, 4), 4)
    with pytest.raises(ShapeError, match="no matrix has 5 elements .* one of 3 rows has 6"):
        helpers.vec_to_tril_matrix(ct.ones(5))


def test_a_property_that_is_computed_once():
    class Once:
        calls = 0

        @helpers.lazy_property
        def value(self):
            Once.calls += 1
            return 3

    once = Once()
    assert once.value + once.value == 6
    assert Once.calls == 1
