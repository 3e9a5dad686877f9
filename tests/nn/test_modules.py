"""PyTorch's places for layers."""

import importlib

import pytest

import cltensor as ct
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


def test_bases_have_pytorchs_names():
    from cltensor.nn.modules.batchnorm import _BatchNorm
    from cltensor.nn.modules.conv import _ConvNd
    from cltensor.nn.modules.loss import _Loss, _WeightedLoss

    assert isinstance(nn.Conv2d(1, 1, 1), _ConvNd)
    assert isinstance(nn.ConvTranspose1d(1, 1, 1), _ConvNd)
    assert isinstance(nn.SyncBatchNorm(2), _BatchNorm)
    assert issubclass(nn.CrossEntropyLoss, _WeightedLoss)
    assert isinstance(nn.MaxPool2d(2), nn.modules.pooling._MaxPoolNd)
    assert isinstance(nn.Dropout2d(), nn.modules.dropout._DropoutNd)

    class Mine(_Loss):
        def __init__(self, size_average=None, reduce=None, reduction="mean"):
            super().__init__(size_average, reduce, reduction)

        def forward(self, x, y):
            return nn.functional.l1_loss(x, y, reduction=self.reduction)

    assert Mine(reduction="sum")(ct.ones(3), ct.zeros(3)).item() == 3
