import onnx_models as om
import pytest

import cltensor as ct
from cltensor import nn

F = nn.functional


def numbers(x, y):
    return (
        x // y, x % y, ct.fmod(x, y), x > y, (x > 0) & (y > 0), ct.where(x > 0, x, y), x**2,
        x != y, ct.clamp(x, -0.5, 0.5), ct.rsqrt(y), ct.log1p(y),
        ct.expm1(x), ct.log2(y), ct.exp2(x), ct.round(x),
    )  # fmt: skip


def activations(x, y):
    return (
        F.gelu(x), F.gelu(x, approximate="tanh"), F.silu(x), F.elu(x, 0.5), F.leaky_relu(x, 0.1),
        F.softplus(x, 2.0), F.hardswish(x), F.mish(x), F.relu6(x), F.sigmoid(x), F.tanh(x),
    )  # fmt: skip


def integers(x, y):
    return (
        x // y, x % y, ct.div(x, y, rounding_mode="trunc"), x / y, x + 1.5, x * 2, x & y, ~x,
        x.to(ct.float32), x > 1, x.bool(), ct.maximum(x, y),
    )  # fmt: skip


@pytest.mark.parametrize("version", [18, 20])
@pytest.mark.parametrize("function", [numbers, activations])
def test_floats(function, version):
    x = ct.tensor([-1.5, -0.25, 0.75, 2.0])
    y = ct.tensor([0.5, 1.25, 2.0, 1.5])
    module = om.Of(function)
    om.same_in_runtime(om.written(module, x, y, opset_version=version), module, x, y)


def test_integers():
    x, y = ct.tensor([-7, 7, 3, -2]), ct.tensor([2, -2, 3, 5])
    module = om.Of(integers)
    om.same_in_runtime(om.written(module, x, y), module, x, y)


def flags(x, y):
    a, b = x > 0, y > 2
    return (
        ~a, a + b, a * b, a < b, a >= b, a == b, ct.maximum(a, b), ct.minimum(a, b), a ^ b, a | b,
        x.floor(), x.ceil(), x.round(), x.isnan(),
    )  # fmt: skip


def test_flags_and_functions_that_leave_whole_numbers():
    x, y = ct.tensor([-7, 7, 3, -2]), ct.tensor([2, -2, 3, 5])
    module = om.Of(flags)
    om.same_in_runtime(om.written(module, x, y), module, x, y)


def test_numbers_that_the_dtype_has_not_are_compared_as_they_are():
    module = om.Of(lambda x: (x > -1, x == 300, x < 256, x != -5))
    x = ct.tensor([0, 1, 255, 44], dtype=ct.uint8)
    om.same_in_runtime(om.written(module, x, verify=False), module, x)
