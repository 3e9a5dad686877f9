"""The loop of recurrent layers: its kernels beside recorded operations, and its derivatives."""

import numpy as np
import pytest
from orders import parted, same_bits

import cltensor as ct
from cltensor import nn
from cltensor.autograd import grad
from cltensor.errors import GradientError, ShapeError
from cltensor.lazy import fusion
from cltensor.nn.recurrence import GATES, _steps, recurrence
from cltensor.nn.recurrent_launches import Launcher
from cltensor.testing import gradcheck, gradgradcheck

#: Sizes of steps, and whether they go backwards.
WAYS = [((2,), False), ((3, 3, 3), False), ((3, 3, 3), True), ((3, 2, 2, 1), False)]
CELLS = [("tanh", 5), ("relu", 5), ("gru", 5), ("lstm", 5), ("lstm", 3)]


def operands(cell, width, sizes, units=5, dtype=ct.float64):
    """x, h, c, w, p and b."""
    random = np.random.default_rng(3)

    def draw(*shape):
        return ct.tensor(0.7 * random.standard_normal(shape), dtype=dtype).requires_grad_()

    gates = GATES[cell] * units
    return [
        draw(sum(sizes), gates),
        draw(sizes[0], width),
        draw(sizes[0], units) if cell == "lstm" else None,
        draw(gates, width),
        draw(width, units) if width != units else None,
        draw(gates) if cell == "gru" else None,
    ]


def given(results):
    return [r for r in results if r is not None]


@pytest.mark.parametrize(("cell", "width"), CELLS)
@pytest.mark.parametrize(("sizes", "reverse"), WAYS)
def test_as_recorded_operations(fp64, cell, width, sizes, reverse):
    args = operands(cell, width, sizes)
    wanted = _steps(args[0], None, None, *args[1:], cell, sizes, reverse)
    found = given(recurrence(cell, *args, sizes, reverse))
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-12, atol=1e-14)
    leaves = given(args)
    for chosen in ([0], [1], [2], [0, 1, 2]):  # gradients of some of the results only
        outputs = [
            (a, b) for k, (a, b) in enumerate(zip(found, wanted, strict=True)) if k in chosen
        ]
        if not outputs:
            continue
        weights = [ct.tensor(np.cos(np.arange(a.size)).reshape(a.shape)) for a, _ in outputs]
        ways = [
            grad([pair[k] for pair in outputs], leaves, weights, retain_graph=True,
                 allow_unused=True)
            for k in (0, 1)
        ]  # fmt: skip
        for a, b in zip(*ways, strict=True):
            b = ct.zeros_like(a) if b is None else b
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("cell", ["tanh", "gru", "lstm"])
@pytest.mark.parametrize("with_bias", [True, False])
def test_inputs_are_kept_in_place_of_what_the_gates_get(fp64, cell, with_bias):
    x, *rest = operands(cell, 5, (3, 3))
    random = np.random.default_rng(4)
    sizes = [(6, 4), (x.shape[1], 4), (x.shape[1],)]
    rows, wi, bi = [ct.tensor(random.standard_normal(s)).requires_grad_() for s in sizes]
    bi = bi if with_bias else None

    def of_gates(rows, wi, bi=None):
        gates = ct.nn.functional.linear(rows, wi, bi)
        return recurrence(cell, gates, *rest, (3, 3), False)[0]

    def of_inputs(rows, wi, bi=None):
        return recurrence(cell, rows, *rest, (3, 3), False, wi, bi)[0]

    leaves, ways = given([rows, wi, bi, *rest]), []
    for way in (of_gates, of_inputs):
        out = way(rows, wi, bi)
        first = grad(out.sin().sum(), leaves, create_graph=True)
        second = grad(sum(g.square().sum() for g in first), leaves)
        ways.append([out, *first, *second])
    for a, b in zip(*ways, strict=True):
        np.testing.assert_allclose(b.detach().numpy(), a.detach().numpy(), rtol=1e-9, atol=1e-11)
    kept = []
    with ct.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.shape) or t, lambda t: t):
        of_inputs(rows, wi, bi)
    assert (6, 4) in kept
    assert (6, 15) not in kept  # a gru keeps four numbers of each unit besides
    with pytest.raises(ShapeError, match=r"weight_ih has shape \(\d+, 4\)"):
        of_inputs(rows[:, :3], wi, bi)


