"""Convolutions of a single tap, as products that read their operands straight from memory."""

from contextlib import ExitStack

import numpy as np
import pytest
from matrices import check, draw

import cltensor as ct
import cltensor.nn.functional as F
from cltensor.runtime import tuning


@pytest.fixture
def straight(device, use_skeletons):
    """Products are not staged."""
    use_skeletons("gpu")
    kind = tuning.KINDS["gemm_gpu"]
    with ExitStack() as stack:
        for name in kind.classes:
            chosen = {**kind.plain(name), **kind.cached[name]}
            stack.enter_context(tuning.trial(device, "gemm_gpu", ct.float32, name, chosen))
        yield


def names(call):
    """The kernels of a call."""
    return [each.name for each in ct.explain(call) if each.name.startswith(("gemm", "conv"))]


@pytest.mark.parametrize(
    ("x", "filters"),
    [((3, 20, 8, 8), 33), ((1, 64, 16, 10), 64), ((2, 700, 6, 6), 70), ((2, 9, 4, 8), 5)],
)
def test_outputs_and_gradients_of_images(straight, x, filters):
    images, w, seed = draw(*x), draw(filters, x[1], 1, 1), draw(x[0], filters, *x[2:])
    leaf = ct.tensor(images, requires_grad=True)
    weight = ct.tensor(w, requires_grad=True)
    out = ct.conv2d(leaf, weight)
    flat = images.reshape(*x[:2], -1).astype("float64")
    check(out.detach(), (w[:, :, 0, 0] @ flat).reshape(seed.shape), 1e-4)
    out.backward(ct.tensor(seed))
    dy = seed.reshape(x[0], filters, -1).astype("float64")
    check(leaf.grad, (w[:, :, 0, 0].T @ dy).reshape(x), 1e-4)
    check(weight.grad[:, :, 0, 0], np.einsum("nfp,ncp->fc", dy, flat), 1e-4)


def test_what_follows_is_in_the_products_kernel(straight):
    x, w, b = ct.randn(2, 40, 8, 8), ct.randn(64, 40, 1, 1), ct.randn(64)

    def call():
        return ct.relu(F.conv2d(x, w, b))

    assert names(call) == ["gemm_gpu"]
    want = np.einsum("fc,nchw->nfhw", w.numpy()[:, :, 0, 0], x.numpy())
    check(call(), np.maximum(want + b.numpy()[:, None, None], 0), 1e-4)


@pytest.mark.parametrize(
    ("shape", "settings"),
    [
        ((2, 64, 7, 7), {}),  # no whole vectors
        ((2, 64, 2, 2), {}),  # few columns
        ((2, 64, 8, 8), {"stride": 2}),
        ((2, 64, 8, 8), {"padding": 1}),
        ((2, 64, 8, 8), {"groups": 2}),
    ],
)
def test_others_are_gathered(straight, shape, settings):
    x = ct.randn(shape)
    w = ct.randn(64, 64 // settings.get("groups", 1), 1, 1)
    assert "gemm_gpu" not in names(lambda: ct.conv2d(x, w, **settings))


def test_staged_products_leave_it_to_convolution(use_skeletons):
    use_skeletons("gpu")
    x, w = ct.randn(2, 64, 8, 8), ct.randn(64, 64, 1, 1)
    assert "gemm_gpu" not in names(lambda: ct.conv2d(x, w))
