"""Types of arguments."""

from cltensor.nn import common_types
from cltensor.nn.common_types import _ratio_2_t, _size_2_t


def test_types_say_how_many_numbers():
    assert _size_2_t == int | tuple[int, int]
    assert _ratio_2_t == float | tuple[float, float]
    assert sum(name.startswith("_size_") for name in vars(common_types)) == 10
