"""Assignment, and the methods that end in an underscore: they write where the elements are."""

import math

import mpmath
import numpy as np
import pytest

import cltensor as ct
from cltensor.autograd.inplace import ALSO_IN_PLACE, ONLY_IN_PLACE, RESHAPING
from cltensor.errors import DeviceError, DTypeError, GradientError, IndexingError, ShapeError


def test_in_place_methods_change_the_tensor_all_names_share(device, mode):
    x = ct.tensor([1.0, 4.0])
    y = x
    assert x.add_(1) is x
    assert y.tolist() == [2, 5]
    x.mul_(ct.tensor([2.0, 3.0])).sub_(1).div_(2)
    assert y.tolist() == [1.5, 7]
    x.zero_()
    x.fill_(3.0)
    x.copy_(ct.tensor([5, 6]))
    assert y.tolist() == [5, 6]
    x.clamp_(max=5.5)
    assert x.tolist() == [5, 5.5]


FLOATS = np.float32([[0.4, 1.5, 2.7], [3.1, 0.9, 5.5]])
SMALL = FLOATS / 10
INTEGERS = np.array([[1, 2, 7], [12, 0, -5]])
MASK = [[True, False, True], [False, False, True]]


def _exact(function):
    return np.vectorize(lambda a: float(function(mpmath.mpf(float(a)))))


