"""Convolution and its gradients written out as sums in float64, for the tests of their kernels."""

import numpy as np
from arrays import close

import cltensor as ct
from cltensor.ops.conv import conv
from cltensor.runtime import events

RNG = np.random.default_rng(11)


def both(value):
    return (value, value) if isinstance(value, int) else value


def taps_of(x, p, q, out, stride, dilation):
    """The elements of the padded x that tap (p, q) meets, one for each output."""
    i, j = p * dilation[0], q * dilation[1]
    return x[
        :,
        :,
        i : i + (out[0] - 1) * stride[0] + 1 : stride[0],
        j : j + (out[1] - 1) * stride[1] + 1 : stride[1],
    ]


def reference(x, w, g, stride, padding, dilation, groups):
    """(y, dx, dw) in float64; g(shape of y) draws the gradient of y."""
    stride, dilation, (pad_h, pad_w) = both(stride), both(dilation), both(padding)
    x, w = x.astype("float64"), w.astype("float64")
    n, _, h, width = x.shape
    o, part, p, q = w.shape
    padded = np.pad(x, ((0, 0), (0, 0), (pad_h, pad_h), (pad_w, pad_w)))
    out = tuple(
        (padded.shape[2 + d] - dilation[d] * (w.shape[2 + d] - 1) - 1) // stride[d] + 1
        for d in (0, 1)
    )
    y = np.zeros((n, o, *out))
    g = g(y.shape)
    dx, dw = np.zeros_like(padded), np.zeros_like(w)
    for k in range(groups):
        ins, outs = slice(k * part, (k + 1) * part), slice(k * o // groups, (k + 1) * o // groups)
        for i in range(p):
            for j in range(q):
                seen = taps_of(padded[:, ins], i, j, out, stride, dilation)
                y[:, outs] += np.einsum("nchw,oc->nohw", seen, w[outs, :, i, j])
                dw[outs, :, i, j] = np.einsum("nchw,nohw->oc", seen, g[:, outs])
                into = taps_of(dx[:, ins], i, j, out, stride, dilation)
                into += np.einsum("nohw,oc->nchw", g[:, outs], w[outs, :, i, j])
    return y, dx[:, :, pad_h : pad_h + h, pad_w : pad_w + width], dw, g


def draw(*shape, dtype="float32"):
    return RNG.standard_normal(shape).astype(dtype)


def check(x_shape, w_shape, stride=1, padding=0, dilation=1, groups=1, dtype="float32"):
    x, w = draw(*x_shape, dtype=dtype), draw(*w_shape, dtype=dtype)
    y, dx, dw, g = reference(
        x, w, lambda shape: draw(*shape, dtype=dtype), stride, padding, dilation, groups
    )
    rest = stride, padding, dilation, groups
    tolerance = {"float16": 2e-3, "float32": 1e-5, "float64": 1e-13}[dtype]
    tx, tw, tg = ct.tensor(x), ct.tensor(w), ct.tensor(g)
    out = ct.conv2d(tx, tw, *rest)
    assert out.dtype == np.dtype(dtype)
    close(out, y, tolerance)
    close(conv.conv2d_backward_data(tg, tw, x_shape[2:], *rest), dx, tolerance)
    close(conv.conv2d_backward_weight(tg, tx, w_shape[2:], *rest), dw, tolerance)


def kernels_of(call):
    """The names of the convolution kernels that `call` launches."""
    names = []
    note = lambda event: names.append(event.kernel.name)  # noqa: E731
    events.listen(note)
    try:
        call().numpy()
    finally:
        events.ignore(note)
    return [name for name in names if name.startswith("conv")]
