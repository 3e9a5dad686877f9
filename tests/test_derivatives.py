"""Every derivative rule of the elementwise operations and reductions, first and second order.

Rules are checked against central differences. Several operations share one check, because each
check compiles kernels; when it fails, they are checked one by one so that the report has a name.
"""

import numpy as np
import pytest
from elementwise import special
from leaves import leaf, same, slopes

import cltensor as ct
from cltensor.core.op import OPERATIONS
from cltensor.errors import GradientError
from cltensor.testing import gradcheck, gradgradcheck

NAN, INF = float("nan"), float("inf")

#: Where the operations are smooth: unary ones by domain, away from steps and kinks.
DOMAINS = {
    "everywhere": [-1.7, -0.6, 0.3, 1.4],
    "positive": [0.4, 0.9, 1.6, 2.3],
    "negative": [-3.1, -1.4, -0.8, -0.2],
    "inside one": [-0.8, -0.3, 0.2, 0.7],
    "above one": [1.2, 1.7, 2.4, 3.1],
}
UNARY = {
    "everywhere": [
        ["exp", "exp2", "expm1", "sin", "cos"],
        ["atan", "sinh", "cosh", "tanh", "asinh"],
        ["erf", "sigmoid", "log1p_exp", "softplus", "square", "negative", "positive"],
        ["abs", "sign", "relu", "floor", "ceil", "trunc", "round", "reciprocal"],
        ["elu", "hardtanh", "scaled", "silu", "gelu", "gelu_tanh", "hardswish", "mish"],
        ["frac", "mantissa", "exponent", "finite"],
    ],
    "positive": [["log", "log2", "log10", "log1p", "sqrt", "rsqrt", "spread_of"]],
    "negative": [["exp_below"]],
    "inside one": [["asin", "acos", "atanh", "tan"]],
    "above one": [["acosh"]],
}
#: Operations with options that are no operands, as they are called.
WITH_OPTIONS = {
    "softplus": lambda x: OPERATIONS["softplus"](x, 2.0, 1.0),
    "elu": lambda x: OPERATIONS["elu"](x, 1.5),
    "hardtanh": lambda x: OPERATIONS["hardtanh"](x, -1.0, 1.0),
    "finite": lambda x: OPERATIONS["finite"](x, 0.0, 1.0, -1.0),
    "scaled": lambda x: OPERATIONS["scaled"](x, 3.0),
    "inside": lambda g, x: OPERATIONS["inside"](g, x, 0.75, 1.2),
}
BINARY = [
    ["add", "subtract", "multiply", "divide"],
    ["maximum", "minimum", "hypot", "atan2"],
    ["copysign", "remainder", "fmod", "floor_divide", "divide_toward_zero"],
    ["fmax", "fmin", "logaddexp", "logaddexp2"],
    ["pow", "clip_low", "clip_high", "gate", "inside"],
]


@pytest.fixture
def dtype(device):
    return "float64" if device.fp64 else "float32"


def together(functions):
    """The sum of several functions with unequal weights, so that errors cannot cancel."""
    weights = np.random.default_rng(0).uniform(0.5, 1.5, len(functions)).tolist()

    def total(*inputs):
        terms = [f(*inputs) * w for f, w in zip(functions, weights, strict=True)]
        return sum(terms[1:], terms[0])

    return total


def check(names, inputs):
    functions = [WITH_OPTIONS.get(name, OPERATIONS[name]) for name in names]
    try:
        assert gradcheck(together(functions), inputs)
        assert gradgradcheck(together(functions), inputs)
    except GradientError as error:
        for name, function in zip(names, functions, strict=True):
            for tool in (gradcheck, gradgradcheck):
                try:
                    tool(function, inputs)
                except GradientError as single:
                    raise AssertionError(f"{name}, {tool.__name__}: {single}") from error
        raise


def test_every_rule_of_an_elementwise_operation_is_checked():
    checked = {n for groups in UNARY.values() for g in groups for n in g}
    checked |= {n for g in BINARY for n in g} | {"where", "binary_cross_entropy"}
    # Parts of complex numbers and functions of them: beside those, in elementwise/test_parts.
    checked |= {"complex", "real_part", "imag_part", "conj_physical", "angle", "sgn"}
    assert ct.nn.functional  # which declares some, when it is first used
    pointwise = {n for n, op in OPERATIONS.items() if op.run.__qualname__.startswith("_pointwise")}
    assert {n for n in pointwise - special() if OPERATIONS[n].rules} == checked


