"""Layers that pad."""

import pytest

import cltensor as ct
from cltensor import nn

ROW = [[1.0, 2.0, 3.0]]


@pytest.mark.parametrize(
    ("layer", "out"),
    [
        (nn.ReflectionPad1d((2, 1)), [[3, 2, 1, 2, 3, 2]]),
        (nn.ReplicationPad1d((2, 1)), [[1, 1, 1, 2, 3, 3]]),
        (nn.CircularPad1d((2, 1)), [[2, 3, 1, 2, 3, 1]]),
        (nn.ConstantPad1d((2, -1), 7.0), [[7, 7, 1, 2]]),
        (nn.ZeroPad1d(1), [[0, 1, 2, 3, 0]]),
    ],
)
def test_rows(layer, out):
    assert layer(ct.tensor(ROW)).tolist() == out


@pytest.mark.parametrize("kind", ["Reflection", "Replication", "Circular", "Constant", "Zero"])
def test_images_and_volumes_pad_each_axis(kind):
    value = (1.5,) if kind == "Constant" else ()
    x = ct.arange(8).float().reshape(1, 2, 2, 2)
    one, two, three = [getattr(nn, f"{kind}Pad{n}d") for n in (1, 2, 3)]
    image = two((1, 0, 0, 1), *value)(x)
    rows = one((1, 0), *value)(x[0]).unsqueeze(0)
    assert image[..., :2, :].tolist() == rows.tolist()
    assert image.shape == (1, 2, 3, 3)
    volume = three((1, 0, 0, 1, 0, 0), *value)(x)
    assert volume.tolist() == image.tolist()
    assert three(1, *value).padding == (1,) * 6


def test_refusals_and_texts():
    with pytest.raises(
        ct.ShapeError, match=r"ReflectionPad2d: an input of shape \(3,\); give 3 or"
    ):
        nn.ReflectionPad2d(1)(ct.zeros(3))
    with pytest.raises(ct.ShapeError, match="CircularPad1d: padding is"):
        nn.CircularPad1d((1, 2, 3))
    assert repr(nn.ZeroPad2d(1)) == "ZeroPad2d((1, 1, 1, 1))"
    assert repr(nn.ConstantPad1d(1, 2.0)) == "ConstantPad1d(padding=(1, 1), value=2.0)"
