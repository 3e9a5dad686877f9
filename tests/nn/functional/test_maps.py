"""Linear maps."""

import pytest
from tabled import check_case

import cltensor as ct
from cltensor.errors import ShapeError
from cltensor.nn import functional as F

#: (call, shapes of its operands, results, gradients), PyTorch's.
CASES = [
    (
        lambda x, y, z: F.bilinear(x, y, z),
        [(2, 2), (2, 3), (2, 2, 3)],
        [[-9.6875, 10.25, -6.0625, 4.5]],
        [
            [-16.297, -5.1719, -2.4531, -3.9219],
            [-8.125, 1.8281, -5.1719, -4.8438, 0.51562, -3.8594],
            [
                -7.6562,
                0.76562,
                -8.4219,
                1.3125,
                -1.6406,
                0.98438,
                1.3125,
                -1.6406,
                0.98438,
                -1.4062,
                0.14062,
                -1.5469,
            ],
        ],
    ),
]


@pytest.mark.parametrize(("function", "shapes", "values", "gradients"), CASES)
def test_against_pytorchs_numbers(device, function, shapes, values, gradients):
    check_case(function, shapes, values, gradients)


def test_linear_refuses_mixed_dtypes(fp64):
    x, w, b = ct.zeros(4, 3), ct.zeros(2, 3), ct.zeros(2)
    message = r"linear: operands are float(32|64) and float(32|64).*; cast one"
    with pytest.raises(ct.DTypeError, match=message):
        F.linear(x.to("float64"), w, b)
    with pytest.raises(ct.DTypeError, match=message):
        F.linear(x, w, b.to("float64"))
    assert F.linear(x.to("float64"), w.to("float64")).dtype == ct.float64


def test_sizes_must_fit(device):
    with pytest.raises(ShapeError, match="bilinear: inputs"):
        F.bilinear(ct.ones(2, 2), ct.ones(2, 3), ct.ones(1, 3, 2))
    assert F.bilinear(ct.ones(0, 2), ct.ones(0, 3), ct.ones(4, 2, 3)).shape == (0, 4)


def test_bilinear_forms_of_small_integers_keep_their_dtype(device):
    x = ct.ones((2, 3), dtype="uint8")
    out = F.bilinear(x, x, ct.ones((1, 3, 3), dtype="uint8"))
    assert out.dtype == ct.uint8
    assert out.tolist() == [[9], [9]]
