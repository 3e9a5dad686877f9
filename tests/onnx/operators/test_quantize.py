import onnx_models as om
import pytest

om.onnx  # noqa: B018  skips without it
import onnx_cases  # noqa: E402


@pytest.mark.parametrize(
    "module", ["bitcast", "dequantizelinear", "qlinearmatmul", "quantizelinear"]
)
def test_cases_of_onnx(module):
    onnx_cases.check(module, 1)
