"""Recurrent layers."""

import numpy as np
import pytest
from layers import array, host

import cltensor as ct
from cltensor import nn
from cltensor.nn.utils.rnn import pack_sequence, pad_packed_sequence
from cltensor.selftest.references import gru, lstm, rnn

STEPS = {"RNN": rnn, "GRU": gru, "LSTM": lstm}


class Weights:
    """The weights of one layer in one direction, as a cell has them."""

    def __init__(self, layer, suffix):
        self.bias, self.nonlinearity = layer.bias, getattr(layer, "nonlinearity", None)
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            setattr(self, name, getattr(layer, name + suffix, None))
        self.projection = getattr(layer, "weight_hr" + suffix, None)


def reference(layer, kind, x, states=None):
    """Outputs (T, ...) and last states of one sequence (T, I), step by step in NumPy."""
    lasts, index = [], 0
    for k in range(layer.num_layers):
        outs = []
        for suffix in ("", "_reverse") if layer.bidirectional else ("",):
            weights = Weights(layer, f"_l{k}{suffix}")
            sizes = (layer.proj_size or layer.hidden_size, layer.hidden_size)
            count = 2 if kind == "LSTM" else 1
            now = [np.zeros(n) for n in sizes[:count]]
            if states is not None:
                now = [s[index] for s in states]
            out = []
            for step in x[::-1] if suffix else x:
                found = STEPS[kind](weights, step, *now)
                now = list(found) if kind == "LSTM" else [found]
                if weights.projection is not None:
                    now[0] = host(weights.projection) @ now[0]
                out.append(now[0])
            outs.append(np.array(out[::-1] if suffix else out))
            lasts.append(now)
            index += 1
        x = np.concatenate(outs, -1)
    return x, [np.array(each) for each in zip(*lasts, strict=True)]


def flat(last):
    return list(last) if isinstance(last, tuple) else [last]


CASES = [
    ("RNN", {}),
    ("RNN", {"nonlinearity": "relu", "num_layers": 2, "bias": False}),
    ("GRU", {"bidirectional": True}),
    ("GRU", {"num_layers": 2, "bias": False}),
    ("LSTM", {"num_layers": 2, "bidirectional": True}),
    ("LSTM", {"proj_size": 2, "num_layers": 2, "bidirectional": True}),
]


