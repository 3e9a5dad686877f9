import onnx_models as om
import pytest

import cltensor as ct
from cltensor.onnx.structure import read

X, Y = om.value("x", [2]), om.value("y", [2])


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([om.node("Add", "x z", "y"), om.node("Neg", "y", "z")], "reads 'z'"),
        ([om.node("Neg", "y", "y")], "by itself"),
        ([om.node("Neg", "x", "x")], "two nodes of its graph 'main' compute 'x'"),
        ([om.node("Neg", "x", "y"), om.node("Abs", "x", "y")], "compute 'y'"),
        ([om.node("Neg", "x", "z")], "nothing gives the output 'y'"),
    ],
)
def test_cycles_and_names_given_twice_are_refused(nodes, message):
    with pytest.raises(ct.DataError, match=message):
        read(om.model(nodes, [X], [Y]))


def test_versions():
    for version in (6, 29):
        with pytest.raises(ct.DataError, match="reads 7 to 28"):
            read(om.model([om.node("Neg", "x", "y")], [X], [Y], version=version))
    assert read(om.model([om.node("Neg", "x", "y")], [X], [Y])).versions == {"": 18}


def test_what_a_branch_takes_from_around_is_known():
    inner = om.graph([om.node("Add", "x a", "b")], [], [om.value("b")], name="inner")
    branches = {"then_branch": inner, "else_branch": inner}
    nodes = [om.node("Neg", "x", "a"), om.node("If", "c", "y", **branches)]
    found = read(om.model(nodes, [X, om.value("c", [], om.BOOL)], [Y]))
    assert found.graph.nodes[1].attributes["then_branch"].captures == ["x", "a"]
    nodes[1].attribute[0].g.node[0].input[1] = "nowhere"
    with pytest.raises(ct.DataError, match="nowhere"):
        read(om.model(nodes, [X, om.value("c", [], om.BOOL)], [Y]))


def test_a_model_without_a_graph_is_refused():
    with pytest.raises(ct.DataError, match="no graph"):
        read(om.onnx.ModelProto())
