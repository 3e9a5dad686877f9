"""Python's operators, and the methods that Tensors have."""

import operator
import re

import numpy as np
import operands
import pytest

import cltensor as ct
from cltensor.core.operators import CASTS
from cltensor.dtypes import as_dtype
from cltensor.errors import CLTensorError, DTypeError, ShapeError
from cltensor.halves import cast_array, to_array

METHODS = [n for n in dir(ct.Tensor) if getattr(getattr(ct, n, None), "is_method", False)]


@pytest.fixture
def x(device):
    return ct.tensor(np.arange(6, dtype="float32").reshape(2, 3))


OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
}


@pytest.mark.parametrize("symbol", OPERATORS)
def test_python_operators_both_ways(device, symbol):
    function = OPERATORS[symbol]
    a, b = np.array([6, -7, 5, 2], "int32"), np.array([3, 2, -1, 2], "int32")
    if symbol in ("<<", ">>"):
        b = np.abs(b)
    x, y = ct.tensor(a), ct.tensor(b)
    want = function(a, b)
    for got in (function(x, y), function(ct.Variable(x), y), function(x, ct.Variable(y))):
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-6)
    np.testing.assert_allclose(function(x, 2).numpy(), function(a, 2), rtol=1e-6)
    np.testing.assert_allclose(function(9, y).numpy(), function(9, b), rtol=1e-6)


def test_unary_operators(device):
    x = ct.tensor([-1.5, 0.0, 2.0])
    assert (-x).numpy().tolist() == [1.5, 0, -2]
    assert (+x).numpy().tolist() == [-1.5, 0, 2]
    assert abs(x).numpy().tolist() == [1.5, 0, 2]
    assert (~(x > 0)).numpy().tolist() == [True, True, False]
    assert (~ct.tensor([0, 5])).numpy().tolist() == [-1, -6]


def test_comparison_with_none_is_by_identity(device):
    x = ct.ones(2)
    assert (x == None) is False  # noqa: E711
    assert (x != None) is True  # noqa: E711
    assert None not in [x]
    with pytest.raises(DTypeError, match="less: cannot combine a tensor with a NoneType"):
        x < None  # noqa: B015


def test_membership_and_divmod(device):
    values = ct.tensor([7, -7, 3])
    assert 3 in values
    assert 4 not in values
    assert None not in values
    for quotient, rest in (divmod(values, 2), divmod(2, values), divmod(values, values)):
        assert isinstance(quotient, ct.Tensor)
        assert isinstance(rest, ct.Tensor)
    assert [part.tolist() for part in divmod(values, 2)] == [[3, -4, 1], [1, 1, 1]]
    assert [part.tolist() for part in divmod(2, values)] == [[0, -1, 0], [2, -5, 2]]


def test_order_matters_where_operands_are_exchanged(x):
    a = x.numpy() + 1
    y = ct.tensor(a)
    for function in (operator.sub, operator.truediv, operator.pow, operator.mod):
        np.testing.assert_allclose(function(7, y).numpy(), function(7, a), rtol=1e-6)
        np.testing.assert_allclose(function(y, 2.5).numpy(), function(a, 2.5), rtol=1e-6)
    assert (x @ x.T).tolist() == (x.numpy() @ x.numpy().T).tolist()
    assert (ct.Variable(x) @ x.T).tolist() == (x @ ct.Variable(x).T).tolist()


def test_operators_of_nothing_and_of_one_element(device):
    nothing = ct.zeros(0, 3)
    assert (nothing + 1).shape == (2 * nothing).shape == (nothing < nothing).shape == (0, 3)
    assert (nothing @ ct.ones(3, 2)).shape == (0, 2)
    assert (nothing.T @ ct.ones(0, 2)).tolist() == [[0, 0]] * 3
    one = ct.tensor(3.0)
    assert (-one).item() == -3
    assert (2**one).item() == 8
    assert (one == 3).item() is True
    assert 3 in one
    assert one.T.item() == 3


def test_operators_read_views(x):
    a = x.numpy()
    assert (x.T - x[0, 0]).tolist() == (a.T - a[0, 0]).tolist()
    assert (x[:, ::-1] * x[:1].expand(2, 3)).tolist() == (a[:, ::-1] * a[:1]).tolist()
    assert (-x[1:, ::2]).tolist() == (-a[1:, ::2]).tolist()


@pytest.mark.parametrize("other", ["text", None, [1.0, 2.0, 3.0], (1.0, 2.0, 3.0), {1: 2}, b"1"])
def test_what_is_no_operand_is_refused_by_name(x, other):
    for name, function in (
        ("add", operator.add),
        ("less", operator.lt),
        ("matmul", operator.matmul),
        ("floor_divide", divmod),
    ):
        with pytest.raises(DTypeError, match=rf"^{name}: (cannot|an operand) .*ct\.tensor\("):
            function(x, other)
    with pytest.raises(DTypeError, match=r"^subtract: cannot combine a tensor"):
        operator.sub(other, x)


