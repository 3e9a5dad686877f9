"""One number or several."""

import pytest

from cltensor.nn.modules.utils import (
    _list_with_default,
    _ntuple,
    _pair,
    _quadruple,
    _reverse_repeat_tuple,
    _single,
    _triple,
    consume_prefix_in_state_dict_if_present,
)


def test_a_number_is_repeated_and_several_are_a_tuple():
    assert _single(3) == (3,)
    assert _pair(3) == (3, 3)
    assert _pair([1, 2]) == (1, 2)
    assert _triple("abc") == ("a", "b", "c")
    assert _quadruple(0) == (0, 0, 0, 0)
    assert _ntuple(2, "both").__name__ == "both"


def test_tuples_are_turned_and_filled():
    assert _reverse_repeat_tuple((1, 2), 2) == (2, 2, 1, 1)
    assert _list_with_default(4, [7, 8]) == 4
    assert _list_with_default([None, 5], [1, 7, 8]) == [7, 5]
    with pytest.raises(ValueError, match="2 sizes for 2 asked for"):
        _list_with_default([None, 5], [7, 8])


def test_the_prefix_is_there():
    state = {"module.a": 1, "b": 2, "module.c": 3}
    consume_prefix_in_state_dict_if_present(state, "module.")
    assert list(state.items()) == [("a", 1), ("b", 2), ("c", 3)]
