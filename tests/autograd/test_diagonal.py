"""Writing on the diagonal in place, beside NumPy."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import GradientError, ShapeError


@pytest.mark.parametrize(
    ("shape", "wrap"), [((3, 4), False), ((7, 3), False), ((7, 3), True), ((8, 3), True)]
)
def test_filling_the_diagonal(device, mode, shape, wrap):
    x = ct.zeros(shape)
    assert x.fill_diagonal_(5, wrap) is x
    wanted = np.zeros(shape)
    np.fill_diagonal(wanted, 5, wrap)
    np.testing.assert_array_equal(x.numpy(), wanted)


def test_filling_the_diagonal_of_views_and_cubes(device, mode):
    whole = ct.zeros(3, 5)
    whole.T[1:].fill_diagonal_(2)
    assert whole.tolist() == [[0, 2, 0, 0, 0], [0, 0, 2, 0, 0], [0, 0, 0, 2, 0]]
    cube = ct.ones(3, 3, 3, dtype="bool").fill_diagonal_(False)
    assert cube.sum().item() == 24
    assert not cube[1, 1, 1]
    assert ct.ones(0, 4).fill_diagonal_(2).shape == (0, 4)
    x = ct.ones(2, 2, requires_grad=True)
    (x * 3).fill_diagonal_(0).sum().backward()
    assert x.grad.tolist() == [[0, 3], [3, 0]]
    for shape in ((3,), (2, 3, 3)):
        with pytest.raises(ShapeError, match=r"fill_diagonal_: shape .* has no main diagonal"):
            ct.ones(shape).fill_diagonal_(0)
    with pytest.raises(GradientError):
        x.fill_diagonal_(0)
    with pytest.raises(TypeError, match="there is no keyword 'valu'; it takes fill_value, wrap"):
        ct.ones(2, 2).fill_diagonal_(valu=1)
