"""A layer and the normalisation behind it as one."""

import numpy as np
import pytest
from layers import array, host

import cltensor as ct
from cltensor import nn


def moved(bn):
    """The normalisation with statistics of its own, in evaluation."""
    for value in (bn.running_mean, bn.running_var, bn.weight, bn.bias):
        if value is not None:
            with ct.no_grad():
                value.uniform_(0.5, 2)
    return bn.eval()


@pytest.mark.parametrize(
    ("layer", "bn", "shape"),
    [
        (nn.Conv2d(2, 3, 2, bias=False), nn.BatchNorm2d(3), (2, 2, 3, 3)),
        (nn.ConvTranspose2d(2, 3, 2), nn.BatchNorm2d(3, affine=False), (2, 2, 3, 3)),
        (nn.Linear(2, 3), nn.BatchNorm1d(3), (4, 2)),
    ],
)
def test_fusion(layer, bn, shape):
    layer, bn = layer.eval(), moved(bn)
    x = ct.tensor(array(*shape))
    before = host(layer.weight).copy()
    if isinstance(layer, nn.Linear):
        fused = nn.utils.fuse_linear_bn_eval(layer, bn)
    else:
        fused = nn.utils.fuse_conv_bn_eval(layer, bn, isinstance(layer, nn.ConvTranspose2d))
    np.testing.assert_allclose(host(fused(x)), host(bn(layer(x))), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(host(layer.weight), before)
    assert isinstance(fused.bias, nn.Parameter)


def test_refusals():
    with pytest.raises(ValueError, match="fuse_conv_bn_eval: a layer is in training"):
        nn.utils.fuse_conv_bn_eval(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1))
    bn = nn.BatchNorm1d(2, track_running_stats=False).eval()
    with pytest.raises(ValueError, match="has no running statistics"):
        nn.utils.fuse_linear_bn_eval(nn.Linear(1, 2).eval(), bn)
    with pytest.raises(ct.ShapeError, match="3 outputs, and a normalisation of 2 channels"):
        nn.utils.fuse_linear_bn_eval(nn.Linear(1, 3).eval(), bn)
