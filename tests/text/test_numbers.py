"""Numbers of tokens in all forms; test_characters has more of them."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import IndexingError
from cltensor.text.numbers import numbers_of


def test_forms():
    for given in ([1, 2], (1, 2), np.array([1, 2], np.uint8), ct.tensor([1, 2]), range(1, 3)):
        found = numbers_of("f", given, 3)
        assert found == [1, 2]
        assert {type(x) for x in found} == {int}
    with pytest.raises(IndexingError, match="f: token 2 of 2; numbers begin at 0"):
        numbers_of("f", [1, 2], 2)
    with pytest.raises(TypeError, match="f: None is no number of a token"):
        numbers_of("f", None, 2)