@pytest.mark.slow
@pytest.mark.parametrize(("cell", "width"), [(c, 2 if w == 5 else 1) for c, w in CELLS])
def test_derivatives(fp64, cell, width):
    sizes = (2, 1)
    args = operands(cell, width, sizes, 2)
    leaves = given(args)

    def call(*xs):
        rest = iter(xs)
        return tuple(
            given(recurrence(cell, *[a if a is None else next(rest) for a in args], sizes, False))
        )

    gradcheck(call, leaves)
    gradgradcheck(call, leaves)


def test_one_tensor_as_two_operands(fp64):
    # Under create_graph each operand has a gradient of its own, though they are one tensor.
    x, h, _, w, _, _ = operands("lstm", 5, (2, 2))
    out, _, _ = recurrence("lstm", x, h, h, w, None, None, (2, 2), False)
    plain = grad(out.sum(), h, retain_graph=True)[0]
    recorded = grad(out.sum(), h, create_graph=True)[0]
    np.testing.assert_allclose(plain.numpy(), recorded.detach().numpy(), rtol=1e-12)
    assert recorded.requires_grad


def test_narrow_floats():
    args = operands("gru", 5, (2, 2), dtype=ct.float32)
    wanted = recurrence("gru", *args, (2, 2), False)[0].detach().numpy()
    halves = [a if a is None else a.detach().bfloat16().requires_grad_() for a in args]
    out = recurrence("gru", *halves, (2, 2), False)[0]
    assert out.dtype == ct.bfloat16
    np.testing.assert_allclose(out.detach().float().numpy(), wanted, atol=0.03)
    out.sum().backward()
    assert halves[3].grad.dtype == ct.bfloat16


def test_no_sequences():
    args = [a if a is None else a.detach() for a in operands("gru", 5, (1,), dtype=ct.float32)]
    x, h = ct.zeros(0, 15).requires_grad_(), ct.zeros(0, 5)
    out, last, _ = recurrence("gru", x, h, None, *args[3:], (0, 0), False)
    assert out.shape == last.shape == (0, 5)
    out.sum().backward()
    assert x.grad.shape == (0, 15)


def test_inside_vmap(fp64):
    x, h, _, w, _, _ = [a if a is None else a.detach() for a in operands("tanh", 5, (2, 2))]
    several = ct.stack([x, 2 * x])

    def call(each):
        return recurrence("tanh", each, h, None, w, None, None, (2, 2), False)[0]

    with pytest.warns(UserWarning, match="recurrent has no way to compute a whole batch"):
        found = ct.func.vmap(call)(several)
    np.testing.assert_allclose(found[1].numpy(), call(2 * x).numpy(), rtol=1e-12)


def test_operands_of_two_dtypes():
    x, h, _, w, _, _ = operands("tanh", 5, (2,), dtype=ct.float32)
    with pytest.raises(ct.DTypeError, match="recurrent: operands are"):
        recurrence("tanh", x, h.detach().half(), None, w, None, None, (2,), False)


