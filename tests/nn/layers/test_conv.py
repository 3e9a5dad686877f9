"""Conv2d and ConvTranspose2d: their options, and the arguments that they refuse."""

import numpy as np
import pytest
from layers import array, assert_as_pytorch, host

import cltensor as ct
from cltensor import nn

# name, constructor arguments, shape of the input
LAYERS = [
    ("Conv2d", (3, 4, 3), {}, (2, 3, 7, 6)),
    ("Conv2d", (4, 6, (3, 2)), {"stride": 2, "padding": (1, 0), "groups": 2}, (2, 4, 7, 8)),
    ("Conv2d", (2, 3, 3), {"padding": "same", "dilation": 2, "bias": False}, (1, 2, 8, 8)),
    ("Conv2d", (2, 3, 3), {"padding": "valid"}, (1, 2, 8, 8)),
    ("ConvTranspose2d", (3, 4, 3), {}, (2, 3, 5, 6)),
    ("ConvTranspose2d", (4, 6, (3, 2)), {"stride": 2, "output_padding": 1}, (1, 4, 3, 4)),
    ("ConvTranspose2d", (4, 6, 3, 2, 1), {"groups": 2, "bias": False}, (2, 4, 5, 3)),
    ("ConvTranspose2d", (2, 3, 3), {"dilation": 2, "padding": 1}, (1, 2, 5, 5)),
    ("ConvTranspose2d", (2, 3, 2), {"dilation": 3, "output_padding": 2}, (1, 2, 5, 4)),
    ("Conv2d", (3, 4, 3), {"padding": 1}, (3, 7, 6)),
    ("ConvTranspose2d", (3, 4, 3), {"stride": 2}, (3, 5, 6)),
    ("Conv2d", (2, 3, 3), {"padding": (2, 1), "padding_mode": "reflect"}, (1, 2, 5, 6)),
    ("Conv2d", (2, 3, 3), {"padding": 4, "padding_mode": "replicate"}, (2, 5, 6)),
    ("Conv2d", (2, 3, (3, 2)), {"padding": "same", "padding_mode": "circular"}, (1, 2, 5, 6)),
]


@pytest.mark.parametrize(("name", "args", "options", "shape"), LAYERS)
def test_as_pytorch(name, args, options, shape):
    assert_as_pytorch(name, args, options, shape)


def test_conv2d_checks_its_arguments():
    with pytest.raises(ct.ShapeError, match="groups=2 does not divide"):
        nn.Conv2d(3, 4, 3, groups=2)
    with pytest.raises(ValueError, match="Conv2d: padding_mode is 'mirror'"):
        nn.Conv2d(3, 4, 3, padding_mode="mirror")
    with pytest.raises(ValueError, match="ConvTranspose2d: padding_mode is 'reflect'"):
        nn.ConvTranspose2d(3, 4, 3, padding_mode="reflect")
    with pytest.raises(ct.ShapeError, match="Conv2d: padding is 'full'"):
        nn.Conv2d(3, 4, 3, padding="full")
    with pytest.raises(ct.ShapeError, match="ConvTranspose2d: padding is 'same'"):
        nn.ConvTranspose2d(3, 4, 3, padding="same")
    with pytest.raises(ct.ShapeError, match="conv2d"):
        nn.Conv2d(3, 4, 3)(ct.zeros(1, 2, 8, 8))


@pytest.mark.parametrize("bad", [True, 1.5, -1, 2**62, "3", (1, 2, 3)])
@pytest.mark.parametrize(
    "name",
    ["in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups"],
)
def test_numbers_that_are_no_sizes(name, bad):
    if name.endswith("channels") and bad == 2**62:
        bad = 2**70
    given = {"in_channels": 3, "out_channels": 4, "kernel_size": 3, name: bad}
    with pytest.raises(ct.ShapeError, match=f"Conv2d: {name}"):
        nn.Conv2d(**given)


def test_a_bias_of_another_size():
    with pytest.raises(ct.ShapeError, match=r"conv2d: bias has shape \(1,\); give \(2,\)"):
        nn.functional.conv2d(ct.ones(1, 3, 3), ct.ones(2, 1, 2, 2), ct.ones(1))


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_modes_of_padding_by_hand(mode):
    layer = nn.Conv2d(1, 1, 3, padding=(0, 1), padding_mode=mode, bias=False)
    nn.init.ones_(layer.weight)
    x = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
    more = {"reflect": (1, 2), "replicate": (0, 3), "circular": (3, 0)}[mode]
    wide = np.concatenate([x[0][:, more[:1]], x[0], x[0][:, more[1:]]], 1).sum(0)
    want = [[[wide[i : i + 3].sum() for i in range(4)]]]
    np.testing.assert_array_equal(host(layer(ct.tensor(x))), want)


def test_a_transposed_convolution_is_the_adjoint_of_the_convolution():
    down, up = nn.Conv2d(3, 4, 3, 2, 1, bias=False), nn.ConvTranspose2d(4, 3, 3, 2, 1, bias=False)
    up.weight.data = down.weight.data
    x, y = ct.tensor(array(2, 3, 7, 5)), ct.tensor(array(2, 4, 4, 3))
    np.testing.assert_allclose((down(x) * y).sum().item(), (x * up(y)).sum().item(), rtol=1e-4)
    with pytest.raises(ct.ShapeError, match="ConvTranspose2d: groups=2 does not divide"):
        nn.ConvTranspose2d(3, 4, 3, groups=2)


def test_conv2d_of_ones_counts_the_window():
    layer = nn.Conv2d(2, 1, 3, padding=1)
    nn.init.ones_(layer.weight)
    nn.init.constant_(layer.bias, 0.5)
    found = host(layer(ct.ones(1, 2, 3, 3)))[0, 0]
    np.testing.assert_array_equal(found, [[8.5, 12.5, 8.5], [12.5, 18.5, 12.5], [8.5, 12.5, 8.5]])


def test_rows_and_volumes_by_hand():
    row = nn.Conv1d(1, 1, 2, padding=1, padding_mode="replicate", bias=False)
    nn.init.ones_(row.weight)
    assert row(ct.tensor([[1.0, 2.0, 4.0]])).tolist() == [[2, 3, 6, 8]]
    volume = nn.Conv3d(1, 2, (1, 1, 2), bias=False)
    nn.init.ones_(volume.weight)
    assert volume(ct.tensor([[[[[1.0, 2.0, 4.0]]]]])).reshape(-1).tolist() == [3, 6, 3, 6]
    up = nn.ConvTranspose1d(1, 1, 2, 2, bias=False)
    nn.init.ones_(up.weight)
    assert up(ct.tensor([[1.0, 2.0]])).tolist() == [[1, 1, 2, 2]]
    assert up(ct.tensor([[1.0, 2.0]]), output_size=[5]).tolist() == [[1, 1, 2, 2, 0]]
    deep = nn.ConvTranspose3d(1, 1, (1, 1, 2), 2, bias=False)
    nn.init.ones_(deep.weight)
    assert deep(ct.ones(1, 1, 1, 1, 2)).reshape(-1).tolist() == [1, 1, 1, 1]
    with pytest.raises(ct.ShapeError, match=r"output_size is \(9,\) .* give from \(4,\) to \(5,\)"):
        up(ct.tensor([[1.0, 2.0]]), output_size=[9])
    with pytest.raises(ct.ShapeError, match="Conv1d: padding is 'same' with stride 2"):
        nn.Conv1d(1, 1, 3, 2, "same")
    assert repr(row).endswith("padding=(1,), bias=False, padding_mode=replicate)")
