import numpy as np
import onnx_models as om
import pytest

import cltensor as ct

om.onnx  # noqa: B018  skips without it
import onnx_cases  # noqa: E402


@pytest.mark.parametrize("module", ["add", "bitshift", "clip", "isinf", "mod", "pow", "selu"])
def test_cases_of_onnx(module):
    onnx_cases.check(module)


def test_integers_divide_toward_zero():
    m = om.loaded(
        [om.node("Div", "x y", "z")], [om.value("x", [3], 7), om.value("y", [3], 7)],
        [om.value("z", [3], 7)],
    )  # fmt: skip
    found = m(ct.tensor([7, -7, 7]), ct.tensor([2, 2, -2]))
    assert found.tolist() == [3, -3, -3]
    assert found.dtype == ct.int64


def test_a_power_keeps_the_dtype_of_its_base():
    m = om.loaded([om.node("Pow", "x y", "z")], [om.value("x", [2]), om.value("y", [2], 7)],
                  [om.value("z", [2])])  # fmt: skip
    assert m(ct.tensor([2.0, 3.0]), np.array([3, 2])).tolist() == [8.0, 9.0]
