"""Older forms that PyTorch still takes."""

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn
from cltensor.nn import functional as F


@pytest.mark.parametrize(
    ("shape", "axis"), [((), 0), ((3,), 0), ((2, 3), 1), ((2, 3, 4), 0), ((2, 3, 4, 5), 1)]
)
def test_softmax_without_a_dimension_takes_pytorchs_and_warns(device, shape, axis):
    x = ct.tensor(np.random.default_rng(0).normal(size=shape).astype("float32"))
    for function, layer in ((F.softmax, nn.Softmax()), (F.log_softmax, nn.LogSoftmax())):
        right = function(x, axis).numpy()
        for call in (function, layer):
            with pytest.warns(UserWarning, match="softmax: without dim, which is dep") as caught:
                found = call(x)
            assert caught[0].filename == __file__  # where the user can give one
            np.testing.assert_allclose(found.numpy(), right)


def test_softmax_takes_dim_and_dtype_where_pytorch_has_them(device):
    x = ct.ones(2, 2)
    assert F.softmax(x, 0, dtype=ct.float32).tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert F.softmax(x, 0, 3, ct.float32).tolist() == [[0.5, 0.5], [0.5, 0.5]]
    with pytest.raises(ct.ShapeError, match="softmax: _stacklevel is dtype"):
        F.softmax(x, 0, ct.float32)  # PyTorch would compute in another dtype, and not say so
