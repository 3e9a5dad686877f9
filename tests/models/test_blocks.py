"""Parts of several families."""

import numpy as np

import cltensor as ct
from cltensor import nn
from cltensor.models import blocks


def test_channels_are_rounded_down_by_a_tenth_at_most():
    for channels, wanted in ((32, 32), (33, 32), (36, 40), (11, 16), (3, 8), (1.0, 8), (18, 24)):
        assert blocks.make_divisible(channels) == wanted, channels
    assert blocks.make_divisible(33, 1) == 33


def test_conv_norm_activation():
    layers = blocks.ConvNormActivation(3, 4, 5, 2, dilation=2)
    assert [type(layer) for layer in layers] == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU]
    assert (layers[0].padding, layers[0].bias) == ((4, 4), None)
    (layer,) = blocks.ConvNormActivation(3, 4, norm=None, activation=None)
    assert layer.bias is not None


def test_squeeze_excitation():
    layer = blocks.SqueezeExcitation(2, 1)
    values = {"fc1.weight": 1.0, "fc1.bias": 0.0, "fc2.weight": 2.0, "fc2.bias": -1.0}
    shapes = {name: value.shape for name, value in layer.state_dict().items()}
    layer.load_state_dict({name: ct.full(shapes[name], value) for name, value in values.items()})
    x = np.arange(8.0, dtype=np.float32).reshape(1, 2, 2, 2)
    scale = 1 / (1 + np.exp(-(2 * (x[0, 0].mean() + x[0, 1].mean()) - 1)))
    np.testing.assert_allclose(layer(ct.tensor(x)).detach().numpy(), x * scale, rtol=1e-5)


def test_stochastic_depth_leaves_out_examples():
    ct.manual_seed(0)
    layer, x = blocks.StochasticDepth(0.25), ct.ones((2000, 2))
    found = layer(x).numpy()
    np.testing.assert_allclose(np.unique(found), [0, 4 / 3], rtol=1e-6)
    assert (found[:, 0] == found[:, 1]).all()
    assert abs((found[:, 0] == 0).mean() - 0.25) < 0.05
    assert layer.eval()(x) is x