#: The method of each name: its arguments, and what NumPy makes of the elements.
THREES, TWOS = [[3.0] * 3] * 2, [[2.0] * 3] * 2
ROWS, BEST = (np.array([0, 0]),), [[-9, -9, 1], [9, 0, -9]]
METHODS = {
    **{n: ((), getattr(np, n)) for n in ("abs", "absolute", "arccos", "arccosh", "arcsin")},
    **{n: ((), getattr(np, n)) for n in ("arcsinh", "arctan", "arctanh")},
    **{n: ((), f) for n, f in (("fix", np.trunc), ("acos", np.arccos))},
    "arctan2": ((0.5,), lambda a: np.arctan2(a, 0.5)),
    "conj_physical": ((), np.conj),
    "float_power": ((2.0,), lambda a: a.astype("float64") ** 2),
    "sgn": ((), np.sign),
    "acosh": ((), np.arccosh),
    "add": ((2.0,), lambda a: a + 2),
    "addbmm": (([[[1.0], [2.0]]], [[[3.0, 3.0, 3.0]]]), lambda a: a + [[3], [6]]),
    "addmm": (([[1.0], [2.0]], [[3.0, 3.0, 3.0]]), lambda a: a + [[3], [6]]),
    "addr": (([1.0, 2.0], [3.0, 3.0, 3.0]), lambda a: a + [[3], [6]]),
    "asin": ((), np.arcsin),
    "asinh": ((), np.arcsinh),
    "atan": ((), np.arctan),
    "atan2": ((0.5,), lambda a: np.arctan2(a, 0.5)),
    "atanh": ((), np.arctanh),
    "bitwise_and": ((6,), lambda a: a & 6),
    "bitwise_left_shift": ((1,), lambda a: a * 2),
    "bitwise_not": ((), np.invert),
    "bitwise_right_shift": ((1,), lambda a: a >> 1),
    "bitwise_or": ((6,), lambda a: a | 6),
    "bitwise_xor": ((6,), lambda a: a ^ 6),
    "ceil": ((), np.ceil),
    "clamp": ((0.5, 2.0), lambda a: a.clip(0.5, 2)),
    "clamp_max": ((2.0,), lambda a: a.clip(None, 2)),
    "clamp_min": ((0.5,), lambda a: a.clip(0.5)),
    "clip": ((None, 1.0), lambda a: a.clip(None, 1)),
    "copy": (([[5.0, 6.0, 7.0]],), lambda a: np.broadcast_to([5, 6, 7], a.shape)),
    "copysign": ((-1.0,), lambda a: -a),
    "cos": ((), np.cos),
    "cosh": ((), np.cosh),
    "cumsum": ((1,), lambda a: a.cumsum(1)),
    "deg2rad": ((), np.deg2rad),
    "div": ((4.0,), lambda a: a / 4),
    "divide": ((4.0,), lambda a: a / 4),
    "eq": ((1.5,), lambda a: a == 1.5),
    "digamma": ((), _exact(mpmath.digamma)),
    "erf": ((), np.vectorize(math.erf)),
    "erfc": ((), np.vectorize(math.erfc)),
    "erfinv": ((), _exact(mpmath.erfinv)),
    "exp": ((), np.exp),
    "exp2": ((), np.exp2),
    "expm1": ((), np.expm1),
    "fill": ((7.0,), lambda a: np.full(a.shape, 7)),
    "floor": ((), np.floor),
    "floor_divide": ((0.7,), lambda a: a // np.float32(0.7)),
    "fmod": ((0.7,), lambda a: np.fmod(a, np.float32(0.7))),
    "frac": ((), lambda a: a - np.trunc(a)),
    "gcd": (([4],), lambda a: np.gcd(a, 4)),
    "ge": ((1.5,), lambda a: a >= 1.5),
    "greater": ((1.5,), lambda a: a > 1.5),
    "greater_equal": ((1.5,), lambda a: a >= 1.5),
    "gt": ((1.5,), lambda a: a > 1.5),
    "heaviside": (([0.5],), np.ones_like),
    "hypot": ((2.0,), lambda a: np.hypot(a, 2)),
    "i0": ((), np.i0),
    "igamma": ((THREES,), _exact(lambda a: mpmath.gammainc(a, 0, 3, True))),
    "igammac": ((THREES,), _exact(lambda a: mpmath.gammainc(a, 3, mpmath.inf, True))),
    "index_add": ((0, [1], [[1.0, 2.0, 3.0]]), lambda a: a + [[0, 0, 0], [1, 2, 3]]),
    "lcm": (([4],), lambda a: np.lcm(a, 4)),
    "ldexp": (([2],), lambda a: a * 4),
    "le": ((1.5,), lambda a: a <= 1.5),
    "less": ((1.5,), lambda a: a < 1.5),
    "less_equal": ((1.5,), lambda a: a <= 1.5),
    "lgamma": ((), np.vectorize(math.lgamma)),
    "log": ((), np.log),
    "log10": ((), np.log10),
    "log1p": ((), np.log1p),
    "log2": ((), np.log2),
    "logit": ((), lambda a: np.log(a / (1 - a))),
    "logical_and": ((MASK,), lambda a: MASK),
    "logical_not": ((), np.zeros_like),
    "logical_or": ((MASK,), np.ones_like),
    "logical_xor": ((MASK,), lambda a: np.logical_not(MASK)),
    "lt": ((1.5,), lambda a: a < 1.5),
    "masked_fill": ((MASK, 9.0), lambda a: np.where(MASK, 9, a)),
    "mul": ((3.0,), lambda a: a * 3),
    "multiply": ((3.0,), lambda a: a * 3),
    "mvlgamma": ((1,), np.vectorize(math.lgamma)),
    "nan_to_num": ((), lambda a: a),
    "ne": ((1.5,), lambda a: a != 1.5),
    "neg": ((), np.negative),
    "negative": ((), np.negative),
    "nextafter": (([9.0],), lambda a: np.nextafter(a, np.float32(9))),
    "not_equal": ((1.5,), lambda a: a != 1.5),
    "polygamma": ((1,), _exact(lambda a: mpmath.psi(1, a))),
    "pow": ((2,), np.square),
    "rad2deg": ((), np.rad2deg),
    "reciprocal": ((), np.reciprocal),
    "relu": ((), lambda a: a.clip(0)),
    "remainder": ((-0.7,), lambda a: np.mod(a, np.float32(-0.7))),
    "round": ((), np.round),
    "rsqrt": ((), lambda a: 1 / np.sqrt(a)),
    "addcdiv": ((THREES, TWOS, 4.0), lambda a: a + 6),
    "addcmul": ((THREES, TWOS, 0.5), lambda a: a + 3),
    "index_copy": (
        (1, [2, 0], [[1.0, 2.0], [3.0, 4.0]]),
        lambda a: np.stack([[2, 4], a[:, 1], [1, 3]], 1),
    ),
    "cumprod": ((0,), lambda a: np.cumprod(a, 0)),
    "index_put": ((ROWS, THREES, True), lambda a: a + [[6], [0]]),
    "index_reduce": (
        (1, [2, 2], [[1.0, 2.0], [2.0, 2.0]], "prod"),
        lambda a: a * [[1, 1, 2], [1, 1, 4]],
    ),
    "masked_scatter": ((MASK, THREES), lambda a: np.where(MASK, 3, a)),
    "put": (([0, -1], [8.0, 9.0]), lambda a: np.r_[8, a.ravel()[1:-1], 9].reshape(2, 3)),
    "renorm": ((1, 0, 1), lambda a: a / a.sum(1, keepdims=True)),
    "scatter_reduce": ((0, [[1, 1, 0]], [[9.0, 0.0, 1.0]], "amax"), lambda a: np.maximum(a, BEST)),
    "index_fill": ((1, [1], 7.0), lambda a: np.where([0, 1, 0], 7, a)),
    "lerp": ((THREES, 0.5), lambda a: (a + 3) / 2),
    "scatter": ((1, [[0], [2]], 9.0), lambda a: np.where([[1, 0, 0], [0, 0, 1]], 9, a)),
    "scatter_add": (
        (1, [[0, 0], [2, 1]], [[1.0, 2.0], [3.0, 4.0]]),
        lambda a: a + [[3, 0, 0], [0, 4, 3]],
    ),
    "sigmoid": ((), lambda a: 1 / (1 + np.exp(-a))),
    "sign": ((), np.sign),
    "sin": ((), np.sin),
    "sinc": ((), np.sinc),
    "sinh": ((), np.sinh),
    "sqrt": ((), np.sqrt),
    "square": ((), np.square),
    "sub": ((0.5,), lambda a: a - 0.5),
    "subtract": ((0.5,), lambda a: a - 0.5),
    "tan": ((), np.tan),
    "tanh": ((), np.tanh),
    "tril": ((-1,), lambda a: np.tril(a, -1)),
    "triu": ((1,), lambda a: np.triu(a, 1)),
    "true_divide": ((4.0,), lambda a: a / 4),
    "trunc": ((), np.trunc),
    "xlogy": ((THREES,), lambda a: a * np.log(3)),
    "zero": ((), np.zeros_like),
}
STARTS = {
    **dict.fromkeys(("acos", "asin", "atanh", "erfinv", "logit"), SMALL),
    **dict.fromkeys(("arccos", "arcsin", "arctanh"), SMALL),
    "float_power": FLOATS.astype("float64"),
    "arccosh": FLOATS + 1,
    **dict.fromkeys(("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not"), INTEGERS),
    **dict.fromkeys(("bitwise_left_shift", "bitwise_right_shift", "gcd", "lcm"), INTEGERS),
    "acosh": FLOATS + 1,
}
RANDOM = set("bernoulli cauchy exponential geometric log_normal normal random uniform".split())


#: Of another rank; see ops/linalg/test_products.
OF_OTHER_RANKS = {"addmv", "baddbmm"}


def test_every_method_is_swept():
    assert set(METHODS) | RANDOM | OF_OTHER_RANKS == {*ALSO_IN_PLACE, *ONLY_IN_PLACE}
    assert all(hasattr(ct.Tensor, f"{n}_") for n in (*METHODS, *RANDOM, *RESHAPING))


@pytest.mark.parametrize("name", METHODS)
def test_methods_do_what_their_operation_does(request, name):
    args, wanted = METHODS[name]
    args = [ct.tensor(a) if isinstance(a, list) else a for a in args]
    a = STARTS.get(name, FLOATS)
    if a.dtype == "float64":
        request.getfixturevalue("fp64")
    x = ct.tensor(a)
    whole = ct.zeros(3, 3, dtype=x.dtype)
    part = whole[:2].copy_(x)
    view, buffer = x.T, x.buffer
    for target in (x, part):
        assert getattr(target, f"{name}_")(*args) is target
        np.testing.assert_allclose(target.numpy(), wanted(a), rtol=1e-5, atol=1e-6)
    # Written where the elements are, so whoever shares them sees it.
    np.testing.assert_array_equal(view.numpy(), x.numpy().T)
    np.testing.assert_array_equal(whole.numpy()[:2], part.numpy())
    assert whole[2].tolist() == [0, 0, 0]
    assert x.buffer is buffer


@pytest.mark.parametrize(
    ("name", "args", "shape"),
    [
        ("squeeze", (0,), (2, 3)),
        ("swapaxes", (1, 2), (1, 3, 2)),
        ("t", (), (3, 2)),
        ("transpose", (0, 1), (2, 1, 3)),
        ("unsqueeze", (1,), (1, 1, 2, 3)),
    ],
)
def test_reshaping_in_place_shows_the_same_elements(device, name, args, shape):
    assert name in RESHAPING
    whole = ct.zeros(1, 2, 3)
    x = whole[0] if name == "t" else whole[:]
    assert getattr(x, f"{name}_")(*args) is x
    assert x.shape == shape
    x.add_(ct.arange(6, dtype="float32").reshape(shape))
    assert whole.sum().item() == 15
    assert whole.shape == (1, 2, 3)


def test_random_fills(device):
    ct.manual_seed(4)
    x = ct.zeros(100, 100)
    assert x.uniform_(-3, -1) is x
    assert -3 <= x.min().item() < -2.99
    assert -1.01 < x.max().item() < -1
    x.normal_(10, 2)
    np.testing.assert_allclose((x.mean().item(), x.std().item()), (10, 2), rtol=0.05)
    first = x.numpy()
    ct.manual_seed(4)
    x.uniform_(-3, -1).normal_(10, 2)
    np.testing.assert_array_equal(x.numpy(), first)
    with pytest.raises(DTypeError, match="uniform: makes floating-point numbers, not int32"):
        ct.zeros(2, dtype="int32").uniform_()


def test_transposing_in_place_takes_every_matrix(device, mode):
    x = ct.tensor([[1, 2, 3], [4, 5, 6]])
    row = x[0]
    assert x.t_() is x
    assert x.tolist() == [[1, 4], [2, 5], [3, 6]]
    assert x.add_(1).shape == (3, 2)
    assert row.tolist() == [2, 3, 4]
    with pytest.raises(ShapeError, match=r"add_: a result of shape \(2, 3, 2\)"):
        x.add_(ct.ones(2, 3, 2, dtype="int64"))


def test_transposing_in_place_keeps_gradients_and_values_together(device):
    leaf = ct.ones(2, 3, requires_grad=True)
    y = leaf * 2
    y.t_()
    (y * ct.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])).sum().backward()
    assert leaf.grad.tolist() == [[2, 6, 10], [4, 8, 12]]
    with pytest.raises(GradientError, match="t_: a leaf that requires a gradient cannot be"):
        leaf.t_()
    for x in (leaf, leaf * 2):
        with ct.no_grad(), pytest.raises(GradientError, match=r"cannot take the shape \(3, 2\)"):
            x.t_()
    turned = ct.jit(lambda x: (x + 1).t_())
    assert turned(ct.ones(2, 3)).shape == (3, 2)
    with pytest.raises(DeviceError, match="jit: changing a tensor's shape in place inside"):
        turned(ct.ones(2, 3))  # which would be recorded


