"""Shapes as users see them."""

import pickle

import numpy as np
import pytest

import cltensor as ct


def test_a_shape_is_a_tuple_that_counts_and_prints_its_kind(device):
    x = ct.zeros(2, 3, 4)
    assert x.shape == (2, 3, 4) == x.size()
    assert isinstance(x.shape, ct.Size)
    assert repr(x.shape) == str(x.shape) == "Size([2, 3, 4])"
    assert f"{x.shape}" == "(2, 3, 4)"
    assert x.shape.numel() == 24
    assert x.shape[1:].numel() == 12
    assert x.shape[-1] == 4
    assert repr(x.shape + (1,)) == "Size([2, 3, 4, 1])"
    assert hash(x.shape) == hash((2, 3, 4))
    assert repr(ct.tensor(1).shape) == "Size([])"
    assert ct.tensor(1).shape.numel() == 1
    first, *rest = x.shape
    assert first == 2
    assert rest == [3, 4]
    assert np.zeros(x.shape).shape == (2, 3, 4)
    assert ct.ones(x.shape).shape == x.shape
    assert pickle.loads(pickle.dumps(x.shape)) == x.shape


def test_size_is_a_number_and_a_method(device):
    x = ct.zeros(2, 3)
    assert x.size == 6
    assert x.size(0) == 2
    assert x.size(-1) == 3
    assert x.size(dim=1) == 3
    assert repr(x.size()) == "Size([2, 3])"
    with pytest.raises(ct.IndexingError, match="size: dim 2 is out of range for a tensor of 2 dim"):
        x.size(2)
    with pytest.raises(ct.IndexingError, match="size: dim 0 .* 0 dimensions"):
        ct.tensor(1).size(0)


def test_shapes_are_arguments_of_jitted_functions(device):
    function = ct.jit(lambda x, shape: x.reshape(shape) * 2)
    x = ct.arange(6.0)
    for _ in range(4):
        assert function(x, ct.zeros(2, 3).shape).tolist() == [[0, 2, 4], [6, 8, 10]]


def test_sums_and_multiples_of_shapes_are_shapes():
    shape = ct.Size([2, 3])
    for made, right in (
        ((1,) + shape, (1, 2, 3)),
        (shape + (4,), (2, 3, 4)),
        (shape * 2, (2, 3, 2, 3)),
        (2 * shape, (2, 3, 2, 3)),
    ):
        assert made == right
        assert type(made) is ct.Size
    with pytest.raises(TypeError):
        [1] + shape
