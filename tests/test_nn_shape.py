"""Flatten and Unflatten."""

import pytest
from layers import assert_as_pytorch

# name, constructor arguments, shape of the input
LAYERS = [
    ("Flatten", (), {}, (2, 3, 4)),
    ("Flatten", (0, 1), {}, (2, 3, 4)),
    ("Unflatten", (1, (2, 3)), {}, (4, 6)),
]


@pytest.mark.parametrize(("name", "args", "options", "shape"), LAYERS)
def test_as_pytorch(name, args, options, shape):
    assert_as_pytorch(name, args, options, shape)
