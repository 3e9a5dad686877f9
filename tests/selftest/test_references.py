"""The references agree with the plainest form of what they write out."""

from types import SimpleNamespace

import numpy as np
import pytest

from cltensor.selftest.references import (
    attention,
    average_pooling,
    both,
    convolution,
    gru,
    lstm,
    max_pooling,
    rnn,
    sigmoid,
    windows,
)

RNG = np.random.default_rng(3)


def test_a_convolution_and_its_gradients_by_differences():
    x, w = RNG.standard_normal((2, 4, 6, 5)), RNG.standard_normal((6, 2, 3, 2))
    how = ((2, 1), 1, (1, 2), 2)
    y, dx, dw, dy = convolution(x, w, lambda s: RNG.standard_normal(s), *how)
    assert y.shape == dy.shape
    for array, gradient in ((x, dx), (w, dw)):
        at = tuple(n // 2 for n in array.shape)
        array[at] += 1e-6
        above = convolution(x, w, np.zeros, *how)[0]
        array[at] -= 2e-6
        below = convolution(x, w, np.zeros, *how)[0]
        array[at] += 1e-6
        assert ((above - below) * dy).sum() / 2e-6 == pytest.approx(gradient[at], rel=1e-6)


def test_windows_and_pooling_by_hand():
    assert both(3) == (3, 3)
    rows, _ = windows((5, 5), (2, 2), (2, 2), (0, 0), (1, 1), True)
    assert [inside for inside, _ in rows] == [[0, 1], [2, 3], [4]]
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    y, places, dx, _ = max_pooling(x, np.ones, 2, 2)
    assert y.ravel().tolist() == places.ravel().tolist() == [5, 7, 13, 15]
    assert dx.sum() == 4
    y, dx, _ = average_pooling(x, np.ones, 2, 2, 0, False, True, None)
    assert y.ravel().tolist() == [2.5, 4.5, 10.5, 12.5]
    assert (dx == 0.25).all()


def test_attention_is_a_mean_with_weights():
    q, k, v = (RNG.standard_normal((2, 3, 4)) for _ in range(3))
    out, *gradients = attention(q, k, v, np.zeros(q.shape), causal=True)
    np.testing.assert_allclose(out[:, 0], v[:, 0])
    assert [g.shape for g in gradients] == [q.shape, k.shape, v.shape]
    np.testing.assert_allclose(attention(0 * q, k, v, q)[0][:, 1], v.mean(1))


class Weight(np.ndarray):
    def detach(self):
        return self


def test_cells_of_no_weights():
    h, x = RNG.standard_normal((2, 5)), np.ones((2, 3))

    def cell(gates):
        ih, hh = np.zeros((5 * gates, 3)).view(Weight), np.zeros((5 * gates, 5)).view(Weight)
        return SimpleNamespace(weight_ih=ih, weight_hh=hh, bias=False, nonlinearity="tanh")

    assert sigmoid(np.zeros(1)) == 0.5
    np.testing.assert_allclose(rnn(cell(1), x, h), 0)
    np.testing.assert_allclose(gru(cell(3), x, h), h / 2)
    out, c = lstm(cell(4), x, h, h)
    np.testing.assert_allclose(c, h / 2)
    np.testing.assert_allclose(out, np.tanh(h / 2) / 2)
