"""PyTorch's places for layers."""

import importlib

import pytest

from cltensor import nn


def test_layers_by_kind():
    from cltensor.nn.modules.batchnorm import _BatchNorm
    from cltensor.nn.modules.conv import Conv2d

    assert Conv2d is nn.Conv2d
    assert isinstance(nn.BatchNorm2d(3), _BatchNorm)
    assert nn.modules.Module is nn.Module
    for place, name in (("rnn", "LSTM"), ("sparse", "Embedding"), ("flatten", "Flatten"),
                        ("pooling", "MaxPool2d"), ("padding", "ZeroPad2d")):  # fmt: skip
        found = importlib.import_module(f"cltensor.nn.modules.{place}")
        assert getattr(found, name) is getattr(nn, name)
    with pytest.raises(AttributeError, match="did you mean 'pooling'"):
        nn.modules.poolin  # noqa: B018
