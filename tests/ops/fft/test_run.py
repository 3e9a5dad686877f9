"""Transforms along an axis, by each way in which they are computed."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.ops.fft import run

TOLERANCE = {"complex64": 2e-6, "complex128": 1e-14}


def draw(shape, dtype):
    random = np.random.default_rng(sum(shape))
    return (random.normal(size=shape) + 1j * random.normal(size=shape)).astype(dtype)


def check(x, axis, inverse=False, scale=1.0, tensor=None):
    tensor = ct.tensor(x) if tensor is None else tensor
    got = run.transform(tensor, axis, inverse, scale).numpy()
    want = np.fft.ifft(x, axis=axis) * x.shape[axis] if inverse else np.fft.fft(x, axis=axis)
    assert got.dtype == x.dtype
    error = abs(got - want * scale).max(initial=0)
    assert error <= TOLERANCE[x.dtype.name] * abs(want * scale).max(initial=0)


@pytest.mark.parametrize(
    "n",
    [1, 2, 3, 4, 5, 7, 8, 11, 13, 16, 17, 36, 60, 64, 97, 128, 1000, 1155, 2048, 2 * 1009, 4096],
)
def test_every_kind_of_length(skeleton, n):
    check(draw((n,), "complex64"), 0)


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize(
    ("shape", "axis"),
    [((9, 16), 1), ((16, 9), 0), ((3, 5, 7), 1), ((20, 64), 1), ((2, 30, 40), 1), ((10, 17), 1),
     ((9, 20), 1), ((20, 9), 0), ((3, 4096), 1)],
)  # fmt: skip
def test_lines_along_any_axis(device, shape, axis, inverse, dtype):
    if dtype == "complex128" and not device.fp64:
        pytest.skip(f"'{device}' ({device.title}) has no float64")
    check(draw(shape, dtype), axis, inverse, 0.25)


def test_views_are_transformed_as_they_show(device):
    x = draw((12, 20), "complex64")
    z = ct.tensor(x)
    for key in (np.s_[1:, ::2], np.s_[::-1, 3:], np.s_[2:, 5]):
        check(x[key], 0, tensor=z[key])
    check(x.T, 1, tensor=z.T)


def test_long_lines_in_stages(device, monkeypatch):
    monkeypatch.setattr(run, "_LONGEST", 8)
    check(draw((3, 720), "complex64"), 1)


@pytest.mark.parametrize("shape", [(0, 8), (8, 0, 3)])
def test_nothing(device, shape):
    assert (
        run.transform(ct.zeros(shape, dtype="complex64"), 0 if shape[0] else 1, False, 1.0).shape
        == shape
    )


def test_a_large_transform(device):
    check(draw((1 << 17,), "complex64"), 0)


def test_a_replay_transforms(device):
    @ct.jit
    def spectrum(x):
        return ct.fft.fft(x) * 2

    for k in range(4):
        x = draw((64,), "complex64") * k
        np.testing.assert_allclose(spectrum(ct.tensor(x)).numpy(), 2 * np.fft.fft(x), 1e-4, 1e-4)
