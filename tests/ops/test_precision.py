"""The precision of products: a switch, and what is exact whatever it says."""

import threading

import pytest

import cltensor as ct
from cltensor.errors import SettingError
from cltensor.ops.precision import exactly, precision


@pytest.fixture(autouse=True)
def undone():
    yield
    ct.set_float32_matmul_precision("highest")


def test_precision_of_products():
    assert ct.get_float32_matmul_precision() == "highest"
    ct.set_float32_matmul_precision("high")
    assert ct.get_float32_matmul_precision() == "high"
    ct.set_float32_matmul_precision("highest")
    with pytest.raises(SettingError, match="'low' is none of highest, high, medium"):
        ct.set_float32_matmul_precision("low")


def test_functions_whose_products_are_exact():
    ct.set_float32_matmul_precision("medium")
    elsewhere = []

    @exactly
    def exact(again):
        thread = threading.Thread(target=lambda: elsewhere.append(precision()))
        thread.start()
        thread.join()
        assert precision() == "highest"
        assert ct.get_float32_matmul_precision() == "medium"
        return again and exact(False)

    exact(True)
    assert elsewhere == ["medium"] * 2
    assert precision() == "medium"
    with pytest.raises(TypeError):
        exact()
    assert precision() == "medium"
