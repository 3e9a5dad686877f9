"""Layers that resize and rearrange images."""

import cltensor as ct
from cltensor import nn


def test_upsampling():
    x = ct.tensor([[[[0.0, 2.0]]]])
    assert nn.Upsample(scale_factor=(1, 2))(x).tolist() == [[[[0, 0, 2, 2]]]]
    assert nn.UpsamplingNearest2d((1, 4))(x).tolist() == [[[[0, 0, 2, 2]]]]
    assert nn.UpsamplingBilinear2d((1, 3))(x).tolist() == [[[[0, 1, 2]]]]
    out = nn.Upsample(4, mode="linear", align_corners=False)(x[0])
    assert out.tolist() == [[[0, 0.5, 1.5, 2]]]


def test_channels_and_pixels():
    x = ct.arange(8).float().reshape(1, 4, 1, 2)
    out = nn.PixelShuffle(2)(x)
    assert out.tolist() == [[[[0, 2, 1, 3], [4, 6, 5, 7]]]]
    assert nn.PixelUnshuffle(2)(out).tolist() == x.tolist()
    assert nn.ChannelShuffle(2)(x)[0, :, 0, 0].tolist() == [0, 4, 2, 6]


def test_texts():
    assert repr(nn.Upsample(scale_factor=2)) == "Upsample(scale_factor=2.0, mode='nearest')"
    assert repr(nn.Upsample((2, 3), mode="bilinear")) == "Upsample(size=(2, 3), mode='bilinear')"
    assert repr(nn.PixelShuffle(2)) == "PixelShuffle(upscale_factor=2)"