def refusal(function, *args):
    """The error of the library that the call raises, if it does."""
    try:
        function(*args)
    except CLTensorError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("name", "function", "parameters", "slots"),
    [pytest.param(*entry, id=entry[0]) for entry in operands.functions()],
)
def test_every_further_operand_is_taken_or_refused_by_name(
    device, name, function, parameters, slots
):
    given = operands.arguments(name)
    function(*given)
    assert len(given) > max(slots), f"{name}: the call lacks {parameters[max(slots)]}"
    recorded = [ct.Variable(a) if isinstance(a, ct.Tensor) else a for a in given]
    for slot in slots:
        fitting = given[slot]
        array = fitting.numpy() if isinstance(fitting, ct.Tensor) else np.ones(3)
        for wrong, shown, may_do in (
            ([0.5, 1.5], "a list", False), ("text", "'text'", False), (None, "a NoneType", True),
            (array, "a ndarray of shape", True), (7, "7", True),
        ):  # fmt: skip
            for call in (given, recorded):
                first, *rest = [*call[:slot], wrong, *call[slot + 1 :]]
                errors = [refusal(function, first, *rest)]
                if name in METHODS:
                    errors.append(refusal(getattr(first, name), *rest))
                for error in errors:
                    assert may_do or error is not None
                    assert error is None or re.match(r"\w+: ", str(error)), error
                    assert not isinstance(error, DTypeError) or shown in str(error), error


@pytest.mark.parametrize("data", [3, [1.0, 2.0], np.ones(2), None])
def test_functions_of_no_tensor_say_so(device, data):
    for function in (ct.exp, ct.sum, ct.amax, ct.prod):
        name = function.__name__
        with pytest.raises(DTypeError, match=rf"^{name}: no operand is a tensor, given .* ct\.ten"):
            function(data)


def test_types_that_lack_an_operator_say_what_it_takes(device):
    with pytest.raises(DTypeError, match=r"negative: not defined for bool; .*\.to\(dtype\)"):
        -ct.tensor([True])
    with pytest.raises(DTypeError, match="bitwise_and: "):
        ct.ones(2) & 1
    with pytest.raises(DTypeError, match="bitwise_invert: "):
        ~ct.ones(2)


def test_casts_have_names(device):
    x = ct.tensor([0.0, 2.75])
    for name, dtype in CASTS.items():
        if dtype in ("float64", "complex128") and not device.fp64:
            continue
        for cast in (getattr(x, name)(), getattr(ct.Variable(x), name)()):
            assert cast.dtype == as_dtype(dtype)
            assert cast.tolist() == to_array(cast_array(np.array([0, 2.75]), cast.dtype)).tolist()
    assert x.float() is x


def test_formats_are_those_of_numbers_for_one_value_only(x):
    assert f"{ct.tensor(7):04d}" == "0007"
    assert f"{x}" == repr(x)
    with pytest.raises(TypeError, match="unsupported format string"):
        format(x, ".2f")
    with pytest.raises(ValueError, match="Unknown format code 'd'"):
        format(x.sum(), "d")


def test_numpy_leaves_operators_to_us(x):
    for function in (lambda a: a @ x, lambda a: x @ a):
        with pytest.raises(DTypeError, match=r"matmul: an operand is a ndarray.*ct\.tensor"):
            function(np.ones((2, 3), "float32"))
    with pytest.raises(
        DTypeError, match=r"add: cannot combine a tensor with a ndarray .*ct\.tensor"
    ):
        np.ones(3) + x
    with pytest.raises(ValueError, match="copy=False is impossible"):
        x.__array__(copy=False)


def test_properties_that_transpose(x):
    assert x.T.tolist() == x.mT.tolist() == x.numpy().T.tolist()
    assert ct.ones(2, 3, 4).mT.shape == (2, 4, 3)
    assert not x.T.is_contiguous()
    with pytest.raises(ShapeError, match="t: takes at most two dimensions"):
        ct.ones(2, 3, 4).T  # noqa: B018


AUGMENTED = {
    "+=": (operator.iadd, 3),
    "-=": (operator.isub, 3),
    "*=": (operator.imul, 3),
    "/=": (operator.itruediv, 2.0),
    "//=": (operator.ifloordiv, 2),
    "%=": (operator.imod, 2),
    "**=": (operator.ipow, 2),
    "&=": (operator.iand, 3),
    "|=": (operator.ior, 3),
    "^=": (operator.ixor, 3),
    "<<=": (operator.ilshift, 2),
    ">>=": (operator.irshift, 1),
}


@pytest.mark.parametrize("symbol", AUGMENTED)
def test_augmented_assignment_is_in_place(device, mode, symbol):
    function, other = AUGMENTED[symbol]
    a = np.array([5, 6, 7], "float32" if symbol == "/=" else "int32")
    x, base, pending = ct.tensor(a), ct.tensor(a), ct.tensor(a) + 0
    view, same = base[1:], x
    want = function(a.copy(), other)
    assert function(x, other) is x
    np.testing.assert_array_equal(same.numpy(), want)
    np.testing.assert_array_equal(function(view, other).numpy(), want[1:])
    np.testing.assert_array_equal(base.numpy(), [a[0], *want[1:]])
    np.testing.assert_array_equal(function(pending, other).numpy(), want)
    with pytest.raises(ShapeError, match=rf"^{re.escape(symbol)}: a result of shape \(2, 3\) does"):
        function(x, ct.ones(2, 3, dtype=x.dtype))


def test_augmented_assignment_to_an_item_writes_once(device):
    x = ct.zeros(2, 3)
    part, before = x[0], x._version
    x[0] += 2
    x[:, 1:] *= 5
    x[0, 0] -= 1
    assert x.tolist() == [[1, 10, 10], [0, 0, 0]]
    assert part.tolist() == [1, 10, 10]
    assert x._version == before + 3
    with pytest.raises(DTypeError, match="^/=: a float32 result does not fit a int64 tensor"):
        ct.arange(3).__itruediv__(2)


def test_every_method_is_documented_and_a_function():
    for name in METHODS:
        assert callable(getattr(ct.Tensor, name)), name
        assert getattr(ct.Tensor, name).__doc__, name
