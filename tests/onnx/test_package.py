import sys

import pytest

import cltensor as ct
from cltensor.onnx.package import package


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ct.DependencyError, match=r'onnx.load: .* pip install "cltensor\[onnx\]"'):
        package("onnx.load")


def test_a_folder_of_that_name_is_not_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", type(sys)("onnx"))
    with pytest.raises(ct.DependencyError, match="another"):
        package("onnx.load")
