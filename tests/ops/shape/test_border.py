"""Padding with elements of the tensor itself, against NumPy."""

import draws
import numpy as np
import pytest
from arrays import check, counted

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.shape.border import pad_as
from cltensor.testing import gradcheck, gradgradcheck

# Each test runs with the kernels for CPUs, loops over runs, and with one element per work-item.
pytestmark = pytest.mark.usefixtures("skeleton")

#: Names in PyTorch and in NumPy.
MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_the_last_axis_comes_first(mode, dtype):
    a = counted(2, 3, 4, 5, dtype=dtype)
    pairs = ((0, 0), (0, 0), (2, 1), (3, 0))
    check(pad_as(ct.tensor(a), (3, 0, 2, 1), mode), np.pad(a, pairs, MODES[mode]))


@pytest.mark.parametrize("mode", MODES)
@draws.cases
def test_drawn(mode, case):
    rng = draws.generator(case)
    axes = int(rng.integers(1, 4))
    shape = draws.several(rng, 2, 5, axes + int(rng.integers(1, 3)))
    pairs = [(0, 0)] * (len(shape) - axes) + [draws.several(rng, 0, n - 1) for n in shape[-axes:]]
    flat = [w for pair in pairs[: -axes - 1 : -1] for w in pair]
    draws.drawn(shape=shape, flat=flat)
    a = rng.standard_normal(shape).astype("float32")
    x = ct.tensor(a, requires_grad=True)
    out = pad_as(x, flat, mode)
    check(out.detach(), np.pad(a, pairs, MODES[mode]))
    g = rng.integers(-9, 9, out.shape).astype("float32")
    out.backward(ct.tensor(g))
    want = np.zeros(a.size + 1, "float32")  # the last takes what a constant gets
    places = np.arange(a.size).reshape(shape)
    more = {"constant_values": a.size} if mode == "constant" else {}
    np.add.at(want, np.pad(places, pairs, MODES[mode], **more).ravel(), g.ravel())
    check(x.grad, want[:-1].reshape(shape))


def test_negative_widths_cut_off():
    a = counted(2, 5)
    for mode, want in {
        "constant": [1, 2, 3, 4, 0, 0],
        "reflect": [1, 2, 3, 4, 3, 2],
        "replicate": [1, 2, 3, 4, 4, 4],
        "circular": [1, 2, 3, 4, 1, 2],
    }.items():
        check(pad_as(ct.tensor(a), (-1, 2), mode)[0], np.float32(want))
    check(pad_as(ct.tensor(a), (-1, -4), "reflect"), np.zeros((2, 0), "float32"))
    check(pad_as(ct.tensor(a), (0, 0), "circular"), a)


@pytest.mark.parametrize("mode", MODES)
def test_derivatives(mode, device):
    if not device.fp64:
        pytest.skip(f"'{device}' has no float64")
    values = np.random.default_rng(3).standard_normal((1, 2, 3, 4))
    x = ct.tensor(values, requires_grad=True)
    assert gradcheck(lambda x: pad_as(x, (3, 1, 1, 2), mode), (x,))
    assert gradgradcheck(lambda x: pad_as(x * x, (3, -1, 1, 2), mode), (x,))


def test_empty_batches():
    x = ct.zeros(0, 2, 3, requires_grad=True)
    for mode in MODES:
        out = pad_as(x, (1, 2), mode)
        assert out.shape == (0, 2, 6)
        out.sum().backward()
        assert x.grad.shape == x.shape


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: pad_as(x, (3, 0), "reflect"), ShapeError, "adds at most 2 on a side"),
        (lambda x: pad_as(x, (4, 0), "circular"), ShapeError, "adds at most 3 on a side"),
        (lambda x: pad_as(x[:, :0], (1, 0), "replicate"), ShapeError, "adds at most 0 on a side"),
        (lambda x: pad_as(x, (-2, -2), "circular"), ShapeError, "no more than 3 can be cut off"),
        (lambda x: pad_as(x, (1,)), ShapeError, r"pad: pad is \(1,\) for shape \(2, 3\)"),
        (lambda x: pad_as(x, (1,) * 6), ShapeError, "pad: pad is"),
        (lambda x: pad_as(x, (1, 1.0)), ShapeError, "pad: pad is 1.0"),
        (lambda x: pad_as(x, (1,) * 4, "reflect"), ShapeError, "one to three axes behind one or"),
        (lambda x: pad_as(x, (1, 1), "mirror"), ValueError, "pad: mode is 'mirror'"),
        (lambda x: pad_as(x, (1, 1), "reflect", 2.0), ValueError, "pad: value is 2.0, but mode"),
        (lambda x: pad_as(x, (1, 1), value=1e39), DTypeError, "pad: value 1e"),
        (lambda x: pad_as([1], (1, 1)), DTypeError, "pad: input is"),
    ],
)
def test_errors_name_operation_and_operands(call, error, message):
    with pytest.raises(error, match=message):
        call(ct.ones(2, 3))
