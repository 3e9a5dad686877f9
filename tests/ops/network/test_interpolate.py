"""Tables of places and weights."""

import numpy as np
import pytest

from cltensor.ops.network import interpolate


@pytest.mark.parametrize("out", [1, 3, 5, 8])
def test_weights_add_up_to_one(out):
    for table in (
        interpolate.linear(5, out, False, None),
        interpolate.linear(5, out, True, None),
        interpolate.cubic(5, out, False, 1.7),
        interpolate.smooth(5, out, False, None, False),
        interpolate.smooth(5, out, False, None, True),
        interpolate.area(5, out),
        interpolate.nearest(5, out, True, None),
    ):
        assert table.places.shape == table.weights.shape
        assert table.places.min() >= 0
        assert table.places.max() < 5
        np.testing.assert_allclose(table.weights.sum(1), np.ones(out))


def test_places_of_the_nearest():
    assert interpolate.nearest_places(4, 6, False, None).tolist() == [0, 0, 1, 2, 2, 3]
    assert interpolate.nearest_places(4, 6, True, None).tolist() == [0, 1, 1, 2, 3, 3]
    assert interpolate.area(5, 2).places.tolist() == [[0, 1, 2], [2, 3, 4]]
