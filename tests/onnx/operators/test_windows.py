import numpy as np
import pytest

import cltensor as ct
from cltensor.onnx.operators.windows import least, padded, windows


def test_same_padding_puts_the_odd_element_behind_or_in_front():
    upper = windows([5], [2], [1], None, None, "SAME_UPPER")
    lower = windows([5], [2], [1], None, None, "SAME_LOWER")
    assert (upper.before, upper.behind) == ([0], [1])
    assert (lower.before, lower.behind) == ([1], [0])
    assert not upper.is_plain
    assert upper.counts([5]) == [5]


def test_ceil_mode_adds_a_window_only_where_it_begins_inside():
    assert windows([4], [3], [2], None, None, "NOTSET", ceil=True).beyond == [1]
    assert windows([3], [1], [3], [0, 1], None, "NOTSET", ceil=True).counts([3]) == [2 - 1]


def test_parts_are_the_places_of_a_window():
    around = windows([4], [2], [2], [1, 1], None, "NOTSET")
    x = padded(ct.arange(4.0).reshape(1, 1, 4), around, -1.0)
    assert [p.reshape(-1).tolist() for p in around.parts(x)] == [[-1, 1, 3], [0, 2, -1]]


def test_windows_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="strides"):
        windows([4], [2], [0], None, None, "NOTSET")
    with pytest.raises(ValueError, match="paddings"):
        windows([4], [2], None, [1], None, "NOTSET")
    with pytest.raises(ValueError, match="auto_pad"):
        windows([4], [2], None, None, None, "SAME")


def test_least():
    assert least(np.dtype("int8")) == -128
    assert least(np.dtype("float32")) == float("-inf")
