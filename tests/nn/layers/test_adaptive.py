"""Softmax over clusters of classes."""

import numpy as np
import pytest
from layers import array, host

import cltensor as ct
from cltensor import nn


def test_log_probabilities_are_those_of_all_classes():
    layer = nn.AdaptiveLogSoftmaxWithLoss(8, 9, [2, 5], div_value=2.0, head_bias=True)
    assert list(layer.state_dict()) == [
        "head.weight", "head.bias", "tail.0.0.weight", "tail.0.1.weight", "tail.1.0.weight",
        "tail.1.1.weight",
    ]  # fmt: skip
    assert [tuple(p.shape) for p in layer.tail.parameters()] == [(4, 8), (3, 4), (2, 8), (4, 2)]
    x, target = ct.tensor(array(5, 8)), ct.tensor([0, 3, 8, 1, 5])
    every = host(layer.log_prob(x))
    np.testing.assert_allclose(np.exp(every).sum(1), np.ones(5), rtol=1e-5)
    output, loss = layer(x, target)
    wanted = every[np.arange(5), [0, 3, 8, 1, 5]]
    np.testing.assert_allclose(host(output), wanted, rtol=1e-5)
    np.testing.assert_allclose(loss.item(), -wanted.mean(), rtol=1e-5)
    loss.backward()
    assert all(p.grad is not None for p in layer.parameters())
    np.testing.assert_array_equal(host(layer.predict(x)), every.argmax(1))
    single = layer(x[2], target[2])
    np.testing.assert_allclose(single.output.item(), wanted[2], rtol=1e-5)


def test_refusals():
    with pytest.raises(ct.ShapeError, match="cutoffs are \\[5, 2\\]; give increasing integers"):
        nn.AdaptiveLogSoftmaxWithLoss(8, 9, [5, 2])
    layer = nn.AdaptiveLogSoftmaxWithLoss(4, 5, [2])
    with pytest.raises(ct.IndexingError, match="targets from 1 to 5; give labels from 0 to 4"):
        layer(ct.zeros(2, 4), ct.tensor([1, 5]))
    with pytest.raises(ct.ShapeError, match=r"an input of shape \(2, 3\) with targets of \(2,\)"):
        layer(ct.zeros(2, 3), ct.tensor([1, 2]))