@pytest.mark.parametrize(
    ("layer", "name", "shape", "message"),
    [
        ("LSTM", "weight_hh_l0", (20, 4), r"weight_hh has shape \(20, 4\), but a state of 5"),
        ("LSTM", "weight_hh_l0", (16, 5), r"need \(20, 5\)"),
        ("GRU", "weight_hh_l0", (15, 7), r"need \(15, 5\)"),
        ("GRU", "bias_hh_l0", (21,), r"bias_hh has shape \(21,\)"),
        ("RNN", "bias_hh_l0", (1,), r"bias_ih has shape \(5,\) and bias_hh \(1,\)"),
        ("RNN", "weight_hh_l0", (5, 4), r"need \(5, 5\)"),
    ],
)
def test_weights_of_other_shapes_are_refused(layer, name, shape, message):
    made = getattr(ct.nn, layer)(3, 5)
    setattr(made, name, ct.nn.Parameter(ct.ones(*shape)))
    with pytest.raises(ShapeError, match=message):
        made(ct.ones(2, 1, 3))


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("way", ["kept", "hooks", "once"])
def test_gates_are_written_over_only_where_nobody_reads_them(device, cell, way):
    x, h, c, w, p, b = operands(cell, 5, (3, 3), dtype=ct.float32)
    seen = []

    def pack(t):
        seen.append(t)
        return t

    leaves = given([x, h, c, w, b])
    recorded = _steps(x, None, None, h, c, w, p, b, cell, (3, 3), False)
    wanted = [g.numpy() for g in grad([recorded[0].sin().sum()], leaves)]
    if way == "hooks":
        with ct.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
            out = recurrence(cell, x, h, c, w, p, b, (3, 3), False)[0]
    else:
        out = recurrence(cell, x, h, c, w, p, b, (3, 3), False)[0]
    before = [t.numpy() for t in seen]
    loss = out.sin().sum()
    for _ in range(2 if way == "kept" else 1):
        found = grad([loss], leaves, retain_graph=way == "kept")
        for a, g in zip(found, wanted, strict=True):
            np.testing.assert_allclose(a.numpy(), g, rtol=1e-4, atol=1e-6)
    for t, elements in zip(seen, before, strict=True):
        np.testing.assert_array_equal(t.numpy(), elements)
    if way == "once":
        with pytest.raises(GradientError, match="already used"):
            grad([loss], leaves)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_gates_of_a_pass_that_failed_are_not_read_again(device, cell, monkeypatch):
    """They are gradients in part by then."""
    x, h, c, w, p, b = operands(cell, 5, (3, 3), dtype=ct.float32)
    leaves = given([x, h, c, w, b])
    out = recurrence(cell, x, h, c, w, p, b, (3, 3), False)[0]
    with monkeypatch.context() as patch:
        patch.setattr(Launcher, "product", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            grad([out.sum()], leaves)
    with pytest.raises(GradientError, match="an earlier backward wrote over before it failed"):
        grad([out.sum()], leaves)


def test_a_step_back_takes_no_memory_for_gates(device):
    args = operands("gru", 64, (8,) * 16, units=64, dtype=ct.float32)
    loss = recurrence("gru", *args, (8,) * 16, False)[0].sum().realize()
    ct.reset_peak_memory()
    before = device.pool.in_use
    loss.backward()
    gates = 16 * 8 * 4 * 64 * 4
    assert device.pool.peak - before < 1.5 * gates


def deterministic_cases():
    """Layers, and what they are given: an array (steps, samples, features), and lengths or None."""
    random = np.random.default_rng(7)
    x = random.standard_normal((5, 8, 6)).astype(np.float32)
    yield nn.RNN(6, 9), x, None
    yield nn.RNN(6, 9, nonlinearity="relu", bias=False), x[:1], None
    yield nn.GRU(6, 9, num_layers=2, bidirectional=True), x, None
    yield nn.LSTM(6, 9, num_layers=2, dropout=0.5), x, None
    yield nn.LSTM(6, 9, proj_size=4, bidirectional=True), x, None
    yield nn.LSTM(6, 9, bidirectional=True), x[:, :4], [5, 2, 3, 1]
    yield nn.GRU(6, 40), x, None


def gradients_of(layer, x, lengths):
    """The outputs, and all gradients."""
    for parameter in layer.parameters():
        parameter.grad = None
    ct.manual_seed(4)
    x = x.detach().requires_grad_()
    given = x
    if lengths:
        given = nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
    out = layer(given)[0]
    out = out.data if lengths else out
    out.square().sum().backward()
    return [out.detach(), x.grad, *[p.grad for p in layer.parameters()]]


def test_deterministic_results(in_both_skeletons, monkeypatch):
    """With each kind of kernels, at once, deferred and recorded."""
    for layer, x, lengths in deterministic_cases():
        x = ct.tensor(x)
        usual = gradients_of(layer, x, lengths)

        def run(layer=layer, x=x, lengths=lengths):
            found = []
            for eager in (True, False):
                monkeypatch.setattr(fusion.Eager, "on", eager)
                found.append([t.numpy() for t in gradients_of(layer, x, lengths)])
            if not lengths:
                recorded = ct.jit(lambda x: gradients_of(layer, x, None))
                found += [[t.numpy() for t in recorded(x)] for _ in range(3)]
            return found

        first, *others = [each for found in in_both_skeletons(run) for each in found]
        assert all(same_bits(each, first) for each in others)
        for a, b in zip(first, usual, strict=True):
            np.testing.assert_allclose(a, b.numpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_half_of_a_batch_has_a_part_of_each_gradient(device, deterministic, kind):
    layer = kind(6, 9, num_layers=2, bidirectional=True, batch_first=True)
    if kind is nn.LSTM:
        layer = kind(6, 9, num_layers=2, bidirectional=True, batch_first=True, proj_size=4)
    layer.eval()
    batch = [np.random.default_rng(7).standard_normal((12, 5, 6)).astype(np.float32)]

    def gradients(batch):
        return [t.numpy() for t in gradients_of(layer, ct.tensor(batch[0]), None)[2:]]

    for ranks in (2, 4):
        assert same_bits(parted(gradients, batch, ranks), gradients(batch))