def test_views_empty_and_zero_dimensional_tensors_change_too(device):
    x = ct.tensor([[1.0, 2.0], [3.0, 4.0]])
    column = x[:, 1]
    column.mul_(10)
    assert column.tolist() == [20, 40]
    assert x.tolist() == [[1, 20], [3, 40]]
    one, nothing = ct.tensor(2.0), ct.zeros(0, 3)
    assert one.add_(1).item() == 3
    one[()] = 7.0
    assert one.item() == 7
    assert nothing.add_(1).fill_(2).shape == (0, 3)
    nothing[:, 1] = 5.0
    assert nothing.shape == (0, 3)


def test_copying_casts_and_moves(device, other_device):
    x = ct.zeros(2, 2, dtype="int16")
    assert x.copy_(ct.tensor([1.9, -1.9], device=other_device)).tolist() == [[1, -1], [1, -1]]
    assert (x.dtype, x.device) == (ct.int16, device)
    with pytest.raises(ShapeError, match=r"copy_: shapes \(3,\) and \(2, 2\) do not broadcast"):
        x.copy_(ct.ones(3))


def test_a_pending_operand_keeps_what_it_was_made_of(device, mode):
    x = ct.tensor([1.0, 2.0])
    doubled = x * 2
    x.add_(100)
    x[0] = -1.0
    assert doubled.tolist() == [2, 4]
    assert x.tolist() == [-1, 102]


