"""Images made larger, smaller, or put together differently."""

import pytest
from tabled import check_case, numbers

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError
from cltensor.nn import functional as F

#: (call, shapes of its operands, results, gradients), PyTorch's.
CASES = [
    (
        lambda x: F.pixel_shuffle(x, 2),
        [(1, 4, 1, 2)],
        [[-1.75, -1.75, 0.75, -0.75, -0.5, 2, -1, 0]],
        [[-1.75, -1.75, 0.75, -0.75, -0.5, 2, -1, 0]],
    ),
    (
        lambda x: F.pixel_unshuffle(x, 2),
        [(1, 1, 2, 4)],
        [[-1.75, -1.75, 0.75, -0.75, -0.5, 2, -1, 0]],
        [[-1.75, -1.75, 0.75, -0.75, -0.5, 2, -1, 0]],
    ),
    (
        lambda x: F.interpolate(x, scale_factor=1.5),
        [(1, 1, 4)],
        [[-1.75, -1.75, 0.75, -1.75, -1.75, -0.75]],
        [[-1, -1.75, -1.25, -1]],
    ),
    (
        lambda x: F.interpolate(x, 6, mode="nearest-exact"),
        [(1, 1, 4)],
        [[-1.75, 0.75, 0.75, -1.75, -0.75, -0.75]],
        [[-1.75, -1, -0.75, -1.5]],
    ),
    (
        lambda x: F.interpolate(x, 5, mode="linear"),
        [(1, 1, 3)],
        [[-1.75, -0.75, 0.75, -0.75, -1.75]],
        [[-1.3, -1.75, -0.95]],
    ),
    (
        lambda x: F.interpolate(x, (3, 4), mode="bilinear", align_corners=True),
        [(1, 1, 2, 3)],
        [
            [
                -1.75,
                -0.083333,
                -0.083333,
                -1.75,
                -1.25,
                -0.33333,
                -0.375,
                -1.375,
                -0.75,
                -0.58333,
                -0.66667,
                -1,
            ]
        ],
        [[-1.9167, -0.33333, -1, 0.41667, -2.3333, 1.1667]],
    ),
    (
        lambda x: F.interpolate(x, scale_factor=(1.5, 2.0), mode="bicubic"),
        [(1, 1, 2, 3)],
        [
            [
                -2.1211,
                -1.1322,
                0.52983,
                0.53704,
                -1.1146,
                -2.0971,
                -1.395,
                -0.88574,
                -0.02832,
                -0.069824,
                -0.98682,
                -1.5332,
                -0.66896,
                -0.63933,
                -0.58647,
                -0.67669,
                -0.85903,
                -0.96932,
            ]
        ],
        [[-0.50336, -2.5977, -1.6594, 3.0805, -1.3828, -2.9373]],
    ),
    (
        lambda x: F.interpolate(x, (2, 2), mode="bilinear", antialias=True),
        [(1, 1, 4, 5)],
        [[-0.038961, -0.24513, -0.24513, -0.038961]],
        [
            [
                -0.23864,
                -0.29221,
                -0.097403,
                0.097403,
                0.10227,
                -0.31818,
                -0.39935,
                -0.17857,
                0.042208,
                0.068182,
                -0.31818,
                -0.41883,
                -0.27597,
                -0.13312,
                -0.068182,
                -0.23864,
                -0.32143,
                -0.24351,
                -0.16558,
                -0.10227,
            ]
        ],
    ),
    (
        lambda x: F.interpolate(x, (3, 2), mode="bicubic", antialias=True),
        [(1, 1, 4, 5)],
        [[-0.36411, -0.65113, 0.3806, 0.3806, -0.65113, -0.36411]],
        [
            [
                -0.45441,
                -0.50475,
                -0.15918,
                0.20903,
                0.24444,
                -0.4964,
                -0.60213,
                -0.37266,
                -0.090185,
                0.0048276,
                -0.31974,
                -0.43273,
                -0.41594,
                -0.33998,
                -0.22893,
                -0.086549,
                -0.15203,
                -0.2493,
                -0.31111,
                -0.2423,
            ]
        ],
    ),
    (
        lambda x: F.interpolate(x, (2, 1, 3), mode="trilinear"),
        [(1, 1, 3, 2, 2)],
        [[-1.125, -0.625, -0.125, 0, -0.15625, -0.3125]],
        [
            [
                -0.51562,
                -0.51562,
                -0.51562,
                -0.51562,
                -0.29688,
                -0.32812,
                -0.29688,
                -0.32812,
                -0.375,
                -0.46875,
                -0.375,
                -0.46875,
            ]
        ],
    ),
    (
        lambda x: F.interpolate(x, (2, 3), mode="area"),
        [(1, 1, 3, 4)],
        [[-0.625, 0, -0.125, -0.5, -0.75, 0.375]],
        [
            [
                -0.4375,
                -0.25,
                -0.25,
                -0.4375,
                -0.625,
                -0.5625,
                -0.625,
                -0.6875,
                -0.1875,
                -0.3125,
                -0.375,
                -0.25,
            ]
        ],
    ),
    (
        lambda x: F.affine_grid(x, (2, 1, 2, 3), align_corners=True),
        [(2, 2, 3)],
        [
            [
                -0.75,
                0.25,
                -2.5,
                -0.5,
                -4.25,
                -1.25,
                0.75,
                -0.75,
                -1,
                -1.5,
                -2.75,
                -2.25,
                -0.5,
                5.5,
                1.5,
                3.5,
                3.5,
                1.5,
                -0.5,
                1.5,
                1.5,
                -0.5,
                3.5,
                -2.5,
            ]
        ],
        [[-2.75, 5.5, -2.5, -0.25, 0.5, -1.5, -2.5, 0.75, -2.75, 0, 0, -0.5]],
    ),
    (
        lambda x: F.affine_grid(x, (1, 1, 2, 1, 2), align_corners=False),
        [(1, 3, 4)],
        [[1, -0.75, 1.75, -0.75, -1.25, 3.25, -0.75, 1.25, -0.25, -2.5, 0.75, 1.25]],
        [[-1.5, 0, 1.25, -2.5, -1.625, 0, -1.125, -1.75, 0.375, 0, 2.875, 0.25]],
    ),
]


