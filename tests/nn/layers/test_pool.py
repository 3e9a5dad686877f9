"""Pooling layers."""

import numpy as np
import pytest
from layers import assert_as_pytorch, host

import cltensor as ct
from cltensor import nn

# name, constructor arguments, shape of the input
LAYERS = [
    ("MaxPool2d", (2,), {}, (2, 3, 6, 8)),
    ("MaxPool2d", (3,), {"stride": 2, "padding": 1}, (2, 3, 7, 8)),
    ("AvgPool2d", (2,), {}, (2, 3, 6, 8)),
    ("AvgPool2d", (3,), {"stride": 2, "padding": 1}, (2, 3, 7, 8)),
    ("AdaptiveAvgPool2d", (1,), {}, (2, 3, 6, 8)),
    ("AdaptiveAvgPool2d", ((3, 4),), {}, (2, 3, 6, 8)),
    ("AdaptiveAvgPool2d", ((None, 2),), {}, (2, 3, 6, 8)),
    ("AdaptiveAvgPool2d", ((4, 3),), {}, (2, 3, 6, 8)),
    ("AdaptiveAvgPool2d", ((4, None),), {}, (3, 6, 8)),
    ("AdaptiveMaxPool2d", ((4, 3),), {}, (2, 3, 6, 8)),
    ("AdaptiveMaxPool2d", (2,), {}, (3, 6, 8)),
    ("MaxPool2d", (2,), {}, (3, 6, 8)),
    ("MaxPool2d", (2,), {"stride": 1, "padding": 1, "dilation": 3}, (2, 3, 6, 8)),
    ("MaxPool2d", ((3, 2),), {"stride": 3, "ceil_mode": True}, (2, 3, 7, 8)),
    ("AvgPool2d", (2,), {"padding": 1, "count_include_pad": False}, (3, 6, 8)),
    ("AvgPool2d", (3,), {"stride": 2, "ceil_mode": True, "divisor_override": -2}, (2, 3, 6, 8)),
]


@pytest.mark.parametrize(("name", "args", "options", "shape"), LAYERS)
def test_as_pytorch(name, args, options, shape):
    assert_as_pytorch(name, args, options, shape)


def test_pooling():
    x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    found = host(nn.MaxPool2d(2)(ct.tensor(x)))[0, 0]
    np.testing.assert_array_equal(found, [[5, 7], [13, 15]])
    found = host(nn.AvgPool2d(2)(ct.tensor(x)))[0, 0]
    np.testing.assert_array_equal(found, [[2.5, 4.5], [10.5, 12.5]])
    found = host(nn.AdaptiveAvgPool2d(1)(ct.tensor(x)))
    np.testing.assert_array_equal(found, [[[[7.5]]]])
    found = host(nn.AdaptiveAvgPool2d((1, 3))(ct.tensor(x)))
    np.testing.assert_array_equal(found, [[[[6.5, 7.5, 8.5]]]])
    found = host(nn.AdaptiveMaxPool2d(3)(ct.tensor(x)))
    np.testing.assert_array_equal(found, [[[[5, 6, 7], [9, 10, 11], [13, 14, 15]]]])
    _, places = nn.AdaptiveMaxPool2d(2, return_indices=True)(ct.tensor(x))
    assert places.tolist() == [[[[5, 7], [13, 15]]]]


ROW = [[[1.0, 5.0, 2.0, 4.0]]]


@pytest.mark.parametrize(
    ("name", "args", "out"),
    [
        ("MaxPool", (2,), [5, 4]),
        ("AvgPool", (2,), [3, 3]),
        ("LPPool", (1, 2), [6, 6]),
        ("AdaptiveAvgPool", (2,), [3, 3]),
        ("AdaptiveMaxPool", (2,), [5, 4]),
    ],
)
def test_of_rows_and_volumes(name, args, out):
    row = ct.tensor(ROW)
    assert getattr(nn, f"{name}1d")(*args)(row).tolist() == [[out]]
    if name.startswith("Adaptive"):
        args = ((1, 1, *args),)
    else:
        args = (*args[:-1], (1, 1, args[-1]))
    found = getattr(nn, f"{name}3d")(*args)(row.reshape(1, 1, 1, 1, 4))
    assert found.reshape(-1).tolist() == out


def test_what_was_pooled_is_put_back():
    row = ct.tensor(ROW)
    largest, places = nn.MaxPool1d(2, return_indices=True)(row)
    assert places.tolist() == [[[1, 3]]]
    assert nn.MaxUnpool1d(2)(largest, places).tolist() == [[[0, 5, 0, 4]]]
    longer = nn.MaxUnpool1d(2)(largest, places, output_size=[5])
    assert longer.tolist() == [[[0, 5, 0, 4, 0]]]
    image = row.reshape(1, 1, 2, 2)
    for axes, x in ((2, image), (3, image.unsqueeze(2))):
        taps = (1,) * (axes - 1) + (2,)
        found = getattr(nn, f"MaxPool{axes}d")(taps, return_indices=True)(x)
        out = getattr(nn, f"MaxUnpool{axes}d")(taps)(*found)
        assert out.reshape(-1).tolist() == [0, 5, 0, 4]
    assert (
        repr(nn.MaxUnpool2d(2)) == "MaxUnpool2d(kernel_size=(2, 2), stride=(2, 2), padding=(0, 0))"
    )


def test_windows_at_random_places():
    x = ct.arange(16).float().reshape(1, 4, 4)
    for options in ({"output_size": 2}, {"output_ratio": 0.5}):
        out = nn.FractionalMaxPool2d(2, **options)(x)
        assert out.shape == (1, 2, 2)
        assert out[0, 1, 1].item() == 15
    samples = ct.full((2, 1, 2), 0.5)
    layer = nn.FractionalMaxPool2d(2, 2, _random_samples=samples)
    assert list(layer.state_dict()) == ["_random_samples"]
    assert layer(x).tolist() == layer(x.unsqueeze(0).expand(2, 1, 4, 4))[0].tolist()
    assert nn.FractionalMaxPool3d(1, 1)(x.reshape(1, 4, 2, 2)).item() == 15
    with pytest.raises(ValueError, match="give one of them"):
        nn.FractionalMaxPool2d(2)
    with pytest.raises(ValueError, match=r"output_ratio is 1.5"):
        nn.FractionalMaxPool3d(2, output_ratio=1.5)
