"""The public namespace: the introductory programs that PyTorch users know run with `ct`."""

import io
import pdb

import numpy as np

import cltensor as ct
from cltensor.autograd import Variable


def test_mean_of_a_polynomial_gives_four_and_a_half():
    x = Variable(ct.ones((2, 2)), requires_grad=True)
    y = x + 2
    z = y * y * 3
    out = z.mean()
    out.backward()
    assert x.grad.tolist() == [[4.5, 4.5], [4.5, 4.5]]
    assert out.item() == 27


def test_first_steps_with_tensors():
    x = ct.empty(5, 3)
    assert x.size() == (5, 3)
    assert x.size == 15
    x = ct.zeros(5, 3, dtype=ct.long)
    assert x.dtype == ct.int64
    x = ct.tensor([5.5, 3])
    assert repr(x) == "tensor([5.5000, 3.0000])"
    x = x.new_ones(5, 3, dtype=ct.float64 if x.device.fp64 else ct.float32)
    x = ct.randn_like(x, dtype=ct.float)
    assert x.dtype == ct.float32
    y = ct.rand(5, 3)
    expected = x.numpy() + y.numpy()
    np.testing.assert_allclose((x + y).numpy(), expected)
    np.testing.assert_allclose(ct.add(x, y).numpy(), expected)
    y.add_(x)
    np.testing.assert_allclose(y.numpy(), expected)
    np.testing.assert_array_equal(x[:, 1].numpy(), x.numpy()[:, 1])
    x = ct.randn(4, 4)
    assert [tuple(v.size()) for v in (x, x.view(16), x.view(-1, 8))] == [(4, 4), (16,), (2, 8)]
    assert isinstance(ct.randn(1).item(), float)
    a = np.ones(5)
    if x.device.fp64:
        assert ct.from_numpy(a).dtype == ct.float64


def test_typed_constructors_and_type():
    x = ct.FloatTensor([[1, 2], [3, 4]])
    assert x.dtype == ct.float32
    assert x.type() == "cltensor.FloatTensor"
    assert ct.LongTensor([1, 2]).dtype == ct.int64
    assert ct.IntTensor(2, 3).size() == (2, 3)
    assert x.type(ct.LongTensor).dtype == ct.int64
    assert x.type("cltensor.IntTensor").dtype == ct.int32
    assert x.long().float().int().bool().tolist() == [[True, True], [True, True]]


def test_recurrent_cell_with_variables():
    w_h = Variable(ct.randn(20, 20), requires_grad=True)
    w_x = Variable(ct.randn(20, 10), requires_grad=True)
    x = Variable(ct.randn(1, 10))
    prev_h = Variable(ct.randn(1, 20))
    i2h = ct.mm(w_x, x.t())
    h2h = ct.mm(w_h, prev_h.t())
    next_h = i2h + h2h
    next_h = next_h.tanh()
    next_h.backward(ct.ones(1, 20).t())
    slope = 1 - next_h.detach().numpy() ** 2
    np.testing.assert_allclose(w_x.grad.numpy(), slope @ x.numpy(), atol=1e-5)
    np.testing.assert_allclose(w_h.grad.numpy(), slope @ prev_h.numpy(), atol=1e-5)


def test_an_optimizer_moves_a_guess_to_its_target():
    y = Variable(ct.randn(5))
    y_ = Variable(ct.zeros(5), requires_grad=True)
    optimizer = ct.optim.SGD([y_], lr=0.1)
    for _ in range(60):
        optimizer.zero_grad()
        loss = (y_ - y).abs().sum()
        loss.backward()
        optimizer.step()
    assert np.abs((y_ - y).detach().numpy()).max() <= 0.1001


def _two_layers(steps, update):
    ct.manual_seed(0)
    n, d_in, h, d_out = 64, 100, 20, 10
    x, y = ct.randn(n, d_in), ct.randn(n, d_out)
    w1 = ct.randn(d_in, h, requires_grad=True)
    w2 = ct.randn(h, d_out, requires_grad=True)
    losses = []
    for _ in range(steps):
        y_pred = x.mm(w1).clamp(min=0).mm(w2)
        loss = (y_pred - y).pow(2).sum()
        losses.append(loss.item())
        loss.backward()
        update(w1, w2)
    return losses


def test_two_layers_updated_under_no_grad():
    def update(w1, w2):
        with ct.no_grad():
            w1 -= 1e-5 * w1.grad
            w2 -= 1e-5 * w2.grad
            w1.grad.zero_()
            w2.grad.zero_()

    losses = _two_layers(50, update)
    assert losses[-1] < 0.2 * losses[0]


def test_two_layers_updated_through_data():
    def update(w1, w2):
        w1.data -= 1e-5 * w1.grad.data
        w2.data -= 1e-5 * w2.grad.data
        w1.grad.data.zero_()
        w2.grad.data.zero_()

    losses = _two_layers(50, update)
    assert losses[-1] < 0.2 * losses[0]


class _ReLU(ct.Function):
    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return input.clamp(min=0)

    @staticmethod
    def backward(ctx, grad_output):
        (input,) = ctx.saved_tensors
        grad_input = grad_output.clone()
        grad_input[input < 0] = 0
        return grad_input


def test_a_custom_function_replaces_relu():
    x = ct.tensor([[-1.0, 2.0], [3.0, -4.0]], requires_grad=True)
    _ReLU.apply(x).sum().backward()
    assert x.grad.tolist() == [[0, 1], [1, 0]]


def test_the_training_loop():
    ct.manual_seed(0)
    model = ct.nn.Sequential(ct.nn.Linear(20, 16), ct.nn.ReLU(), ct.nn.Linear(16, 3))
    input, target = ct.randn(32, 20), ct.randint(0, 3, (32,))
    loss_fn = ct.nn.CrossEntropyLoss()
    optimizer = ct.optim.Adam(model.parameters(), lr=0.02)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        output = model(input)
        loss = loss_fn(output, target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]


def test_pdb_shows_a_pending_value():
    x = ct.ones(2, 2)
    y = x * 3  # pending until somebody looks
    out = io.StringIO()
    debugger = pdb.Pdb(stdin=io.StringIO("p y\nc\n"), stdout=out, nosigint=True, readrc=False)
    debugger.use_rawinput = False
    debugger.runcall(lambda: y)
    assert "tensor([[3., 3.]," in out.getvalue()
