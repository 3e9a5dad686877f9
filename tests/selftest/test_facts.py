"""What a driver says of a device, without breaking down where it does not answer."""

import json

import cltensor
from cltensor.selftest import facts
from cltensor.selftest.facts import surroundings


def test_facts_are_plain_and_name_the_device(device):
    found = json.loads(json.dumps(facts.facts(device)))
    assert found["device"]["name"] == device.cl_device.name.strip()
    assert found["device"]["driver"] == device.cl_device.driver_version.strip()
    assert found["limits"]["work-group"] == device.max_work_group
    assert found["limits"]["local memory (bytes)"] == device.local_mem
    assert "INF_NAN" in found["limits"]["float32"]


def test_a_question_without_an_answer():
    def ask():
        raise ValueError("no such thing")

    assert facts._asked(ask) == "not known (ValueError)"


def test_surroundings_name_versions_and_the_variables_that_count(monkeypatch):
    monkeypatch.setenv("CLTENSOR_CACHE", "/home/anna/kernels")
    monkeypatch.setenv("CLTENSOR_EAGER", "1")
    monkeypatch.setenv("OCL_ICD_VENDORS", "libany.so")
    found = surroundings()
    assert found["cltensor"] == cltensor.__version__
    assert found["CLTENSOR_EAGER"] == "1"
    assert found["OCL_ICD_VENDORS"] == "libany.so"
    assert "CLTENSOR_CACHE" not in found