@pytest.mark.parametrize(("function", "shapes", "values", "gradients"), CASES)
def test_against_pytorchs_numbers(device, function, shapes, values, gradients):
    check_case(function, shapes, values, gradients)


def test_pad_takes_pytorchs_arguments():
    x = ct.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    assert F.pad(x, (1, 0)).tolist() == [[[0, 1, 2], [0, 3, 4]]]
    assert F.pad(x, (0, 0, 1, 0), "constant", 5.0).tolist() == [[[5, 5], [1, 2], [3, 4]]]
    assert F.pad(x, [1, 1], mode="reflect").tolist() == [[[2, 1, 2, 1], [4, 3, 4, 3]]]
    assert F.pad(x, pad=(0, 2), mode="replicate").tolist() == [[[1, 2, 2, 2], [3, 4, 4, 4]]]
    assert F.pad(x, (0, 1, 0, 1), mode="circular").tolist() == [[[1, 2, 1], [3, 4, 3], [1, 2, 1]]]
    with pytest.raises(DTypeError, match="pad: value -1 does not fit uint8"):
        F.pad(x.to("uint8"), (1, 1), value=-1)
    with pytest.raises(ShapeError, match="pad: pad is "):
        F.pad(x, (1, 1, 1))


def test_channels_in_groups(device):
    x = ct.arange(6).reshape(1, 6, 1)
    assert F.channel_shuffle(x, 2).ravel().tolist() == [0, 3, 1, 4, 2, 5]


def test_integers_are_shown_and_only_bytes_are_mixed(device):
    x = ct.tensor([[[1, 2, 3]]])
    assert F.interpolate(x, 6).tolist() == [[[1, 1, 2, 2, 3, 3]]]
    assert F.upsample(x.float(), 6).tolist() == [[[1, 1, 2, 2, 3, 3]]]
    assert F.upsample_nearest(x, 1).tolist() == [[[1]]]
    with pytest.raises(DTypeError, match="interpolate: 'linear' mixes pixels"):
        F.interpolate(x, 6, mode="linear")
    bytes_ = F.interpolate(x.to(ct.uint8), 5, mode="linear", align_corners=True)
    assert bytes_.dtype == ct.uint8
    assert bytes_.tolist() == [[[1, 2, 2, 3, 3]]]


def test_older_names(device):
    x = ct.tensor(numbers(1, 1, 2, 3))
    want = F.interpolate(x, 4, mode="bilinear", align_corners=True)
    assert F.upsample_bilinear(x, 4).tolist() == want.tolist()


def test_what_does_not_fit(device):
    x = ct.ones(1, 1, 4)
    for call, message in (
        (lambda: F.interpolate(x, 2, 2.0), "give one of them"),
        (lambda: F.interpolate(x, 2, mode="bilinear"), "interpolate: mode is 'bilinear'"),
        (lambda: F.interpolate(x, 2, align_corners=True), "align_corners says nothing"),
        (lambda: F.interpolate(x, 2, mode="linear", antialias=True), "antialias is for"),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    for call in (
        lambda: F.interpolate(x, (2, 2)),
        lambda: F.interpolate(x, scale_factor=0.1),
        lambda: F.pixel_shuffle(ct.ones(3, 1, 1), 2),
        lambda: F.pixel_unshuffle(ct.ones(1, 3, 3), 2),
        lambda: F.channel_shuffle(ct.ones(1, 3, 2), 2),
        lambda: F.affine_grid(ct.ones(1, 2, 3), (1, 1, 2)),
    ):
        with pytest.raises(ShapeError):
            call()
