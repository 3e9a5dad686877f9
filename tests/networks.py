"""A network with a little of everything, its names, and what it holds."""

import numpy as np

import cltensor as ct
from cltensor import nn


class Net(nn.Module):
    """A little of everything: a child, a list, an own parameter and both kinds of buffer."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 3)
        self.rest = nn.ModuleList([nn.Linear(3, 3, bias=False), nn.BatchNorm1d(3)])
        self.scale = nn.Parameter(ct.ones(3))
        self.register_buffer("shift", ct.zeros(3))
        self.register_buffer("scratch", ct.zeros(2), persistent=False)

    def forward(self, x):
        x = self.first(x)
        for layer in self.rest:
            x = layer(x)
        return x * self.scale + self.shift


NAMES = ["scale", "first.weight", "first.bias", "rest.0.weight", "rest.1.weight", "rest.1.bias"]

STATE = [
    "scale", "shift", "first.weight", "first.bias", "rest.0.weight", "rest.1.weight",
    "rest.1.bias", "rest.1.running_mean", "rest.1.running_var", "rest.1.num_batches_tracked",
]  # fmt: skip


def values(module):
    return {name: value.numpy() for name, value in module.state_dict().items()}


def assert_same(found, wanted):
    assert list(found) == list(wanted)
    for name in wanted:
        np.testing.assert_array_equal(found[name], wanted[name])