def test_assignment_writes_where_the_elements_are(device):
    x = ct.zeros(4).realize()
    buffer = x.buffer
    x[1] = 5.0
    view = x[2:]
    x[2] = 6.0
    x[[0, 3]] = ct.tensor([7.0, 8.0])
    assert x.buffer is view.buffer is buffer
    assert view.tolist() == [6, 8]
    assert x.tolist() == [7, 5, 6, 8]


def test_variables_change_and_record(device):
    x = ct.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    assert y.mul_(2) is y
    y[0] = 10.0
    y.sum().backward()
    assert x.grad.tolist() == [0, 6]
    with ct.no_grad():
        assert x.fill_(4.0) is x
    assert x.is_leaf
    assert x.tolist() == [4, 4]


def test_in_place_results_must_fit(device):
    x, n = ct.ones(2), ct.ones(2, dtype="int32")
    with pytest.raises(ShapeError, match=r"add_: a result of shape \(3, 2\) does not fit"):
        x.add_(ct.ones(3, 2))
    with pytest.raises(DTypeError, match="div_: a float32 result does not fit a int32 tensor in"):
        n.div_(2)
    with pytest.raises(ShapeError, match="add: shapes"):
        x.add_(ct.ones(3))
    assert x.tolist() == [1, 1]
    assert n.tolist() == [1, 1]


