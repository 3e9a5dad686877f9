"""What pooling launches: the taps that GPUs note, and gradients by them."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.ops.network.pool_launch import Window, noted, picked, pooled, spread, spread_by

RNG = np.random.default_rng(3)


def window(size, taps, stride, padding, dilation=(1, 1)):
    out = [
        (n + 2 * p - d * (t - 1) - 1) // s + 1
        for n, t, s, p, d in zip(size, taps, stride, padding, dilation, strict=True)
    ]
    return Window(taps, stride, padding, dilation, tuple(out))


WINDOWS = [
    window((9, 8), (3, 3), (2, 2), (1, 1)),
    window((9, 8), (2, 2), (2, 2), (0, 0)),
    window((9, 8), (3, 2), (1, 3), (1, 0), (2, 3)),
    window((9, 8), (5, 4), (1, 1), (2, 2)),
    window((40, 40), (17, 16), (9, 9), (8, 0)),  # more taps than a byte counts
]


@pytest.mark.parametrize("w", WINDOWS, ids=str)
def test_gradients_by_taps_are_those_by_search(use_skeletons, w):
    """Ties, NaN and infinities among the elements."""
    size = (40, 40) if w.taps[0] == 17 else (9, 8)
    a = RNG.integers(-2, 3, (2, 3, *size)).astype("float32")
    a[0, 0, :3] = np.nan, *[-np.inf] * (size[1] - 1)
    x, g = ct.tensor(a), ct.tensor(RNG.standard_normal((2, 3, *w.out)).astype("float32"))
    use_skeletons("gpu")
    largest, taps = noted(x, w)
    gradient, again = spread_by(g, taps, size, w), spread("max", g, x, size, w)
    chosen, selected = picked(x, taps, w), pooled("select", x, x, w, x.dtype)
    found = [t.numpy() for t in (largest, gradient, again, chosen, selected)]
    use_skeletons("cpu")
    wanted = pooled("max", x, x, w, x.dtype).numpy()
    np.testing.assert_array_equal(found[0], wanted)
    for each in found[1:3]:
        np.testing.assert_allclose(each, spread("max", g, x, size, w).numpy(), atol=1e-6)
    picks = pooled("select", x, x, w, x.dtype).numpy()
    for each in found[3:]:
        np.testing.assert_array_equal(each, picks)


@pytest.mark.parametrize("w", [*WINDOWS, window((9, 8), (3, 3), (1, 1), (1, 1))], ids=str)
def test_bits_of_gradients(skeleton, deterministic, w):
    """Each element adds up what windows give it in their order, those over an edge among them."""
    size = (40, 40) if w.taps[0] == 17 else (9, 8)
    x = RNG.standard_normal((1, 2, *size)).astype("float32")
    g = RNG.standard_normal((1, 2, *w.out)).astype("float32")
    g[0, 0] = -0.0  # of which sums are 0
    largest, averages = np.zeros_like(x), np.zeros_like(x)
    for c, i, j in np.ndindex(2, *w.out):
        rows, cols = (
            [
                p
                for t in range(w.taps[d])
                if 0 <= (p := at * w.stride[d] - w.padding[d] + t * w.dilation[d]) < size[d]
            ]
            for d, at in enumerate((i, j))
        )
        inside = x[0, c][np.ix_(rows, cols)]
        if inside.size:
            row, col = np.unravel_index(inside.argmax(), inside.shape)
            largest[0, c, rows[row], cols[col]] += g[0, c, i, j]
        averages[0, c][np.ix_(rows, cols)] += g[0, c, i, j] / np.float32(7)
    found = spread("max", ct.tensor(g), ct.tensor(x), size, w).numpy()
    assert (found.view("int32") == largest.view("int32")).all()
    if w.dilation == (1, 1):
        w = w._replace(fixed=7)
        found = spread("avg", ct.tensor(g), ct.tensor(x), size, w).numpy()
        assert (found.view("int32") == averages.view("int32")).all()


def test_a_gpu_notes_taps_where_a_gradient_is_wanted(use_skeletons):
    use_skeletons("gpu")
    x = ct.ones(2, 3, 8, 8).realize()

    def names(call):
        return [launch.name for launch in ct.explain(call)]

    assert names(lambda: ct.max_pool2d(x, 2)) == ["pool_gpu"]
    leaf = ct.ones(2, 3, 8, 8, requires_grad=True).realize()
    out = ct.max_pool2d(leaf, 2)
    g = ct.ones(*out.shape).realize()
    assert names(lambda: ct.autograd.grad(out, leaf, g)[0].realize())[-1:] == ["pool_grad_gpu"]
