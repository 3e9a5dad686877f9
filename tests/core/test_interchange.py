"""Members by which other libraries take a Tensor."""

import pytest

import cltensor as ct


def test_the_namespace_of_a_tensor(device):
    x = ct.ones(2)
    assert x.__array_namespace__() is ct.array_api
    assert x.__array_namespace__(api_version="2022.12") is ct.array_api
    with pytest.raises(ValueError, match=r"api_version is '2031.12'; this one follows 2021.12, "):
        x.__array_namespace__(api_version="2031.12")


def test_nothing_of_it_is_imported_before(run_python):
    code = (
        "import sys, cltensor; print({'cltensor.array_api', 'cltensor.io.dlpack'} & {*sys.modules})"
    )
    assert run_python(code).stdout.strip() == "set()"