@pytest.mark.parametrize(("domain", "names"), [(d, g) for d, gs in UNARY.items() for g in gs])
def test_unary(device, dtype, domain, names):
    check(names, [leaf(DOMAINS[domain], dtype)])


@pytest.mark.parametrize("names", BINARY)
def test_binary_with_broadcasting(device, dtype, names):
    a = leaf([[1.3, 0.45, 2.2], [0.8, 1.9, 3.3]], dtype)
    b = leaf([1.1, 0.7, 1.6], dtype)
    check(names, [a, b])


def test_where(device, dtype):
    condition = ct.tensor([True, False, True])
    a, b = leaf([1.0, 2.0, 3.0], dtype), leaf([[0.5, 1.5, 2.5]], dtype)
    function = lambda a, b: ct.where(condition, a * a, b * b * a)  # noqa: E731
    assert gradcheck(function, [a, b])
    assert gradgradcheck(function, [a, b])


SCALARS = {
    "x ** 2": lambda x: x**2,
    "x ** 3": lambda x: x**3,
    "x ** 0.5": lambda x: x**0.5,
    "x ** -1": lambda x: x**-1,
    "x ** 2.5": lambda x: x**2.5,
    "x ** numpy": lambda x: x ** np.float32(1.5),
    "x ** 0": lambda x: x**0,
    "2 ** x": lambda x: 2**x,
    "2.5 / x": lambda x: 2.5 / x,
    "3 - x": lambda x: 3 - x,
    "x % 0.7": lambda x: x % 0.7,
    "5 % x": lambda x: 5.05 % x,
    "maximum": lambda x: ct.maximum(x, 1.0),
    "minimum": lambda x: ct.minimum(1.0, x),
    "clip": lambda x: ct.clip(x, 0.5, 2.0),
    "hypot": lambda x: ct.hypot(x, 2.0),
    "atan2": lambda x: ct.atan2(1.5, x),
    "copysign": lambda x: ct.copysign(x, -1.0),
    "where": lambda x: ct.where(x > 1, x, 0.5),
    "gelu": ct.gelu,
    "gelu tanh": lambda x: ct.gelu(x, "tanh"),
    "silu": ct.silu,
}


@pytest.mark.parametrize("part", [0, 1, 2, 3])
def test_plain_numbers_and_composites(device, dtype, part):
    names = list(SCALARS)[part::4]
    functions = [SCALARS[name] for name in names]
    x = leaf(DOMAINS["positive"], dtype)
    for tool in (gradcheck, gradgradcheck):
        assert tool(together(functions), [x]), names


REDUCTIONS = {
    "sum": ct.sum,
    "prod": ct.prod,
    "max": ct.max,
    "min": ct.min,
    "mean": ct.mean,
    "var": ct.var,
    "std": ct.std,
    "norm": lambda x, axis: ct.norm(x, 2, axis),
    "norm 3": lambda x, axis: ct.norm(x, 3, axis),
    "norm inf": lambda x, axis: ct.norm(x, float("inf"), axis),
    "logsumexp": ct.logsumexp,
}


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions(device, dtype, name):
    x = leaf([[1.3, -0.45, 2.2], [0.8, 1.9, -3.3]], dtype)
    assert gradcheck(lambda x: REDUCTIONS[name](x, axis=1), [x])
    assert gradgradcheck(lambda x: REDUCTIONS[name](x, axis=1), [x])
    assert gradcheck(lambda x: REDUCTIONS[name](x, axis=None), [x])


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax(device, dtype, name):
    x = leaf([[1.3, -0.45, 2.2], [0.8, 1.9, -3.3]], dtype)
    assert gradcheck(lambda x: getattr(ct, name)(x, 0), [x])
    assert gradcheck(lambda x: getattr(ct, name)(x), [x])
    assert gradgradcheck(lambda x: getattr(ct, name)(x), [x])


@pytest.mark.parametrize("row", [[2.0, 3.0, 4.0], [2.0, 0.0, 4.0], [0.0, 3.0, 0.0], [0.0] * 3])
def test_products_with_zeros(device, dtype, row):
    x = leaf([row], dtype)
    assert gradcheck(lambda x: ct.prod(x, 1), [x])
    assert gradgradcheck(lambda x: ct.prod(x, 1), [x])
    assert gradgradcheck(lambda x: ct.prod(x), [leaf(np.reshape(row * 2, (2, 3)), dtype)])


