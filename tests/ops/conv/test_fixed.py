"""Convolutions in one order."""

import numpy as np
import pytest
from orders import dot

import cltensor as ct
from cltensor.nn import functional as F
from cltensor.ops.conv import fixed
from cltensor.ops.conv.conv import conv2d_backward_data, conv2d_backward_weight
from cltensor.runtime import tuning

RNG = np.random.default_rng(5)
#: Images, filters, and stride, padding, dilation and groups.
CASES = [
    ((2, 3, 5, 4), (5, 3, 3, 3), 1, 1, 1, 1),
    ((2, 4, 6, 7), (6, 2, 3, 2), (2, 3), (1, 2), (1, 2), 2),
    ((3, 2, 5, 5), (2, 1, 3, 3), 2, 2, 1, 2),
    ((3, 7, 6, 5), (4, 7, 1, 1), 2, 0, 1, 1),
    ((1, 2, 9, 8), (18, 2, 2, 2), 3, 0, 1, 1),
    ((2, 3, 4, 19), (3, 1, 3, 3), 1, 1, 1, 3),
    ((1, 4, 3, 23), (6, 2, 2, 3), (1, 2), 0, 1, 2),
    ((1, 3, 2, 37), (4, 3, 1, 2), 1, 0, 1, 1),
]


