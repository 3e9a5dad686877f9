import numpy as np
import onnx_models as om
import pytest

import cltensor as ct


def test_sizes_are_computed_on_the_host():
    nodes = [
        om.node("Shape", "x", "s"), om.node("Gather", "s zero", "n"),
        om.node("Unsqueeze", "n axes", "m"), om.node("Concat", "m rest", "shape", axis=0),
        om.node("Reshape", "x shape", "y"),
    ]  # fmt: skip
    constants = [om.tensor("zero", np.array(0)), om.tensor("axes", np.array([0])),
                 om.tensor("rest", np.array([-1]))]  # fmt: skip
    m = om.loaded(nodes, [om.value("x", ["n", 2, 3])], [om.value("y")], constants)
    x = ct.ones(4, 2, 3).realize()
    assert len(ct.explain(m, x)) == 0
    assert m(ct.ones(5, 2, 3)).shape == (5, 6)


def test_a_node_that_cannot_be_run_is_named():
    m = om.loaded([om.node("Reshape", "x s", "y", name="third")], [om.value("x")], [om.value("y")],
                  [om.tensor("s", np.array([7]))])  # fmt: skip
    with pytest.raises(ct.ShapeError) as caught:
        m(ct.ones(4))
    assert any("node 'third' (Reshape)" in note for note in caught.value.__notes__)


def test_results_that_are_asked_for_in_vain():
    m = om.loaded([om.node("Neg", "x", "y z")], [om.value("x")], [om.value("z")])
    with pytest.raises(ct.DataError, match="gives 1 results, and 2 are asked for"):
        m(ct.ones(4))
