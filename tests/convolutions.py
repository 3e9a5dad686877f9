"""Convolution and its gradients beside sums written out, for the tests of their kernels."""

import numpy as np
from arrays import close

import cltensor as ct
from cltensor.ops.conv import conv
from cltensor.runtime import events
from cltensor.selftest.references import convolution as reference

RNG = np.random.default_rng(11)


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
