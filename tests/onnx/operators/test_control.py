import numpy as np
import onnx_models as om
import pytest

import cltensor as ct

om.onnx  # noqa: B018  skips without it
import onnx_cases  # noqa: E402


@pytest.mark.parametrize("module", ["if_", "loop", "scan", "sequence_map", "splittosequence"])
def test_cases_of_onnx(module):
    onnx_cases.check(module, 2)


def test_a_branch_reads_and_learns_what_is_around_it():
    weight = om.tensor("w", np.array([2.0], np.float32))
    doubled = om.graph([om.node("Mul", "x w", "a")], [], [om.value("a", [1])])
    same = om.graph([om.node("Identity", "x", "b")], [], [om.value("b", [1])])
    m = om.loaded([om.node("If", "c", "y", then_branch=doubled, else_branch=same)],
                  [om.value("x", [1]), om.value("c", [], om.BOOL)], [om.value("y", [1])],
                  [weight])  # fmt: skip
    x = ct.tensor([3.0])
    assert m(x, np.array(False)).tolist() == [3.0]
    y = m(x, np.array(True))
    assert y.tolist() == [6.0]
    y.sum().backward()
    assert m.w.grad.tolist() == [3.0]
