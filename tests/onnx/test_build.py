import numpy as np
import onnx_models as om
import pytest

import cltensor as ct

X, Y = om.value("x", [2]), om.value("y", [2])


def functions(*made):
    return {"functions": list(made), "opsets": [om.helper.make_opsetid("own", 1)]}


def function(name, nodes, attributes=(), inputs=("a",), outputs=("b",)):
    opsets = [om.helper.make_opsetid("", 18), om.helper.make_opsetid("own", 1)]
    return om.helper.make_function("own", name, inputs, outputs, nodes, opsets, attributes)


def test_all_operators_that_are_not_known_are_named():
    nodes = [om.node("Frobnicate", "x", "a"), om.node("Thing", "a", "y", domain="com.other")]
    with pytest.raises(ct.DataError, match=r"has not: Frobnicate \(version 18\), com.other"):
        om.loaded(nodes, [X], [Y], opsets=[om.helper.make_opsetid("com.other", 1)])


def test_functions_of_the_file_with_attributes():
    call = om.node("LeakyRelu", "a", "b")
    call.attribute.add(name="alpha", ref_attr_name="slope", type=1)
    leaky = function("Leaky", [call], ["slope"])
    nodes = [om.node("Leaky", "x", "h", domain="own", slope=0.5),
             om.node("Leaky", "h", "y", domain="own", slope=0.25)]  # fmt: skip
    m = om.loaded(nodes, [X], [Y], **functions(leaky))
    assert m(ct.tensor([-8.0, 4.0])).tolist() == [-1.0, 4.0]


def test_functions_that_call_themselves_or_without_end_are_refused():
    again = function("Again", [om.node("Again", "a", "b", domain="own")])
    call = [om.node("Again", "x", "y", domain="own")]
    with pytest.raises(ct.DataError, match="calls itself"):
        om.loaded(call, [X], [Y], **functions(again))
    # Twice as many calls with each of 40: without end, were each made anew.
    many = [function("F0", [om.node("Neg", "a", "b")])]
    for i in range(1, 40):
        inner = f"F{i - 1}"
        many.append(function(f"F{i}", [om.node(inner, "a", "c", domain="own"),
                                       om.node(inner, "c", "b", domain="own")]))  # fmt: skip
    ct.onnx.load(om.model([om.node("F39", "x", "y", domain="own")], [X], [Y],
                          **functions(*many)).SerializeToString())  # fmt: skip


def test_which_tensors_train():
    m = om.loaded(
        [om.node("Constant", "", "two", value_float=2.0), om.node("Mul", "x layer.w", "a"),
         om.node("Add", "a two", "b"), om.node("Reshape", "b shape", "y")],
        [X], [Y],
        [om.tensor("layer.w", np.ones(2, np.float32)), om.tensor("shape", np.array([2]))],
    )  # fmt: skip
    assert [n for n, _ in m.named_parameters()] == ["layer.w"]
    assert list(m.state_dict()) == ["layer.w"]
    m(ct.tensor([1.0, 3.0])).sum().backward()
    assert m.layer.w.grad.tolist() == [1.0, 3.0]


def test_constants_of_several_floats_train():
    m = om.loaded([om.node("Constant", "", "w", value_floats=[2.0, 3.0]),
                   om.node("Mul", "x w", "y")], [X], [Y])  # fmt: skip
    assert m.w.tolist() == [2.0, 3.0]
    assert m.w.requires_grad
