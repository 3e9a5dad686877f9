"""The trial of a device's float32."""

import pytest

import cltensor as ct
from cltensor.errors import DeterminismError
from cltensor.runtime import fidelity


def test_this_device_rounds_as_it_should(device, deterministic):
    assert ct.ones(3).sum().item() == 3
    assert device.infidelities == ()


def test_a_device_that_does_not(device, deterministic, monkeypatch):
    monkeypatch.setattr(device, "infidelities", None)
    wrong = fidelity._SOURCE.replace("x / y", "x * (1 / y)").replace("x * y + z", "fma(x, y, z)")
    monkeypatch.setattr(fidelity, "_SOURCE", wrong)
    with pytest.raises(
        DeterminismError, match="not round sums of products in two roundings, quotients as IEEE"
    ):
        fidelity.require_fidelity(device)
    assert device.infidelities == ("sums of products in two roundings", "quotients")
