from cltensor.core.op import OPERATIONS as ALL
from cltensor.onnx import writers
from cltensor.onnx.record import COMPOSITES, OPERATIONS


def test_writers_name_operations_that_exist():
    writers.declare()
    assert set(OPERATIONS) <= set(ALL)
    assert {"linear", "batch_norm", "scaled_dot_product_attention"} <= set(COMPOSITES)
