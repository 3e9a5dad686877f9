"""SparseAdam names the way."""

import pytest

from cltensor import optim


def test_there_is_none_and_the_error_says_why():
    with pytest.raises(NotImplementedError, match="SparseAdam: .* all gradients are dense .*Adam"):
        optim.SparseAdam([], lr=0.1)