@pytest.mark.parametrize(("kind", "options"), CASES)
def test_against_numpy(kind, options):
    layer = getattr(nn, kind)(3, 5, **options)
    x = array(7, 2, 3)
    count = layer.num_layers * (1 + layer.bidirectional)
    sizes = (layer.proj_size or 5, 5)[: 2 if kind == "LSTM" else 1]
    states = [array(count, 2, n) for n in sizes]
    given = [ct.tensor(s) for s in states]
    out, last = layer(ct.tensor(x), tuple(given) if kind == "LSTM" else given[0])
    for n in range(2):
        wanted, ends = reference(layer, kind, x[:, n], [s[:, n] for s in states])
        np.testing.assert_allclose(host(out)[:, n], wanted, rtol=1e-4, atol=1e-5)
        for a, b in zip(flat(last), ends, strict=True):
            np.testing.assert_allclose(host(a)[:, n], b, rtol=1e-4, atol=1e-5)
    single, _ = layer(ct.tensor(x[:, 0]))
    np.testing.assert_allclose(
        host(single), reference(layer, kind, x[:, 0])[0], rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize(("kind", "options"), CASES)
def test_packed_sequences(kind, options):
    layer = getattr(nn, kind)(3, 5, **options)
    sequences = [array(n, 3) for n in (2, 5, 1, 5)]
    packed = pack_sequence([ct.tensor(s) for s in sequences], enforce_sorted=False)
    out, last = layer(packed)
    padded, lengths = pad_packed_sequence(out)
    assert lengths.tolist() == [2, 5, 1, 5]
    for n, sequence in enumerate(sequences):
        wanted, ends = reference(layer, kind, sequence)
        found = host(padded)[:, n]
        np.testing.assert_allclose(found[: len(sequence)], wanted, rtol=1e-4, atol=1e-5)
        assert not found[len(sequence) :].any()
        for a, b in zip(flat(last), ends, strict=True):
            np.testing.assert_allclose(host(a)[:, n], b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("kind", "options"), CASES)
def test_gradients_of_packed_sequences(kind, options):
    # A batch of unequal lengths gives the sum of what its sequences give one by one.
    layer = getattr(nn, kind)(3, 5, **options)
    sequences = [ct.tensor(array(n, 3)).requires_grad_() for n in (4, 3, 1)]
    out, last = layer(pack_sequence(sequences))
    (out.data.sum() + sum((s * s).sum() for s in flat(last))).backward()
    found = [host(p.grad) for p in [*layer.parameters(), *sequences]]
    for t in (*layer.parameters(), *sequences):
        t.grad = None
    for sequence in sequences:
        out, last = layer(sequence)
        (out.sum() + sum((s * s).sum() for s in flat(last))).backward()
    for a, b in zip(found, [*layer.parameters(), *sequences], strict=True):
        np.testing.assert_allclose(a, host(b.grad), rtol=1e-4, atol=1e-5)


def test_batch_first_and_states_in_the_order_given():
    layer = nn.GRU(3, 4, batch_first=True)
    x, h = ct.tensor(array(2, 5, 3)), ct.tensor(array(1, 2, 4))
    out, last = layer(x, h)
    assert out.shape == (2, 5, 4)
    turned = nn.GRU(3, 4)
    turned.load_state_dict(layer.state_dict())
    np.testing.assert_array_equal(host(turned(x.swapaxes(0, 1), h)[0]), host(out.swapaxes(0, 1)))
    packed = pack_sequence([x[0, :2], x[1]], enforce_sorted=False)
    _, ends = layer(packed, h)
    np.testing.assert_allclose(host(ends)[:, 1], host(last)[:, 1], rtol=1e-6)


def test_dropout_is_between_layers_while_training():
    layer = nn.LSTM(3, 4, num_layers=2, dropout=1.0)
    x = ct.tensor(array(5, 2, 3))
    nothing = nn.LSTM(4, 4)
    names = [(a, b) for a in layer.state_dict() for b in nothing.state_dict() if a[:-1] == b[:-1]]
    nothing.load_state_dict({b: layer.state_dict()[a] for a, b in names if a.endswith("1")})
    wanted = nothing(ct.zeros(5, 2, 4))[0]
    np.testing.assert_allclose(host(layer(x)[0]), host(wanted), rtol=1e-6)
    assert np.abs(host(layer.eval()(x)[0] - wanted)).max() > 1e-3
    with pytest.warns(UserWarning, match="dropout is between layers"):
        nn.RNN(3, 4, dropout=0.5)


def test_last_states_are_no_views_of_the_outputs():
    out, last = nn.RNN(2, 3)(ct.tensor(array(4, 1, 2)))
    before = host(out).copy()
    with ct.no_grad():
        last.zero_()
    np.testing.assert_array_equal(host(out), before)


def test_text_and_state():
    layer = nn.LSTM(3, 5, 2, bias=False, batch_first=True, bidirectional=True, proj_size=2)
    assert repr(layer) == (
        "LSTM(3, 5, proj_size=2, num_layers=2, bias=False, batch_first=True, bidirectional=True)"
    )
    assert {n: tuple(p.shape) for n, p in layer.named_parameters() if "reverse" in n} == {
        "weight_ih_l0_reverse": (20, 3),
        "weight_hh_l0_reverse": (20, 2),
        "weight_hr_l0_reverse": (2, 5),
        "weight_ih_l1_reverse": (20, 4),
        "weight_hh_l1_reverse": (20, 2),
        "weight_hr_l1_reverse": (2, 5),
    }
    assert repr(nn.RNN(2, 3, 1, "relu")) == "RNN(2, 3)"
    assert [len(each) for each in nn.GRU(2, 3, 2).all_weights] == [4, 4]
    layer.flatten_parameters()


def test_replays():
    layer = nn.LSTM(3, 4)
    x = ct.tensor(array(5, 2, 3))

    @ct.jit
    def step(given):
        layer.zero_grad()
        loss = layer(given)[0].square().sum()
        loss.backward()
        return loss

    found = [(step(y).item(), host(layer.weight_hh_l0.grad).copy()) for y in (x, x, 2 * x)]
    assert found[0][0] == found[1][0]
    layer.zero_grad()
    loss = layer(2 * x)[0].square().sum()
    loss.backward()
    assert found[2][0] == loss.item()
    np.testing.assert_array_equal(found[2][1], host(layer.weight_hh_l0.grad))


def test_what_does_not_fit():
    layer = nn.LSTM(3, 4)
    for shape, message in (
        ((2, 2, 5), r"LSTM: input has shape \(2, 2, 5\); its last size must be .* 3"),
        ((0, 2, 3), "LSTM: input has no time steps"),
        ((2, 2, 2, 3), r"LSTM: input has shape \(2, 2, 2, 3\)"),
    ):
        with pytest.raises(ct.ShapeError, match=message):
            layer(ct.zeros(shape))
    h, c = ct.zeros(1, 2, 4), ct.zeros(1, 3, 4)
    with pytest.raises(ct.ShapeError, match=r"hx\[1\] has shape \(1, 3, 4\); give \(1, 2, 4\)"):
        layer(ct.zeros(5, 2, 3), (h, c))
    with pytest.raises(ct.ShapeError, match="states of as many dimensions"):
        layer(ct.zeros(5, 3), (h, h))
    with pytest.raises(ValueError, match="input is float16 and the weights float32"):
        layer(ct.zeros(5, 2, 3).half())
    assert layer(ct.zeros(5, 0, 3))[0].shape == (5, 0, 4)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"proj_size": 4}, ValueError),
        ({"proj_size": -1}, ValueError),
        ({"dropout": 1.5}, ValueError),
        ({"bias": 1}, TypeError),
        ({"batch_first": None}, TypeError),
        ({"num_layers": 0}, ValueError),
        ({"hidden_size": 2.0}, TypeError),
    ],
)
def test_options_out_of_range(options, error):
    with pytest.raises(error):
        nn.LSTM(**{"input_size": 3, "hidden_size": 4, **options})
    with pytest.raises(ValueError, match="proj_size is 2; it is for LSTM"):
        nn.GRU(3, 4, proj_size=2)
    with pytest.raises(ValueError, match="nonlinearity is 'sin'"):
        nn.RNN(3, 4, nonlinearity="sin")
    with pytest.raises(ValueError, match="mode is 'X'"):
        nn.RNNBase("X", 3, 4)
