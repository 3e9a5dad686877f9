"""where: of two by a condition, as function and method, and where a condition holds."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError


def test_where_takes_scalars_and_conditions_of_any_type(device):
    x = ct.tensor([0.0, 2.0, -1.0])
    assert ct.where(x > 0, 1, 0).numpy().tolist() == [0, 1, 0]
    assert ct.where(x > 0, 1, 0).dtype == ct.int64
    assert ct.where(x, x, 9.0).numpy().tolist() == [9, 2, -1]
    assert ct.where(x > 0, x, ct.tensor([[5.0], [6.0]])).numpy().tolist() == [[5, 2, 5], [6, 2, 6]]
    assert ct.where(True, x, 1.0).numpy().tolist() == [0, 2, -1]


def test_where_of_numbers(device):
    mask = ct.tensor([True, False])
    for a, b, dtype in ((1, 2, "int64"), (1.0, 2, "float32"), (True, False, "bool")):
        assert ct.where(mask, a, b).dtype == dtype
        assert ct.where(mask, a, b).tolist() == [a, b]


def test_where_as_a_method_chooses_this_where_the_condition_holds(device):
    x = ct.tensor([1.0, -2.0, 3.0], requires_grad=True)
    y = x.where(x > 0, x * 10)
    assert y.tolist() == [1, -20, 3]
    y.sum().backward()
    assert x.grad.tolist() == [1, 10, 1]
    assert x.where(condition=x > 0, other=0).tolist() == [1, 0, 3]
    with pytest.raises(TypeError, match="where: there is no keyword 'nonsense'; it takes"):
        x.where(x > 0, nonsense=1)


def test_where_of_a_condition_alone_gives_the_places(device):
    a = np.float32([[0, 1, 2], [3, 0, 0]])
    found = ct.where(ct.tensor(a))
    assert type(found) is tuple
    assert [f.tolist() for f in found] == [[0, 0, 1], [1, 2, 0]]
    assert found[0].dtype == ct.int64
    assert [f.tolist() for f in ct.where(ct.tensor(True))] == [[0]]
    assert [f.tolist() for f in ct.where(condition=ct.tensor([False]))] == [[]]
    with pytest.raises(DTypeError, match="where: condition is a list"):
        ct.where([True])
    with pytest.raises(TypeError, match="where: takes a condition alone, or two"):
        ct.where(ct.tensor(True), 1)


def test_the_coordinates_of_elements_given_by_number(device):
    rows, columns = ct.unravel_index(ct.tensor([[5, 11], [0, -3]]), (3, 4))
    assert rows.tolist() == [[1, 2], [0, 2]]
    assert columns.tolist() == [[1, 3], [0, 1]]
    assert rows.dtype == ct.int64
    (only,) = ct.unravel_index(ct.tensor([5, 9], dtype=ct.uint8), 7)
    assert only.tolist() == [5, 2]
    assert only.dtype == ct.int64
    rows, columns = ct.unravel_index(ct.tensor([200], dtype=ct.uint8), (4, 300))
    assert (rows.tolist(), columns.tolist()) == ([0], [200])
    assert ct.unravel_index(ct.tensor([0]), ()) == ()
    with pytest.raises(DTypeError, match="indices are float32; give integers"):
        ct.unravel_index(ct.tensor([1.0]), (3,))
    with pytest.raises(ShapeError, match=r"an array of shape \(0, 3\) has no elements"):
        ct.unravel_index(ct.tensor([1]), (0, 3))
