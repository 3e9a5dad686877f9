"""What a device can do at most is measured by kernels that do the work."""

import numpy as np

import cltensor as ct
from cltensor.observe import peak


def test_peaks_are_rates_that_a_device_can_have(monkeypatch, skeleton):
    monkeypatch.setattr(peak, "_LASTS", 0.0)
    monkeypatch.setattr(peak, "_WIDTHS", (4,))
    monkeypatch.setattr(peak, "_SPAN", 0.0)
    monkeypatch.setattr(peak, "_COPIED", 1 << 16)
    peaks = peak.measure(skeleton)
    assert set(peaks) == {"GFLOP/s", "GB/s"}
    assert all(0 < rate < float("inf") for rate in peaks.values())


def test_peak_kernels_do_the_work(device):
    out = ct.Tensor.empty((8,), ct.float32, device)
    peak.fma_kernel(device, 4)((2,), (1,), out=out.buffer, a=0.5, b=1.0, rounds=100)
    # Each of the twelve sums tends to 1 / (1 - 0.5).
    assert np.array_equal(out.numpy(), np.full(8, 24, np.float32))
    x, y = ct.arange(32, dtype=ct.float32), ct.zeros(32).realize()
    peak.copy_kernel(device, 4)((2,), (1,), to_g=y.buffer, from_g=x.buffer, each=4)
    assert np.array_equal(y.numpy(), x.numpy())
