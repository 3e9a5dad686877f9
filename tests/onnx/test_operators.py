from cltensor.onnx import supported
from cltensor.onnx.table import find


def test_all_modules_are_in_the_table():
    names = supported()
    assert {"Add", "Attention", "Conv", "If", "LSTM", "QuantizeLinear", "ReduceSum"} <= set(names)
    assert len(names) > 170
    assert find("Upsample", 9) is not None
    assert find("Upsample", 10) is None
    assert find("Attention", 22) is None
