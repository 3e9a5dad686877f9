"""Short-time transforms and their inverses."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import ShapeError
from cltensor.testing import gradcheck

CASES = [
    {"n_fft": 16}, {"n_fft": 16, "hop_length": 5}, {"n_fft": 15, "win_length": 11, "hop_length": 4},
    {"n_fft": 16, "normalized": True, "pad_mode": "constant"}, {"n_fft": 16, "onesided": False},
]  # fmt: skip


def signal(*shape):
    return np.random.default_rng(1).normal(size=shape).astype("float32")


def test_frames_are_transformed(device):
    x = signal(40)
    got = ct.stft(ct.tensor(x), 8, 3, window=ct.hann_window(8), center=False, return_complex=True)
    weights = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(8) / 8)
    want = np.stack([np.fft.rfft(x[k : k + 8] * weights) for k in range(0, 33, 3)], -1)
    np.testing.assert_allclose(got.numpy(), want, atol=1e-5)
    parts = ct.stft(
        ct.tensor(x), 8, 3, window=ct.hann_window(8), center=False, return_complex=False
    )
    np.testing.assert_array_equal(parts[..., 1].numpy(), got.imag.numpy())


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("shape", [(64,), (3, 50)])
def test_the_inverse_gives_the_signal_back(device, shape, case):
    x = signal(*shape)
    window = ct.hann_window(case.get("win_length", case["n_fft"]))
    z = ct.stft(ct.tensor(x), window=window, return_complex=True, **case)
    back = {k: v for k, v in case.items() if k != "pad_mode"}
    got = ct.istft(z, window=window, length=40, **back)
    np.testing.assert_allclose(got.numpy(), x[..., :40], atol=1e-5)


@pytest.mark.parametrize("case", CASES)
def test_both_are_pytorchs(device, case):
    torch = pytest.importorskip("torch")
    x = signal(3, 50)
    n = case.get("win_length", case["n_fft"])
    theirs = {"window": torch.hann_window(n), **case}
    ours = {"window": ct.hann_window(n), **case}
    want = torch.stft(torch.tensor(x), return_complex=True, **theirs)
    got = ct.stft(ct.tensor(x), return_complex=True, **ours)
    np.testing.assert_allclose(got.numpy(), want.resolve_conj().numpy(), atol=1e-5)
    for given in (ours, theirs):
        given.pop("pad_mode", None)
    np.testing.assert_allclose(
        ct.istft(got, **ours).numpy(), torch.istft(want, **theirs).numpy(), atol=1e-5
    )


def test_derivatives(fp64):
    x = ct.tensor(signal(24).astype("float64"), requires_grad=True)
    window = ct.hann_window(8, dtype="float64").requires_grad_()
    assert gradcheck(lambda x, w: ct.stft(x, 8, 3, window=w, return_complex=True), [x, window])
    window = window.detach()
    z = ct.stft(x, 8, 2, window=window, return_complex=True).detach().requires_grad_()
    assert gradcheck(lambda z: ct.istft(z, 8, 2, window=window), [z])


def test_refused_arguments(device):
    x = ct.tensor(signal(20))
    with pytest.raises(ValueError, match="^stft: return_complex must be given"):
        ct.stft(x, 8)
    with pytest.raises(ShapeError, match=r"^stft: window has shape \(4,\)"):
        ct.stft(x, 8, window=ct.ones(4), return_complex=True)
    with pytest.raises(ShapeError, match="^stft: n_fft is 40, more than the 20 elements"):
        ct.stft(x, 40, center=False, return_complex=True)
    with pytest.raises(ShapeError, match="^istft: x has 3 frequencies; of n_fft 8 there are 5"):
        ct.istft(ct.ones(3, 4, dtype="complex64"), 8)
    z = ct.stft(x, 8, 8, window=ct.hann_window(8), return_complex=True)
    with pytest.raises(ValueError, match="^istft: the window's squares add up to 0"):
        ct.istft(z, 8, 8, window=ct.hann_window(8), center=False)
    with pytest.warns(UserWarning, match="^istft: length is more"):
        assert ct.istft(ct.stft(x, 8, return_complex=True), 8, length=60).shape == (60,)
