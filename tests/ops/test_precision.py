"""A switch that may be set."""

import pytest

import cltensor as ct
from cltensor.errors import SettingError


def test_precision_of_products():
    assert ct.get_float32_matmul_precision() == "highest"
    ct.set_float32_matmul_precision("high")
    assert ct.get_float32_matmul_precision() == "high"
    ct.set_float32_matmul_precision("highest")
    with pytest.raises(SettingError, match="'low' is none of highest, high, medium"):
        ct.set_float32_matmul_precision("low")
