"""The transforms of ct.fft beside NumPy, and their derivatives."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError
from cltensor.testing import gradcheck, gradgradcheck

ONE = ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"]
REAL = ("rfft", "ihfft")


def draw(name, shape, dtype="float32"):
    random = np.random.default_rng(len(name))
    x = random.normal(size=shape).astype(dtype)
    return x if name.startswith(REAL) else x + 1j * random.normal(size=shape).astype(dtype)


def near(got, want):
    got = got.numpy()
    assert got.shape == want.shape
    assert got.dtype.kind == want.dtype.kind
    np.testing.assert_allclose(got, want, atol=3e-6 * max(1, abs(want).max()))


@pytest.mark.parametrize("norm", [None, "ortho", "forward", "backward"])
@pytest.mark.parametrize("name", ONE)
def test_one_axis(device, name, norm):
    x = draw(name, (4, 6, 5))
    for n in (None, 4, 7, 1):
        for dim in (-1, 0, 1):
            if n == 1 and name in ("irfft", "hfft"):
                continue  # NumPy has its own idea of one element
            got = getattr(ct.fft, name)(ct.tensor(x), n, dim, norm)
            near(got, getattr(np.fft, name)(x, n, dim, norm))


@pytest.mark.parametrize("norm", [None, "ortho", "forward"])
@pytest.mark.parametrize("name", ["fftn", "ifftn", "rfftn", "irfftn"])
def test_several_axes(device, name, norm):
    x = draw(name, (4, 5, 6))
    for s, dim in (
        (None, None),
        ((4, 3), (0, 2)),
        ((7, 5), (-2, -1)),
        (None, (2, 0)),
        (None, (1,)),
    ):
        want = getattr(np.fft, name)(x, s, dim, norm)
        near(getattr(ct.fft, name)(ct.tensor(x), s=s, dim=dim, norm=norm), want)
    flat = getattr(ct.fft, name.replace("n", "2"))(ct.tensor(x), norm=norm)
    near(flat, getattr(np.fft, name)(x, None, (-2, -1), norm))
    part = getattr(ct.fft, name)(ct.tensor(x), s=(-1, 4))
    near(part, getattr(np.fft, name)(x, (5, 4), (1, 2)))


@pytest.mark.parametrize("name", [
    "fft", "irfft", "hfft", "ihfft", "fft2", "irfft2", "hfft2", "ihfft2", "ifftn", "rfftn",
    "irfftn", "hfftn", "ihfftn",
])  # fmt: skip
def test_all_names_are_pytorchs(device, name):
    torch = pytest.importorskip("torch")
    x = draw(name, (4, 5, 6))
    calls = [{}, {"norm": "ortho"}, {"norm": "forward"}]
    calls += [{"n": 4, "dim": 1}] if name in ONE else [{"s": (3, -1), "dim": (0, 2)}]
    for call in calls:
        want = getattr(torch.fft, name)(torch.tensor(x), **call).resolve_conj().numpy()
        near(getattr(ct.fft, name)(ct.tensor(x), **call), want)


def test_frequencies_and_shifts(device):
    for n in (1, 5, 8):
        near(ct.fft.fftfreq(n, 0.5), np.fft.fftfreq(n, 0.5))
        near(ct.fft.rfftfreq(n, d=0.5), np.fft.rfftfreq(n, 0.5))
    x = np.arange(20.0, dtype="float32").reshape(4, 5)
    for dim in (None, 1, (0, 1)):
        near(ct.fft.fftshift(ct.tensor(x), dim), np.fft.fftshift(x, dim))
        near(ct.fft.ifftshift(ct.tensor(x), dim), np.fft.ifftshift(x, dim))


@pytest.mark.parametrize("n", [4, 5])
@pytest.mark.parametrize("name", ONE)
def test_derivatives(fp64, name, n):
    x = ct.tensor(draw(name, (2, 4), "float64"), requires_grad=True)
    function = getattr(ct.fft, name)
    assert gradcheck(lambda x: function(x, n), [x])
    assert gradgradcheck(lambda x: function(x, n, 0, "ortho"), [x])


@pytest.mark.parametrize("name", ["fft2", "rfft2", "irfft2", "hfft2"])
def test_derivatives_of_several_axes(fp64, name):
    x = ct.tensor(draw(name, (3, 4), "float64"), requires_grad=True)
    assert gradcheck(lambda x: getattr(ct.fft, name)(x, (4, 3)), [x])


def test_kinds_of_numbers(device):
    assert ct.fft.fft(ct.arange(4)).dtype == ct.complex64
    assert ct.fft.rfft(ct.tensor([True, False])).numpy().tolist() == [1 + 0j, 1 + 0j]
    with pytest.raises(DTypeError, match=r"^rfft: x is complex64, not real"):
        ct.fft.rfft(ct.tensor([1j]))
    with pytest.raises(DTypeError, match=r"^fft: not defined for float16"):
        ct.fft.fft(ct.ones(4, dtype="float16"))


def test_refused_arguments(device):
    x = ct.ones(3, 4)
    with pytest.raises(ShapeError, match=r"^fft: 0 elements have no transform"):
        ct.fft.fft(x, 0)
    with pytest.raises(ShapeError, match=r"^irfft: 0 elements"):
        ct.fft.irfft(ct.ones(1))
    with pytest.raises(ValueError, match=r"^fft: norm is 'all'; use 'backward'"):
        ct.fft.fft(x, norm="all")
    with pytest.raises(ShapeError, match=r"^fftn: s \(2,\) and dim \(0, 1\) differ in length"):
        ct.fft.fftn(x, (2,), (0, 1))
    with pytest.raises(ShapeError, match=r"^fft2: dim \(0, -2\) names an axis twice"):
        ct.fft.fft2(x, dim=(0, -2))
    with pytest.raises(ShapeError, match="axis 2 is out of range"):
        ct.fft.fft(x, dim=2)


def test_out(device):
    x, out = ct.tensor(draw("fft", (5,))), ct.empty(5, dtype="complex64")
    assert ct.fft.fft(x, out=out) is out
    near(out, np.fft.fft(x.numpy()))
