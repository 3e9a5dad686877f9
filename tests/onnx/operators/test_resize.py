import numpy as np
import onnx_models as om
import pytest

import cltensor as ct
from cltensor.onnx.operators.resize import _coordinates, _taps

om.onnx  # noqa: B018  skips without it
import onnx_cases  # noqa: E402


def test_cases_of_onnx():
    for case in onnx_cases.cases("resize")[::9]:
        onnx_cases.run(case)


def test_weights_of_each_element_sum_to_one():
    for mode in ("linear", "cubic"):
        for shrink in (1.0, 0.4):
            at = _coordinates("half_pixel", 10, 4, 0.4, (0, 1), True)
            places, weights = _taps(at, 10, mode, "floor", -0.75, False, shrink)
            np.testing.assert_allclose(weights.sum(1), 1, atol=1e-12)
            assert places.min() >= 0
            assert places.max() <= 9


def test_unknown_modes_are_refused():
    with pytest.raises(ValueError, match="coordinate"):
        _coordinates("mirror", 4, 8, 2.0, (0, 1), True)


def test_upsample_of_older_versions():
    m = om.loaded([om.node("Upsample", "x s", "y")], [om.value("x", [1, 1, 1, 2])],
                  [om.value("y")], [om.tensor("s", np.array([1, 1, 2, 2], np.float32))],
                  version=9)  # fmt: skip
    assert m(ct.tensor([[[[1.0, 2.0]]]])).tolist() == [[[[1, 1, 2, 2], [1, 1, 2, 2]]]]


def test_sizes_that_no_memory_holds_make_nothing_on_the_host():
    message = om.loaded(
        [om.helper.make_node("Resize", ["x", "", "", "s"], ["y"])],
        [om.value("x", [2, 3])], [om.value("y")], [om.tensor("s", np.array([2, 1 << 40]))],
    )  # fmt: skip
    with pytest.raises(ct.OutOfMemoryError, match="Resize: .* to .2, 1099511627776. are more"):
        message(ct.ones(2, 3))
