"""What several shapes have in common, and storage of a given layout."""

import pytest
from leaves import leaf

import cltensor as ct
from cltensor.errors import ShapeError


def test_common_shapes(device):
    assert ct.broadcast_shapes((2, 1), 3, (1, 1, 1)) == (1, 2, 3)
    assert ct.broadcast_shapes() == ()
    a, b = ct.broadcast_tensors(ct.ones(2, 1), ct.tensor([1.0, 2, 3]))
    assert (a.shape, b.tolist()) == ((2, 3), [[1, 2, 3]] * 2)
    with pytest.raises(ShapeError, match="broadcast_shapes: shapes"):
        ct.broadcast_shapes((2,), (3,))


def test_layouts(device):
    assert ct.empty_strided((2, 3), (1, 2)).strides == (1, 2)
    assert ct.ones(1, dtype=ct.int8).new_empty_strided((0, 3), (3, 1)).dtype == ct.int8
    assert ct.empty_permuted((2, 3, 4), (0, 2, 1)).strides == (12, 1, 3)
    with pytest.raises(ShapeError, match="give as many"):
        ct.empty_strided((2, 3), (1,))
    with pytest.raises(ShapeError, match="name each axis once"):
        ct.empty_permuted((2, 3), (0, 0))


def test_one_value(device):
    assert ct.scalar_tensor(3).dtype == ct.float32
    x = leaf([1.0, 2])
    filled = ct.fill(x, 5)
    assert filled.tolist() == [5, 5]
    filled.sum().backward()
    assert x.grad.tolist() == [0, 0]
    value = leaf(2.0)
    ct.fill(ct.ones(3), value).sum().backward()
    assert value.grad.item() == 3
    with pytest.raises(ShapeError, match="not one number"):
        ct.fill(x, ct.ones(2))


def test_parts_that_may_be_written(device):
    x = ct.arange(4)
    assert [p.tolist() for p in ct.unsafe_chunk(x, 2)] == [[0, 1], [2, 3]]
    assert [p.tolist() for p in ct.unsafe_split(x, 3)] == [[0, 1, 2], [3]]
