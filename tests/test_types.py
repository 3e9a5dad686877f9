"""Types under PyTorch's names."""

import cltensor as ct
from cltensor import types


def test_types():
    assert isinstance(2, types.Number)
    assert not isinstance("2", types.Number)
    assert types.Tensor is ct.Tensor
    assert isinstance("cpu", types.Device)
