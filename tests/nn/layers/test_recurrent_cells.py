"""Cells of recurrent layers."""

import numpy as np
import pytest
from layers import array, host

import cltensor as ct
from cltensor import nn
from cltensor.selftest.references import gru, lstm, rnn

STEPS = [
    (nn.RNNCell, {}, rnn),
    (nn.RNNCell, {"nonlinearity": "relu", "bias": False}, rnn),
    (nn.GRUCell, {}, gru),
    (nn.GRUCell, {"bias": False}, gru),
]


@pytest.mark.parametrize(("kind", "options", "step"), STEPS)
def test_against_numpy(kind, options, step):
    cell = kind(3, 5, **options)
    x, h = array(7, 3), array(7, 5)
    found = cell(ct.tensor(x), ct.tensor(h))
    np.testing.assert_allclose(host(found), step(cell, x, h), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(host(cell(ct.tensor(x[0]), ct.tensor(h[0]))), host(found)[0],
                               rtol=1e-5, atol=1e-6)  # fmt: skip
    np.testing.assert_allclose(host(cell(ct.tensor(x))), step(cell, x, 0 * h), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("bias", [True, False])
def test_lstm_against_numpy(bias):
    cell = nn.LSTMCell(3, 5, bias)
    x, h, c = array(7, 3), array(7, 5), array(7, 5)
    found = cell(ct.tensor(x), (ct.tensor(h), ct.tensor(c)))
    for a, b in zip(found, lstm(cell, x, h, c), strict=True):
        np.testing.assert_allclose(host(a), b, rtol=1e-5, atol=1e-6)
    single = cell(ct.tensor(x[0]))
    assert [s.shape for s in single] == [(5,), (5,)]


def test_loop_of_cells_trains():
    cell = nn.LSTMCell(2, 3)
    x, state = ct.tensor(array(4, 2, 2)), None
    for step in x:
        state = cell(step, state)
    state[0].sum().backward()
    layer = nn.LSTM(2, 3)
    names = [f"{name}_l0" for name in cell.state_dict()]
    layer.load_state_dict(dict(zip(names, cell.state_dict().values(), strict=True)))
    layer(x)[0][-1].sum().backward()
    for a, b in zip(cell.parameters(), layer.parameters(), strict=True):
        np.testing.assert_allclose(host(a.grad), host(b.grad), rtol=1e-4, atol=1e-6)


def test_text_and_state():
    assert repr(nn.RNNCell(2, 3)) == "RNNCell(2, 3)"
    assert repr(nn.RNNCell(2, 3, False, "relu")) == "RNNCell(2, 3, bias=False, nonlinearity=relu)"
    assert list(nn.GRUCell(2, 3).state_dict()) == ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
    cell = nn.LSTMCell(2, 3, bias=False)
    assert {n: p.shape for n, p in cell.named_parameters()} == {
        "weight_ih": (12, 2),
        "weight_hh": (12, 3),
    }
    assert np.abs(host(cell.weight_ih)).max() <= 3**-0.5


def test_what_does_not_fit():
    with pytest.raises(ct.ShapeError, match=r"GRUCell: input has shape \(2, 4\)"):
        nn.GRUCell(3, 5)(ct.zeros(2, 4))
    with pytest.raises(ct.ShapeError, match=r"LSTMCell: a state has shape \(3, 5\).*\(2, 5\)"):
        nn.LSTMCell(3, 5)(ct.zeros(2, 3), (ct.zeros(2, 5), ct.zeros(3, 5)))
    with pytest.raises(RuntimeError, match="nonlinearity is 'sin'"):
        nn.RNNCell(3, 5, nonlinearity="sin")(ct.zeros(2, 3))
    assert nn.RNNCell(3, 5)(ct.zeros(0, 3)).shape == (0, 5)
