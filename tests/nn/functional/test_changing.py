"""Activations that change their input."""

import pytest

import cltensor as ct
from cltensor.nn import functional as F


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("celu", (0.5,)), ("elu", (0.5,)), ("hardtanh", (-0.5, 0.25)), ("leaky_relu", (0.2,)),
        ("relu", ()), ("rrelu", (0.1, 0.3)), ("selu", ()), ("threshold", (0.5, 7.0)),
    ],
)  # fmt: skip
def test_the_input_takes_what_the_function_gives(device, name, arguments):
    x = ct.tensor([-2.0, -0.1, 0.3, 1.5])
    wanted = getattr(F, name)(x, *arguments).tolist()
    changed = getattr(F, name + "_")(x, *arguments)
    assert changed is x
    assert x.tolist() == wanted


def test_a_leaf_is_not_changed():
    with pytest.raises(ct.GradientError):
        F.relu_(ct.ones(1, requires_grad=True))
