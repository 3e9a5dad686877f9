"""Probes of the device: each answers, and finds out what a kernel does."""

import json

import numpy as np
import pytest

from cltensor.selftest.checks import Missing
from cltensor.selftest.probes import PROBES, launched


def test_what_a_kernel_wrote():
    source = """
__kernel void probe(__global int *y, __global const int *a, __global const int *b, const int c) {
    y[get_global_id(0)] = a[get_global_id(0)] * b[0] + c;
}"""
    a, b = np.arange(5, dtype="int32"), np.array([3], "int32")
    assert launched(source, np.zeros(5, "int32"), a, b, c=7).tolist() == [7, 10, 13, 16, 19]


@pytest.mark.parametrize("probe", PROBES.checks, ids=lambda probe: probe.name)
def test_a_probe_answers_in_plain_data(probe):
    try:
        found = probe.run()
    except Missing as missing:
        pytest.skip(str(missing))
    assert json.loads(json.dumps(found))
    assert "wrong" not in str(found)
