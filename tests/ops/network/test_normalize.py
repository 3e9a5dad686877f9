"""Normalisation by the statistics of the operand."""

import numpy as np
import pytest

import cltensor as ct
import cltensor.nn.functional as F
from cltensor.lazy.fusion import Eager
from cltensor.ops.network import normalize
from cltensor.ops.network.normalize import normalize_channels, normalize_rows
from cltensor.runtime.kernel import Counters
from cltensor.runtime.memory import Pool


def normal(*shape, offset=0.0):
    x = np.random.default_rng(3).standard_normal(shape) + offset
    return x.astype(np.float32)


def test_batch_norm_far_from_zero():
    x = normal(8, 3, 9, 7, offset=1e4)
    out = F.batch_norm(ct.tensor(x), None, None, training=True).numpy()
    wide = x.astype(np.float64)
    mean, var = wide.mean((0, 2, 3), keepdims=True), wide.var((0, 2, 3), keepdims=True)
    # The mean itself is a float32: half a unit in its last place is 5e-4.
    np.testing.assert_allclose(out, (wide - mean) / np.sqrt(var + 1e-5), atol=6e-4)


@pytest.mark.parametrize("kind", ["batch", "layer"])
def test_normalisation_has_second_derivatives(kind):
    shape = (3, 2, 4)
    weight = ct.tensor([0.5, 1.5] if kind == "batch" else [0.5, 1.5, -1.0, 2.0], requires_grad=True)

    def f(x):
        if kind == "batch":
            return F.batch_norm(x, None, None, weight, None, True)
        return F.layer_norm(x, (4,), weight)

    def slope(values):
        x = ct.tensor(values.astype(np.float32), requires_grad=True)
        (grad,) = ct.grad((f(x) * seed).sum(), [x], create_graph=True)
        return x, grad

    seed = ct.tensor(normal(*shape))
    direction = normal(*shape, offset=0.5)
    base = np.random.default_rng(5).standard_normal(shape)
    x, grad = slope(base)
    (second,) = ct.grad((grad * ct.tensor(direction)).sum(), [x])
    step = 1e-2
    ahead, behind = slope(base + step * direction)[1], slope(base - step * direction)[1]
    want = (ahead.detach().numpy() - behind.detach().numpy()) / (2 * step)
    np.testing.assert_allclose(second.detach().numpy(), want, rtol=2e-2, atol=2e-2)


@pytest.mark.skipif(Eager.on, reason="CLTENSOR_EAGER=1 stores every result")
@pytest.mark.parametrize("axes", [(0, 2, 3), (3,)])
def test_a_gradient_keeps_no_copy_of_what_it_sums(device, axes, monkeypatch):
    shape = [1 if d in axes else n for d, n in enumerate((4, 8, 16, 16))]
    if axes == (3,):
        shape = [16]
    weight = ct.ones(*shape, requires_grad=True)
    x = ct.randn(4, 8, 16, 16, requires_grad=True)
    normalizes = normalize_channels if axes == (0, 2, 3) else normalize_rows
    out = normalizes(x, weight, None, axes, 1e-5)
    out = (out[0] if isinstance(out, tuple) else out).realize()
    g = ct.ones_like(out).realize()
    sizes = []
    allocate = Pool.allocate
    monkeypatch.setattr(Pool, "allocate", lambda p, n: sizes.append(n) or allocate(p, n))
    out.backward(g)
    assert sizes.count(x.nbytes) == 1  # the gradient of x


def launches(call):
    before = Counters.launches
    kept = call()
    return Counters.launches - before, kept


#: The last one is cut into parts, which are merged.
SHAPES = [(5, 3), (4, 3, 7), (4, 6, 5, 3), (2, 3, 4, 2, 5), (8, 2, 64, 128)]