def test_ties_share_the_gradient(device):
    x = leaf([1.0, 5.0, 5.0], "float32")
    x.max().backward()
    assert x.grad.numpy().tolist() == [0, 0.5, 0.5]
    a, b = leaf([1.0, 2.0], "float32"), leaf([1.0, 3.0], "float32")
    ct.maximum(a, b).sum().backward()
    assert a.grad.numpy().tolist() == [0.5, 0]
    assert b.grad.numpy().tolist() == [0.5, 1]


def test_edges_where_a_naive_rule_gives_nan(device):
    x = leaf([0.0, 0.0], "float32")
    x.norm().backward()
    assert x.grad.numpy().tolist() == [0, 0]
    y = leaf([0.0, 2.0], "float32")
    (y**3.5 + y**1 + y**0).sum().backward()
    np.testing.assert_allclose(y.grad.numpy(), [1, 1 + 3.5 * 2**2.5], rtol=1e-6)
    z = leaf([0.0, 1.0], "float32")
    (0.0**z).sum().backward()
    assert z.grad.numpy()[1] == 0


# ------------------------------------------------------------------------------- reductions


def test_ties_of_one_axis_go_to_the_first_and_others_are_shared(device):
    for sign in (1, -1):
        best = ct.max if sign == 1 else ct.min
        share = ct.amax if sign == 1 else ct.amin
        points = [sign * v for v in (1, 3, 3)]
        same(slopes(lambda x, f=best: f(x, axis=0), points)[1][0], [0, 1, 0])
        same(slopes(lambda x, f=best: f(x), points)[1][0], [0, 0.5, 0.5])
        same(slopes(lambda x, f=share: f(x, axis=0), points)[1][0], [0, 0.5, 0.5])
        same(slopes(lambda x, f=share: f(x), points)[1][0], [0, 0.5, 0.5])
        same(slopes(lambda x, f=best: f(x, axis=0), [1, NAN, NAN])[1][0], [0, 1, 0])
        same(slopes(lambda x, f=best: f(x), [1, NAN, NAN])[1][0], [0, 0.5, 0.5])
        grid = [[sign * v for v in row] for row in ([2, 2, 0], [2, 1, 0])]
        same(slopes(lambda x, f=best: f(x, axis=1), grid)[1][0], [[1, 0, 0], [1, 0, 0]])
        same(
            slopes(lambda x, f=best: f(x, axis=-2, keepdims=True), grid)[1][0],
            [[1, 1, 1], [0, 0, 0]],
        )
        same(
            slopes(lambda x, f=best: f(x, axis=(0, 1)), grid)[1][0],
            np.float32([[1, 1, 0], [1, 0, 0]]) / 3,
        )


@pytest.mark.parametrize("function", [ct.max, ct.min, ct.amax, ct.amin])
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 1)])
def test_derivatives_of_extremes(fp64, function, axis):
    x = leaf([[0.5, -2.0, 1.25], [1.5, 0.75, -0.5]], "float64")
    assert gradcheck(lambda x: function(x, axis=axis) ** 2, x)
    assert gradgradcheck(lambda x: function(x, axis=axis, keepdims=True) ** 3, x)


@pytest.mark.parametrize(
    ("points", "logsumexp", "slope", "log_softmax"),
    [
        ([1, NAN, 2], NAN, [NAN] * 3, [NAN] * 3),
        ([1, INF, 2], INF, [0, NAN, 0], [NAN] * 3),
        ([1, -INF, 2], 2.3132617, [0.2689414, 0, 0.7310586], [-1.3132617, -INF, -0.3132617]),
        ([-INF, -INF], -INF, [NAN] * 2, [NAN] * 2),
        ([INF, INF], INF, [NAN] * 2, [NAN] * 2),
    ],
)
def test_softmax_and_its_logarithm_of_extremes(device, points, logsumexp, slope, log_softmax):
    got, (grad,) = slopes(lambda x: ct.logsumexp(x, 0), points)
    same([got, *grad], [logsumexp, *slope])
    same(ct.log_softmax(ct.tensor(np.float32(points)), 0).tolist(), log_softmax)
    got, (grad,) = slopes(lambda x: ct.softmax(x, 0), points)
    same(got, np.exp(np.float32(log_softmax)))
    if not np.isfinite(logsumexp):
        same(grad, [NAN] * len(points))


def test_slopes_of_products_with_zeros(device):
    same(slopes(ct.prod, [0, 2, 3])[1][0], [6, 0, 0])
    same(slopes(ct.prod, [0, 0, 3])[1][0], [0, 0, 0])
    same(slopes(lambda x: ct.prod(x, 0), [[0, 2], [0, 0]])[1][0], [[0, 0], [0, 2]])
