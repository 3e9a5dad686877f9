"""Complex numbers, element by element: beside NumPy, at special values, and their derivatives."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DTypeError, GradientError
from cltensor.testing import gradcheck, gradgradcheck

#: Functions, and NumPy's names of them.
FUNCTIONS = {
    "exp": "exp", "expm1": "expm1", "log": "log", "log2": "log2", "log10": "log10",
    "log1p": "log1p", "sqrt": "sqrt", "sin": "sin", "cos": "cos", "tan": "tan", "asin": "arcsin",
    "acos": "arccos", "atan": "arctan", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh",
    "asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh", "reciprocal": "reciprocal",
    "abs": "abs", "angle": "angle", "exp2": "exp2", "square": "square",
    "conj": "conj", "negative": "negative", "isnan": "isnan", "isinf": "isinf",
    "isfinite": "isfinite", "isreal": "isreal", "logical_not": "logical_not",
}  # fmt: skip
PAIRS = ["add", "subtract", "multiply", "divide", "equal", "not_equal", "logical_and",
         "logical_or", "logical_xor"]  # fmt: skip
DTYPES = ["complex64", "complex128"]


def draw(shape, dtype="complex64", seed=0):
    random = np.random.default_rng(seed)
    return (random.normal(size=shape) + 1j * random.normal(size=shape)).astype(dtype)


def need(device, dtype):
    if dtype == "complex128" and not device.fp64:
        pytest.skip(f"'{device}' ({device.title}) has no float64")


def near(got, want, factor=60):
    """Parts within some roundings of the larger one."""
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    if want.dtype.kind == "b":
        np.testing.assert_array_equal(got, want)
        return
    step = factor * np.finfo(want.dtype).eps
    np.testing.assert_allclose(got, want, rtol=step, atol=step)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_numpys(device, name, dtype):
    need(device, dtype)
    x = draw(200, dtype)
    x[::20] = x[::20].real
    with np.errstate(all="ignore"):
        want = getattr(np, FUNCTIONS[name])(x.astype("complex128"))
    kind = {"c": dtype, "f": x.real.dtype, "b": "bool"}[want.dtype.kind]
    near(getattr(ct, name)(ct.tensor(x)).numpy(), want.astype(kind))


@pytest.mark.parametrize("name", PAIRS)
def test_pairs_broadcast_and_promote(device, name):
    function = {"equal": "eq"}.get(name, name)
    a, b = draw((3, 1, 4)), draw((5, 4), seed=1)
    a[0, 0, :2] = b[0, :2]
    real = b.real.copy()
    for x, y in ((a, b), (a, real), (real, a), (a[::2, :, ::-1], b[1:])):
        got = getattr(ct, function)(ct.tensor(x), ct.tensor(y)).numpy()
        near(got, getattr(np, name)(x, y))
    near(getattr(ct, function)(ct.tensor(a), 2.5 - 1j).numpy(), getattr(np, name)(a, 2.5 - 1j))


#: Of C99's Annex G: function, operand, result; the sign of what is negative zero counts.
SPECIAL = [
    ("exp", complex(-np.inf, np.inf), 0j), ("exp", complex(0, -0.0), complex(1, -0.0)),
    ("log", complex(-0.0, 0.0), complex(-np.inf, np.pi)),
    ("log", complex(-1, -0.0), complex(0, -np.pi)),
    ("sqrt", complex(-4, -0.0), complex(0, -2)), ("sqrt", complex(-4, 0.0), complex(0, 2)),
    ("sqrt", complex(np.nan, np.inf), complex(np.inf, np.inf)),
    ("sqrt", complex(1e38, 1e38), complex(1.09868411e19, 4.5508986e18)),
    ("acos", complex(2, -0.0), complex(0, 1.3169578969)),
    ("asin", complex(2, 0.0), complex(np.pi / 2, 1.3169578969)),
    ("atanh", complex(2, -0.0), complex(0.5493061443, -np.pi / 2)),
    ("acos", complex(-0.0, np.nan), complex(np.pi / 2, np.nan)),
    ("acosh", complex(0, np.nan), complex(np.nan, np.pi / 2)),
    ("asin", complex(-0.0, np.nan), complex(-0.0, np.nan)),
    ("asinh", complex(np.nan, -0.0), complex(np.nan, -0.0)),
    ("atan", complex(np.nan, 0.0), complex(np.nan, 0)),
    ("atanh", complex(-0.0, np.nan), complex(-0.0, np.nan)),
    ("tanh", complex(np.inf, 1), 1 + 0j), ("tanh", complex(800, 1), 1 + 0j),
    ("sinh", complex(np.inf, 0), complex(np.inf, 0)),
    ("cosh", complex(-np.inf, 0), complex(np.inf, -0.0)),
    ("abs", complex(np.nan, -np.inf), np.inf), ("abs", complex(3e30, 4e30), 5e30),
    ("abs", complex(3e-30, 4e-30), 5e-30),
    ("sgn", complex(-0.0, -0.0), 0j), ("sgn", 3 - 4j, 0.6 - 0.8j),
    ("angle", complex(-1, -0.0), -np.pi), ("reciprocal", 1e30 + 1e30j, 5e-31 - 5e-31j),
    ("expm1", complex(-0.0, 0.0), 0j),
    ("expm1", 1e-20 + 1e-20j, 1e-20 + 1e-20j), ("log1p", 1e-20 + 1e-20j, 1e-20 + 1e-20j),
]  # fmt: skip


@pytest.mark.parametrize(("name", "x", "want"), SPECIAL)
def test_special_values(device, name, x, want):
    got = getattr(ct, name)(ct.tensor([x], dtype="complex64")).numpy()[0]
    for a, b in ((np.real(got), np.real(want)), (np.imag(got), np.imag(want))):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-37)
        if a == 0:
            assert np.signbit(a) == np.signbit(b)


def test_powers(device):
    z = ct.tensor([1 + 2j, 0j, -2 + 0j])
    assert (z**2).numpy().tolist() == [-3 + 4j, 0j, 4 + 0j]
    assert (z**3).numpy().tolist() == [-11 - 2j, 0j, -8 + 0j]
    near((z**0.5).numpy(), (z.numpy() ** 0.5).astype("complex64"))
    near((z ** (1 + 1j)).numpy()[[0, 2]], (z.numpy()[[0, 2]] ** (1 + 1j)).astype("complex64"))
    near((2**z).numpy(), 2 ** z.numpy())
    assert (ct.tensor([0j]) ** 0).numpy().tolist() == [1 + 0j]


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x < x, lambda x: x >= 1, lambda x: ct.maximum(x, x), ct.floor, ct.sign, ct.erf,
        lambda x: x % 2, lambda x: x // 2, lambda x: x.max(), lambda x: x.argmin(), ct.relu,
        ct.sort, lambda x: ct.cummax(x, 0), lambda x: ct.softmax(x, 0), ct.median,
        lambda x: ct.atan2(x, x), lambda x: ct.clip(x, 0, 1), lambda x: x & x,
        lambda x: ct.searchsorted(x, x),
    ],
)  # fmt: skip
def test_what_needs_an_order_is_refused(device, function):
    with pytest.raises(DTypeError, match=r"complex64|complex"):
        function(ct.tensor([1 + 2j]))


def test_numbers_from_parts(device):
    a, b = ct.tensor([1.0, 2.0]), ct.tensor([3.0, -4.0])
    assert ct.complex(a, b).numpy().tolist() == [1 + 3j, 2 - 4j]
    near(ct.polar(a, b).numpy(), (a.numpy() * np.exp(1j * b.numpy())).astype("complex64"))
    with pytest.raises(DTypeError, match=r"^complex: operands are float32 and int64; give two"):
        ct.complex(a, ct.tensor([1, 2]))


def test_casts(device):
    z = ct.tensor([1.5 + 2j, 0j, 1j])
    assert z.bool().tolist() == [True, False, True]
    with pytest.warns(UserWarning, match="imaginary parts"):
        assert z.float().tolist() == [1.5, 0, 0]
    with pytest.warns(UserWarning, match="imaginary parts"):
        assert z.to("int32").tolist() == [1, 0, 0]
    assert ct.tensor([1, 2]).cfloat().numpy().tolist() == [1 + 0j, 2 + 0j]
    assert ct.tensor([1 + 2j, 3]).dtype == ct.complex64
    assert ct.tensor(np.array([1j])).dtype == ct.complex128 if device.fp64 else True
    with pytest.raises(DTypeError, match=r"tensor: complex128 data have no float32"):
        ct.tensor([1j], dtype="float32")
    with pytest.raises(DTypeError, match=r"does not fit float32"):
        ct.zeros(2)[0] = 1j
    assert complex(ct.tensor(2 - 1j)) == 2 - 1j
    assert float(ct.tensor(2 + 0j)) == 2.0
    with pytest.raises(DTypeError, match="has an imaginary part"):
        float(ct.tensor(2 - 1j))


def test_complex128_is_refused_without_float64(device, monkeypatch):
    monkeypatch.setattr(device, "fp64", False)
    with pytest.raises(DTypeError, match=r"has no complex128; use complex64"):
        ct.zeros(3, dtype="complex128")


def test_sums_of_exponentials_and_places(device):
    z = ct.tensor([1 + 1j, 0j, 100 - 2j])
    want = np.log(np.exp(z.numpy().astype("complex128")).sum())
    np.testing.assert_allclose(ct.logsumexp(z, 0).numpy(), want, 1e-6)
    assert ct.nonzero(z).tolist() == [[0], [2]]


UNARY = [
    "exp exp2 expm1 log log2 log10 log1p sqrt rsqrt sigmoid square reciprocal",
    "sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh",
    "abs angle sgn conj conj_physical negative sum prod mean var std norm cumsum",
]


def leaf(*shape, seed=0, real=False):
    random = np.random.default_rng(seed)
    values = random.normal(size=shape)
    return ct.tensor(values if real else values + 1j * random.normal(size=shape),
                     requires_grad=True)  # fmt: skip


@pytest.mark.parametrize("names", UNARY)
def test_derivatives(fp64, names):
    for name in names.split():
        function = getattr(ct, name)
        assert gradcheck(function, [leaf(3)]), name
        assert gradgradcheck(function, [leaf(3)]), name


@pytest.mark.parametrize("kinds", [(False, False), (True, False), (False, True)])
def test_derivatives_of_pairs(fp64, kinds):
    def all_of(a, b):
        return (
            a * b + a / b - 2j * a,
            ct.where(ct.tensor([True, False, True]), a, b),
            b ** (a * 0.3),
        )

    a, b = leaf(3, real=kinds[0]), leaf(2, 3, seed=1, real=kinds[1])
    b = (abs(b) + 0.5).detach().requires_grad_() if kinds[1] else b
    assert gradcheck(all_of, [a, b])
    assert gradgradcheck(all_of, [a, b])


def test_derivatives_of_parts(fp64):
    a, b = leaf(3, real=True), leaf(3, seed=1, real=True)
    for function in (ct.complex, ct.polar):
        assert gradcheck(function, [a, b])
        assert gradgradcheck(function, [a, b])


def test_the_gradient_of_a_complex_result_has_a_direction(device):
    z = ct.tensor([1 + 2j, 3 - 1j], requires_grad=True)
    (z * z.conj()).real.sum().backward()
    assert z.grad.numpy().tolist() == [2 + 4j, 6 - 2j]
    with pytest.raises(GradientError, match="complex64, whose gradient has a direction"):
        (z * z).sum().backward()
    x = ct.tensor([2.0], requires_grad=True)
    (x * (1 + 2j)).backward(ct.tensor([1 + 1j]))
    assert x.grad.dtype == ct.float32
    assert x.grad.tolist() == [3.0]


def test_numbers_print_as_pytorchs(device):
    assert repr(ct.tensor([1 + 2j, 3 - 1j])) == "tensor([1.+2.j, 3.-1.j])"
    assert repr(ct.tensor([1.5 + 2j, -3 - 1j])) == "tensor([ 1.5000+2.j, -3.0000-1.j])"
    assert repr(ct.tensor([0j, complex(0, -0.0)])) == "tensor([0.+0.j, 0.-0.j])"
