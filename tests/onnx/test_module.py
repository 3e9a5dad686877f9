import numpy as np
import onnx_models as om
import pytest

import cltensor as ct


@pytest.fixture
def product():
    return om.loaded(
        [om.node("MatMul", "x w", "y")], [om.value("x", ["n", 2])], [om.value("y", ["n", 1])],
        [om.tensor("w", np.array([[2.0], [3.0]], np.float32))],
    )  # fmt: skip


def test_it_trains(product):
    target = ct.tensor([[1.0], [1.0]])
    x = ct.tensor([[1.0, 0.0], [0.0, 1.0]])
    optimizer = ct.optim.SGD(product.parameters(), lr=0.5)
    for _ in range(30):
        optimizer.zero_grad()
        ((product(x) - target) ** 2).sum().backward()
        optimizer.step()
    np.testing.assert_allclose(product.w.detach().numpy(), 1.0, atol=1e-4)


def test_inputs_are_checked_by_what_the_file_says(product):
    assert product(np.ones((3, 2), np.float32)).shape == (3, 1)
    assert product(x=np.ones((1, 2), np.float32)).tolist() == [[5.0]]
    with pytest.raises(ct.ShapeError, match=r"input 'x' takes the shape \('any', 2\)"):
        product(ct.ones(3, 3))
    with pytest.raises(ct.DTypeError, match="takes float32, and is given int64"):
        product(ct.ones(3, 2, dtype="int64"))
    with pytest.raises(TypeError, match="takes the inputs"):
        product()
    assert "inputs=['x']" in repr(product)


def test_it_takes_what_it_was_converted_to(product):
    x = ct.ones(3, 2)
    assert product.half()(x.half()).dtype == ct.float16
    with pytest.raises(ct.DTypeError, match="takes float16, and is given float32"):
        product(x)


def test_constants_are_read_again_when_they_change():
    m = om.loaded([om.node("Reshape", "x s", "y")], [om.value("x")], [om.value("y")],
                  [om.tensor("s", np.array([2, 2]))])  # fmt: skip
    assert m(ct.ones(4)).shape == (2, 2)
    m.member(0).copy_(ct.tensor([4, 1]))
    assert m(ct.ones(4)).shape == (4, 1)


def test_names_that_no_attribute_can_have():
    m = om.loaded([om.node("Mul", "x forward", "a"), om.node("Mul", "a /w", "y")],
                  [om.value("x", [1])], [om.value("y", [1])],
                  [om.tensor("forward", np.ones(1, np.float32)),
                   om.tensor("/w", np.full(1, 2, np.float32))])  # fmt: skip
    assert m(ct.tensor([3.0])).tolist() == [6.0]
    assert "/w" in m.state_dict()
