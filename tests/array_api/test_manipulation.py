"""Shapes by the standard's rules."""

import pytest

from cltensor import array_api as xp
from cltensor.errors import IndexingError, ShapeError


def test_joined_arrays_promote(device):
    a, b = xp.ones((1, 2), dtype=xp.int8), xp.ones((1, 2))
    assert xp.concat([a, b], axis=None).shape == (4,)
    assert xp.concat((a, b)).dtype == xp.stack([a, b], axis=1).dtype == xp.float32
    assert xp.concat([b]) is not b


def test_axes_that_are_not_there(device):
    x = xp.ones((1, 2))
    assert xp.squeeze(x, axis=0).shape == (2,)
    with pytest.raises(ShapeError, match=r"squeeze: axis -1 of shape \(1, 2\) has size 2, not 1"):
        xp.squeeze(x, axis=(0, -1))
    assert xp.expand_dims(x, axis=(0, -1)).shape == (1, 1, 2, 1)
    with pytest.raises(IndexingError, match="expand_dims: axis 3 is out of range"):
        xp.expand_dims(x, axis=3)


def test_shapes(device):
    x = xp.reshape(xp.arange(6), (2, 3))
    assert xp.reshape(x, (3, -1), copy=False).shape == (3, 2)
    with pytest.raises(ValueError, match="view"):
        xp.reshape(x.T, (6,), copy=False)
    y = xp.reshape(x, (6,), copy=True)
    y[0] = 9
    assert x[0, 0].item() == 0
    assert xp.broadcast_shapes((2, 1), (3,)) == (2, 3)
    assert [a.shape for a in xp.broadcast_arrays(x, xp.ones(3))] == [(2, 3)] * 2
    assert xp.broadcast_to(xp.ones(3), (2, 3)).shape == (2, 3)
    assert xp.moveaxis(x, 0, 1).tolist() == xp.permute_dims(x, axes=(1, 0)).tolist()


def test_repeats_and_turns(device):
    x = xp.reshape(xp.arange(4), (2, 2))
    assert xp.repeat(x, 2).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert xp.repeat(x, xp.asarray([2, 1]), axis=0).tolist() == [[0, 1], [0, 1], [2, 3]]
    assert xp.tile(x, (1, 2)).tolist() == [[0, 1, 0, 1], [2, 3, 2, 3]]
    assert xp.roll(x, 1).tolist() == [[3, 0], [1, 2]]
    assert xp.flip(x, axis=0).tolist() == [[2, 3], [0, 1]]
    assert xp.flip(x, axis=()).tolist() == x.tolist()
    assert [a.tolist() for a in xp.unstack(x, axis=1)] == [[0, 2], [1, 3]]