def test_item_assignment(device, mode):
    x = ct.zeros(3, 4)
    a = np.zeros((3, 4), "float32")
    for key, value in (
        ((0,), 5.0),
        ((slice(1, 3), 2), np.array([1.0, 2.0], "float32")),
        ((Ellipsis, -1), 7),
        ((slice(None, None, -2), slice(0, 2)), 3.5),
    ):
        x[key] = value
        a[key] = value
    np.testing.assert_array_equal(x.numpy(), a)
    x[x > 4] = 0.0
    a[a > 4] = 0
    np.testing.assert_array_equal(x.numpy(), a)
    with pytest.raises(ShapeError, match="setitem: "):
        x[0] = ct.ones(3)
    with pytest.raises(IndexingError, match="index 3 is out of range for axis 0 of size 3"):
        x[3] = 1.0
    np.testing.assert_array_equal(x.numpy(), a)


def test_a_tensor_assigned_to_itself(device):
    x = ct.arange(5)
    x[1:] = x[:-1]
    assert x.tolist() == [0, 0, 1, 2, 3]
    x[:] = x[::-1]
    assert x.tolist() == [3, 2, 1, 0, 0]


def test_random_elements_in_place(device):
    x = ct.zeros(1000)
    assert x.random_() is x
    assert (x == x.floor()).all().item()
    assert 0 <= x.min().item() < x.max().item() <= 1 << 24
    assert sorted(set(x.random_(2, 5).tolist())) == [2, 3, 4]
    assert sorted(set(x.random_(3).tolist())) == [0, 1, 2]
    small = ct.zeros(5000, dtype="uint8").random_()
    assert small.max().item() == 255
    assert 350 < x.bernoulli_(0.5).sum().item() < 650
    assert x.bernoulli_(ct.tensor(1.0)).min().item() == 1
    assert 0.3 < x.exponential_(lambd=2.0).mean().item() < 0.8
    assert x.min().item() >= 0
    with pytest.raises(ValueError, match="exponential_: lambd is 0"):
        x.exponential_(0)


def test_resize_shows_the_same_elements_only(device):
    x = ct.arange(6.0)
    assert x.resize_(2, 3) is x
    assert x.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert x.resize_((6,)).shape == (6,)
    assert x.resize_as_(ct.ones(1, 6)).shape == (1, 6)
    assert x.resize_(6) is x
    with pytest.raises(ShapeError, match="resize_: a tensor of shape .6,. has 6 elements"):
        x.resize_(7)


@pytest.mark.parametrize("recorded", [True, False])
@pytest.mark.parametrize(
    "change",
    [
        lambda x, y: x.copy_(y),
        lambda x, y: x.copy_(y[:1]),
        lambda x, y: x.fill_(2.0),
        lambda x, y: x.__setitem__(..., y),
    ],
)
def test_what_was_overwritten_has_a_gradient_of_zeros(device, change, recorded):
    a = ct.tensor([1.0, 2.0, 3.0], requires_grad=True)
    b = ct.tensor([4.0, 5.0, 6.0], requires_grad=recorded)
    x = a.clone()
    change(x, b)
    (found,) = ct.grad(x.sum(), [a], allow_unused=True)
    assert found.tolist() == [0, 0, 0]


@pytest.mark.parametrize("stored", [False, True])
def test_a_result_saved_in_place_is_changed_by_what_follows(device, stored):
    """Deferred and eager alike: the elements saved are those in place."""
    x = ct.tensor([1.0, 2.0], requires_grad=True)
    y = x * 1
    if stored:
        y.realize()
    y.exp_()
    y.sigmoid_()
    with pytest.raises(GradientError, match=r"exp saved 'out' .* and sigmoid_ changed it in place"):
        y.sum().backward()


def test_bounds_of_random_numbers_by_pytorchs_names(device):
    x = ct.ones(100)
    x.uniform_(**{"from": 2.0, "to": 3.0})
    assert 2 <= min(x.tolist()) <= max(x.tolist()) <= 3
    assert x.random_(**{"from": 2, "to": 3}).tolist() == [2] * 100
    assert x.random_(to=1).tolist() == [0] * 100
    assert set(x.random_(2).tolist()) == {0, 1}
