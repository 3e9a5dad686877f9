import onnx_models as om
import pytest

import cltensor as ct
from cltensor.onnx import operators
from cltensor.onnx.table import find


def test_inputs_come_as_their_annotation_says():
    operators.declare()
    entry = find("Slice", 13)
    assert [entry.how(i) for i in range(4)] == ["", "Ints", "Ints", "Ints"]
    assert entry.least == 3
    assert find("Slice", 9).attributes.keys() == {"starts", "ends", "axes"}


@pytest.mark.parametrize(
    ("attributes", "message"),
    [({"alpha": 1}, "has not in this version"), ({"axis": 1.5}, "not of the type int"),
     ({"axis": [1]}, "not of the type int"), ({}, "lacks its attribute 'axis'")],
)  # fmt: skip
def test_attributes_that_do_not_fit_are_refused(attributes, message):
    with pytest.raises(ct.DataError, match=message):
        om.loaded([om.node("Concat", "x x", "y", **attributes)], [om.value("x", [1])],
                  [om.value("y")])  # fmt: skip


def test_the_number_of_inputs_is_checked():
    with pytest.raises(ct.DataError, match="has 1 inputs, and takes 2 to 2"):
        om.loaded([om.node("Add", "x", "y")], [om.value("x", [1])], [om.value("y")])
