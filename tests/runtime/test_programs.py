"""Programs and their options; who waits for them is told in test_kernel.py."""

import pyopencl as cl
import pytest

from cltensor.runtime import programs
from cltensor.runtime.source import prelude

_TWICE = "__kernel void twice(__global int* x) { x[get_global_id(0)] *= 2; }"


def test_options(device, deterministic, monkeypatch):
    """Quotients that are rounded once, where the driver has an option for them."""
    given = []
    monkeypatch.setattr(programs, "quietly", lambda program, options=(): given.extend(options))
    programs.built(device, _TWICE)
    rounds = device.cl_device.single_fp_config & cl.device_fp_config.CORRECTLY_ROUNDED_DIVIDE_SQRT
    assert ("-cl-fp32-correctly-rounded-divide-sqrt" in given) == bool(rounds)
    assert "-w" in given


def test_a_program_that_is_none(device):
    with pytest.raises(cl.RuntimeError):
        programs.built(device, prelude(device) + "__kernel void twice(")
