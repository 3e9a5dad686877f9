import numpy as np
import onnx_models as om
import pytest

import cltensor as ct
from cltensor.onnx import operators
from cltensor.onnx.operators import sizes
from cltensor.onnx.table import find

om.onnx  # noqa: B018  skips without it
A, B = np.array([7, -7, 3]), np.array([2, 2, -2])


def on_device(name, *arrays, **attributes):
    entry = find(name, 18)
    args = [ct.tensor(a) if entry.how(i) in ("", "Value") else a for i, a in enumerate(arrays)]
    found = entry.function(*args, **attributes)
    return found.numpy() if isinstance(found, ct.Tensor) else found


@pytest.mark.parametrize(
    ("name", "arrays", "attributes"),
    [
        *[(n, (A, B), {}) for n in ("Add", "Sub", "Mul", "Div", "Mod", "Max", "Min", "Equal")],
        ("Mod", (A, B), {"fmod": True}),
        ("Gather", (A, np.array([[0, -1]])), {"axis": 0}),
        ("Concat", (A, B), {"axis": 0}),
        ("ReduceProd", (A,), {"keepdims": False}),
        ("Cast", (A,), {"to": np.dtype("int32")}),
        ("Where", (A > 0, A, B), {}),
    ],
)
def test_the_host_gives_what_the_device_does(name, arrays, attributes):
    operators.declare()
    found = np.asarray(sizes._HOST[name](*arrays, **attributes))
    wanted = on_device(name, *arrays, **attributes)
    assert found.dtype == wanted.dtype
    np.testing.assert_array_equal(found, wanted)


def test_what_changes_shapes():
    host = sizes._HOST
    np.testing.assert_array_equal(
        host["Slice"](A, np.array([2]), np.array([-9]), np.array([0]), np.array([-1])), A[::-1]
    )
    assert host["Unsqueeze"](A, axes=[0, 2]).shape == (1, 3, 1)
    assert host["Squeeze"](A[None], np.array([0])).shape == (3,)
    assert host["Reshape"](A, np.array([0, 1])).shape == (3, 1)
    assert host["Range"](np.array(0), np.array(6), np.array(2)).tolist() == [0, 2, 4]
    assert host["Expand"](A, np.array([2, 1])).shape == (2, 3)


def test_large_ones_are_left_to_the_device():
    one = np.array([1])
    assert sizes._HOST["ConstantOfShape"](np.array([1 << 40]), value=one) is NotImplemented
    assert sizes._HOST["Expand"](A, np.array([1 << 20, 1])) is NotImplemented
    assert sizes._HOST["Range"](np.array(0), np.array(1 << 50), np.array(1)) is NotImplemented
    with pytest.raises(ZeroDivisionError):
        sizes._HOST["Div"](A, np.array([0]))
