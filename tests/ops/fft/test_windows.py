"""Windows."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError

#: NumPy's symmetric ones; a period is one longer and lacks the last sample.
NUMPYS = {"hann": np.hanning, "hamming": np.hamming, "blackman": np.blackman,
          "bartlett": np.bartlett, "kaiser": lambda n: np.kaiser(n, 12.0)}  # fmt: skip


@pytest.mark.parametrize("name", NUMPYS)
@pytest.mark.parametrize("n", [0, 1, 2, 7, 8])
def test_windows_are_numpys(device, name, n):
    function = getattr(ct, f"{name}_window")
    np.testing.assert_allclose(function(n, False).numpy(), NUMPYS[name](n), atol=1e-6)
    period = np.ones(1) if n == 1 else NUMPYS[name](n + 1)[:n]
    np.testing.assert_allclose(function(n).numpy(), period, atol=1e-6)


def test_shapes_of_windows(device):
    np.testing.assert_allclose(
        ct.hamming_window(4, alpha=0.6, beta=0.3).tolist(), [0.3, 0.6, 0.9, 0.6], 1e-6
    )
    np.testing.assert_allclose(
        ct.kaiser_window(5, False, 3.0).numpy(), np.kaiser(5, 3.0), atol=1e-6
    )
    with pytest.raises(ShapeError, match="^hann_window: window_length is -1"):
        ct.hann_window(-1)
    with pytest.raises(DTypeError, match="^hann_window: dtype is int32"):
        ct.hann_window(3, dtype="int32")
