"""Windows of signal processing."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DTypeError

W = ct.signal.windows


@pytest.mark.parametrize(
    ("function", "reference"),
    [
        (W.hann, np.hanning), (W.hamming, np.hamming), (W.bartlett, np.bartlett),
        (W.blackman, np.blackman),
        (lambda n, **k: W.kaiser(n, beta=5.0, **k), lambda n: np.kaiser(n, 5)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_as_numpys(device, function, reference, n):
    np.testing.assert_allclose(function(n).numpy(), reference(n), rtol=1e-5, atol=1e-7)
    if n > 1:
        periodic = function(n, sym=False).numpy()
        np.testing.assert_allclose(periodic, reference(n + 1)[:-1], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("found", "values"),
    [
        (lambda: W.cosine(3), [0.5, 1, 0.5]),
        (lambda: W.exponential(3, tau=2.0), [0.60653066, 1, 0.60653066]),
        (lambda: W.exponential(3, center=0, sym=False), [1, 0.36787944, 0.13533528]),
        (lambda: W.gaussian(3, std=2.0), [0.8824969, 1, 0.8824969]),
        (lambda: W.nuttall(3), [0.0003628, 1, 0.0003628]),
        (lambda: W.general_hamming(3, alpha=0.6), [0.2, 1, 0.2]),
        (lambda: W.general_cosine(3, a=[0.5, 0.3, 0.2]), [0.4, 1, 0.4]),
    ],
)
def test_others(device, found, values):
    np.testing.assert_allclose(found().numpy(), values, atol=1e-6)


def test_arguments(device):
    found = W.hann(4, dtype=ct.float32, requires_grad=True)
    assert found.requires_grad
    with pytest.raises(DTypeError, match="hann: a window of int64"):
        W.hann(3, dtype=ct.int64)
    for call in (
        lambda: W.kaiser(3, beta=-1),
        lambda: W.gaussian(3, std=0),
        lambda: W.exponential(3, tau=0),
        lambda: W.exponential(3, center=1),
    ):
        with pytest.raises(ValueError, match=r"kaiser|gaussian|exponential"):
            call()