@pytest.mark.parametrize("shape", SHAPES)
def test_running_statistics_move_with_the_moments(skeleton, monkeypatch, shape):
    x = normal(*shape, offset=3.0)

    def moved(momentum):
        mean, var = ct.tensor(normal(shape[1])), ct.tensor(normal(shape[1]) ** 2)
        count, out = launches(
            lambda: F.batch_norm(ct.tensor(x), mean, var, training=True, momentum=momentum)
        )
        return count, out.numpy(), mean.numpy(), var.numpy()

    together = [moved(momentum) for momentum in (0.1, 0.0, 1.0, 0.7)]
    monkeypatch.setattr(normalize, "_move_along", lambda *_: False)
    for found, momentum in zip(together, (0.1, 0.0, 1.0, 0.7), strict=True):
        count, *want = moved(momentum)
        assert found[0] == count - 1
        for a, b in zip(found[1:], want, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


def test_who_reads_running_statistics_reads_them_before_or_after(skeleton):
    mean, var, x = ct.zeros(3), ct.ones(3), normal(4, 3, 5, offset=2.0)
    before = mean * 2 + var  # pending
    first = F.batch_norm(ct.tensor(x), mean, var, training=True, momentum=0.5)
    after = mean * 2
    assert before.tolist() == [1, 1, 1]
    np.testing.assert_allclose(after.numpy(), x.mean((0, 2)), rtol=1e-5)
    # Of what is computed from them, as they were.
    shifted = ct.tensor(x) + mean.reshape(3, 1)
    want = shifted.numpy().mean((0, 2)) * 0.5 + mean.numpy() * 0.5
    second = F.batch_norm(ct.tensor(x) + mean.reshape(3, 1), mean, var, training=True, momentum=0.5)
    np.testing.assert_allclose(mean.numpy(), want, rtol=1e-5)
    np.testing.assert_allclose(first.numpy(), second.numpy(), atol=1e-4)


def test_running_statistics_in_one_buffer(skeleton):
    x, both = normal(4, 3, 5, offset=2.0), ct.zeros(9)
    F.batch_norm(ct.tensor(x), both[1:4], both[5:8], training=True, momentum=1.0)
    want = np.zeros(9, "float32")
    want[1:4], want[5:8] = x.mean((0, 2)), x.var((0, 2), ddof=1)
    np.testing.assert_allclose(both.numpy(), want, rtol=1e-5)
    apart = ct.zeros(9), ct.zeros(9)
    F.batch_norm(ct.tensor(x), apart[0][1:4], apart[1][5:8], training=True, momentum=1.0)
    np.testing.assert_allclose((apart[0] + apart[1]).numpy(), want, rtol=1e-5)


def test_running_statistics_that_are_one(skeleton):
    x, both = normal(4, 3, 5, offset=2.0), ct.ones(6)
    F.batch_norm(ct.tensor(x), both[:3], both[:3], training=True, momentum=0.5)
    mean = 0.5 + 0.5 * x.mean((0, 2))  # which the variance moves then
    want = [*(0.5 * mean + 0.5 * x.var((0, 2), ddof=1)), 1, 1, 1]
    np.testing.assert_allclose(both.numpy(), want, rtol=1e-5)


def test_a_call_that_is_refused_moves_nothing(fp64):
    mean, var, x = ct.zeros(3), ct.ones(3), ct.tensor(normal(4, 3, 5))
    for weight, bias in [(ct.ones(3), ct.ones(4)), (ct.ones(3, dtype="float64"), None)]:
        with pytest.raises((ct.ShapeError, ct.DTypeError)):
            F.batch_norm(x, mean, var, weight, bias, training=True)
    assert mean.tolist() == [0, 0, 0]


def test_a_change_of_running_statistics_is_told(device):
    mean, var, x = ct.ones(3), ct.ones(3), ct.tensor(normal(4, 3, 5))
    saved = ct.ones(3).requires_grad_()
    out = saved * mean
    F.batch_norm(x, mean, var, training=True)
    with pytest.raises(ct.GradientError, match="batch_norm"):
        out.sum().backward()