def drawn(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def bits(x):
    return np.ascontiguousarray(x.numpy() if isinstance(x, ct.Tensor) else x).view(np.int32)


def pairs(value):
    return value if isinstance(value, tuple) else (value, value)


def patches(x, taps, stride, padding, dilation):
    """(N, OH, OW, C, P, Q), and the size of padded images."""
    (sh, sw), (ph, pw), (dh, dw) = map(pairs, (stride, padding, dilation))
    x = np.pad(x, ((0, 0), (0, 0), (ph, ph), (pw, pw)))
    spans = [(t - 1) * d + 1 for t, d in zip(taps, (dh, dw), strict=True)]
    seen = np.lib.stride_tricks.sliding_window_view(x, spans, (2, 3))
    return seen[:, :, ::sh, ::sw, ::dh, ::dw].transpose(0, 2, 3, 1, 4, 5)


def products(a, b):
    """a (M, K) times b (K, N), each result in the one order."""
    if a.shape[0] * b.shape[1] * a.shape[1] > 3000:  # which tests/ops/linalg holds to it
        return (ct.tensor(np.ascontiguousarray(a)) @ ct.tensor(np.ascontiguousarray(b))).numpy()
    return np.array([[dot(row, column) for column in b.T] for row in a], np.float32)


def in_order(x, w, g, stride, padding, dilation, groups):
    """A convolution and the gradient of filters, of products of patches."""
    outs, slopes = [], []
    for part, filters, slope in zip(
        np.split(x, groups, 1), np.split(w, groups), np.split(g, groups, 1), strict=True
    ):
        seen = patches(part, w.shape[2:], stride, padding, dilation)
        flat = seen.reshape(-1, filters[0].size)
        rows = slope.transpose(0, 2, 3, 1).reshape(-1, len(filters))
        out = products(flat, filters.reshape(len(filters), -1).T)
        outs.append(out.reshape(*seen.shape[:3], -1).transpose(0, 3, 1, 2))
        slopes.append(products(flat.T, rows).T.reshape(filters.shape))
    return np.concatenate(outs, 1), np.concatenate(slopes)


def of_images(g, w, size, stride, padding, dilation, groups):
    """The gradient of images: sums over filters and, backwards, the taps of a phase."""
    (sh, sw), (ph, pw), (dh, dw) = map(pairs, (stride, padding, dilation))
    count, _, out_h, out_w = g.shape
    channels, filters = w.shape[1], w.shape[0] // groups
    x = np.zeros((count, groups * channels, *size), np.float32)
    for n, c, i, j in np.ndindex(x.shape):
        group = c // channels
        ways = [
            [(t, (at + p - t * d) // s) for t in reversed(range(taps)) if (at + p - t * d) % s == 0]
            for at, p, d, s, taps in ((i, ph, dh, sh, w.shape[2]), (j, pw, dw, sw, w.shape[3]))
        ]
        a, b = [], []
        for o in range(group * filters, (group + 1) * filters):
            for t, row in ways[0]:
                for u, col in ways[1]:
                    inside = 0 <= row < out_h and 0 <= col < out_w
                    a.append(g[n, o, row, col] if inside else np.float32(0))
                    b.append(w[o, c % channels, t, u])
        x[n, c, i, j] = dot(a, b) if a else 0
    return x


@pytest.mark.parametrize("case", CASES)
def test_bits_of_convolutions_and_gradients(skeleton, deterministic, case):
    images, filters, *settings = case
    x, w = drawn(*images), drawn(*filters)
    out = ct.conv2d(ct.tensor(x), ct.tensor(w), *settings)
    g = drawn(*out.shape)
    wanted, slope = in_order(x, w, g, *settings)
    assert (bits(out) == bits(wanted)).all()
    found = conv2d_backward_weight(ct.tensor(g), ct.tensor(x), filters[2:], *settings)
    assert (bits(found) == bits(slope)).all()
    found = conv2d_backward_data(ct.tensor(g), ct.tensor(w), images[2:], *settings)
    assert (bits(found) == bits(of_images(g, w, images[2:], *settings))).all()


@pytest.mark.parametrize("case", [(4, 8, 9, 12), (5, 3, 17, 8)])
def test_bits_of_many_products(skeleton, deterministic, case):
    x, w = drawn(*case), drawn(19, case[1], 3, 3)
    g = drawn(case[0], 19, *case[2:])
    out, slope = in_order(x, w, g, 1, 1, 1, 1)
    assert (bits(ct.conv2d(ct.tensor(x), ct.tensor(w), 1, 1)) == bits(out)).all()
    found = conv2d_backward_weight(ct.tensor(g), ct.tensor(x), (3, 3), 1, 1)
    assert (bits(found) == bits(slope)).all()
    turned = w[:, :, ::-1, ::-1].swapaxes(0, 1)
    found = conv2d_backward_data(ct.tensor(g), ct.tensor(w), case[2:], 1, 1)
    assert (bits(found) == bits(in_order(g, turned, x, 1, 1, 1, 1)[0])).all()


@pytest.mark.parametrize("levels", [0, 2, 9])
@pytest.mark.parametrize("limit", [1, 1 << 30])
def test_bits_depend_on_no_cut(device, deterministic, monkeypatch, levels, limit):
    x, w = (ct.tensor(drawn(*s)) for s in ((4, 12, 9, 8), (5, 12, 3, 3)))
    g = ct.tensor(drawn(4, 5, 5, 4))

    def computed():
        given = (3, 3), 2, 1
        slope = conv2d_backward_weight(g, x, *given)
        return ct.conv2d(x, w, 2, 1), slope, conv2d_backward_data(g, w, (9, 8), 2, 1)

    first = [bits(each) for each in computed()]
    monkeypatch.setattr(fixed, "levels_of", lambda device, tasks, k, depth: min(depth, levels))
    monkeypatch.setattr(fixed, "INT_LIMIT", limit)
    tuning.forget_plans()
    try:
        for found, wanted in zip(computed(), first, strict=True):
            assert (bits(found) == wanted).all()
    finally:
        monkeypatch.undo()
        tuning.forget_plans()


@pytest.mark.parametrize("filters", [(4, 3, 3, 3), (3, 1, 3, 3)])
def test_zeros_have_no_sign(skeleton, deterministic, filters):
    """Products of zeros around images and negative filters are -0."""
    x, w, groups = ct.zeros(1, 3, 4, 9), -ct.ones(*filters), 3 // filters[1]
    out = ct.conv2d(x, w, 1, 1, 1, groups)
    slope = conv2d_backward_data(ct.zeros(*out.shape), w, (4, 9), 1, 1, 1, groups)
    for each in (out, slope):
        assert not np.signbit(each.numpy()).any()


def test_parts_of_a_batch_are_subtrees(device, deterministic):
    """What ranks have of the gradients of filters and biases."""
    x, w, b, g = drawn(8, 3, 6, 7), drawn(4, 3, 3, 3), drawn(4), drawn(8, 4, 6, 7)

    def gradients(x, g):
        filters, bias = ct.tensor(w, requires_grad=True), ct.tensor(b, requires_grad=True)
        F.conv2d(ct.tensor(x), filters, bias, padding=1).backward(ct.tensor(g))
        return filters.grad.numpy(), bias.grad.numpy()

    whole = gradients(x, g)
    for ranks in (2, 4):
        parts = [
            gradients(*each) for each in zip(np.split(x, ranks), np.split(g, ranks), strict=True)
        ]
        while len(parts) > 1:
            both = [zip(*parts[i : i + 2], strict=True) for i in range(0, len(parts), 2)]
            parts = [[p + q for p, q in each] for each in both]
        for found, wanted in zip(parts[0], whole, strict=True):
            assert (bits(found) == bits(wanted)).all()


KINDS = {
    "rows": lambda x, w: F.conv1d(x[:, :, 0], w[:, :, 0], stride=2, padding=1),
    "same": lambda x, w: F.conv2d(x, w, padding="same", dilation=2),
    "volumes": lambda x, w: F.conv3d(x.unsqueeze(2), w.unsqueeze(2), padding=1),
    "transposed": lambda x, w: F.conv_transpose2d(x, w.transpose(0, 1), stride=2, padding=1),
    "depthwise": lambda x, w: F.conv2d(x, w[:, :1].repeat(2, 1, 1, 1)[:8], padding=1, groups=4),
    "one image": lambda x, w: F.conv2d(x[0], w),
    "halves": lambda x, w: F.conv2d(x.half() / 8, w.half() / 8).float(),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_and_second_derivatives(device, kind):
    given = drawn(2, 4, 7, 6), drawn(5, 4, 3, 3)
    found = []
    for mode in (False, True):
        ct.use_deterministic_algorithms(mode)
        try:
            x, w = (ct.tensor(each, requires_grad=True) for each in given)
            out = KINDS[kind](x, w)
            first = ct.autograd.grad((out * out).sum(), (x, w), create_graph=True)
            sum((each * each).sum() for each in first).backward()
            found.append([each.detach().numpy() for each in (out, *first, x.grad, w.grad)])
        finally:
            ct.use_deterministic_algorithms(False)
    for usual, ordered in zip(*found, strict=True):
        near = 2e-2 if kind == "halves" else 1e-4
        assert np.allclose(usual, ordered, rtol=near, atol=near * abs(usual).max())


def test_other_dtypes_and_nothing(device, deterministic):
    if device.fp64:
        x, w = RNG.standard_normal((1, 2, 4, 4)), RNG.standard_normal((3, 2, 3, 3))
        wanted = np.einsum("nijcpq,ocpq->noij", patches(x, (3, 3), 1, 0, 1), w)
        assert np.allclose(ct.conv2d(ct.tensor(x), ct.tensor(w)).numpy(), wanted, rtol=1e-12)
    whole = ct.conv2d(ct.ones(1, 1, 3, 3, dtype=ct.int32), ct.ones(1, 1, 2, 2, dtype=ct.int32))
    assert whole.flatten().tolist() == [4, 4, 4, 4]
    assert ct.conv2d(ct.ones(0, 2, 4, 4), ct.ones(3, 2, 3, 3)).shape == (0, 3, 2, 2)
