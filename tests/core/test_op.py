"""Declarations of operations: what a call refuses, rules, and operations of several results."""

import inspect
import pickle

import numpy as np
import pytest

import cltensor as ct
import cltensor.nn.functional as F
from cltensor.core.op import OPERATIONS, Op, primitive
from cltensor.errors import DeviceError, DTypeError, GradientError, ShapeError
from cltensor.testing import gradcheck


@pytest.mark.parametrize("wrong", ["text", None, [1, 2], object(), b"1", np.ones(2)])
def test_operands_that_are_no_tensors(device, wrong):
    with pytest.raises((DTypeError, TypeError), match=r"multiply"):
        ct.multiply(ct.ones(2), wrong)


def functions_of_a_tensor():
    """Public functions whose first operand is called x or input."""
    found = []
    for module, names in ((ct, vars(ct)), (F, F.__all__)):
        for name in names:
            value = getattr(module, name)
            if inspect.isfunction(value):
                parameters = list(inspect.signature(value).parameters.values())
                if parameters and parameters[0].name in ("x", "input"):
                    found.append(pytest.param(value, parameters, id=f"{module.__name__}.{name}"))
    return found


@pytest.mark.parametrize(("function", "parameters"), functions_of_a_tensor())
def test_functions_of_operations_refuse_what_is_no_tensor(function, parameters):
    rest = [None for p in parameters[1:] if p.default is p.empty and p.kind != p.VAR_POSITIONAL]
    name, first = function.__name__, parameters[0].name
    for wrong, shown in (
        ([1.0, 2.0], "a list"), (None, "a NoneType"), (3.0, r"3\.0"),
        (np.ones(2), r"a ndarray of shape \(2,\)"),
    ):  # fmt: skip
        message = rf"^{name}: {first} is {shown}, not a tensor; wrap it with ct\.tensor\(\.\.\.\)$"
        with pytest.raises(DTypeError, match=message):
            function(wrong, *rest)
        with pytest.raises(DTypeError, match=message):
            function(**{first: wrong}, **{p.name: None for p in parameters[1 : 1 + len(rest)]})


def test_other_operands_are_refused_too(device):
    x = ct.ones(2, 3)
    with pytest.raises(DTypeError, match="^expand_as: other is a list, not a tensor"):
        ct.expand_as(x, [1.0])
    with pytest.raises(DTypeError, match="^where: condition is a list, not a tensor"):
        ct.where([True, False], x, 0)
    with pytest.raises(DTypeError, match="^mse_loss: target is a NoneType, not a tensor"):
        F.mse_loss(x, target=None)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        ct.softmax()
    with pytest.raises(AttributeError, match="a tensor has no attribute 'no_such_thing'"):
        ct.flip(x.no_such_thing)


def test_functions_of_operations_can_be_pickled():
    for function in (ct.softmax, ct.clamp, F.relu, F.cross_entropy):
        assert pickle.loads(pickle.dumps(function)) is function


def test_operands_on_two_devices(device, other_device):
    x, y = ct.ones(2, device=device), ct.ones(2, device=other_device)
    with pytest.raises(DeviceError, match=r"^where: operands are on .* move one with \.to\("):
        ct.where(x > 0, x, y)


# ---------------------------------------------------------------------------- declarations


def test_registry_names_and_rules_are_consistent():
    for name, op in OPERATIONS.items():
        assert op.name == name
        assert set(op.rules) <= set(op.params), name
        facts = {f"{p}_{fact}" for p in op.params for fact in ("shape", "dtype", "device")}
        for argument, (rule, place) in op.rules.items():
            together = [a for a, (r, _) in op.rules.items() if r is rule]
            assert place == (together.index(argument) if len(together) > 1 else -1), name
        for argument, (rule, _) in op.rules.items():
            known = {"g", "out", "spent", *op.params, *facts}
            assert set(rule.needs) <= known, f"{name}: rule of {argument}"


def test_a_bad_declaration_is_refused():
    before = dict(OPERATIONS)
    with pytest.raises(ValueError, match="not of the form"):
        primitive("no parentheses", lambda x: x)
    with pytest.raises(ValueError, match=r"odd has a rule for \{'y'\}, which are no arg"):
        primitive("odd(x)", lambda x: x, dy=lambda g: g)
    assert before == OPERATIONS


def test_bind_fills_defaults_and_gathers_variadic_arguments():
    op = OPERATIONS["sum"]
    assert op.bind((1,), {"keepdims": True}) == ((1, None, True), {})
    assert OPERATIONS["concat"].bind((1, 2), {"axis": 0}) == ((1, 2), {"axis": 0})
    assert isinstance(op, Op)


def test_every_public_operation_has_a_docstring_or_a_comment():
    public = [n for n in dir(ct) if inspect.isfunction(getattr(ct, n))]
    assert [n for n in public if not inspect.getdoc(getattr(ct, n))] == []


# ------------------------------------------------- several results, shared rules, optional operands


@pytest.fixture
def declared():
    """Operations declared by a test leave the registry again."""
    before = set(OPERATIONS)
    yield
    for name in set(OPERATIONS) - before:
        del OPERATIONS[name]


def _polar(declared):
    """Radius and angle of points: one rule for both arguments."""

    def rule(g, x, y, out):
        radius, _ = out
        gr, ga = [0.0 if each is None else each for each in g]
        return gr * x / radius - ga * y / radius**2, gr * y / radius + ga * x / radius**2

    return primitive(
        "polar(x, y)", lambda x, y: (ct.sqrt(x * x + y * y), ct.atan2(y, x)), dx_y=rule
    )


def _points():
    x, y = np.array([0.6, -1.1, 0.8]), np.array([0.9, 0.5, -1.3])
    return ct.tensor(x, requires_grad=True), ct.tensor(y, requires_grad=True)


@pytest.mark.usefixtures("fp64")
@pytest.mark.parametrize("use", [
    lambda r, a: r * a.sin(), lambda r, a: r * r, lambda r, a: a * 2, lambda r, a: (a + r)[1:],
])  # fmt: skip
def test_several_results_with_one_rule(declared, use):
    polar = _polar(declared)

    def by_hand(x, y):
        return use(ct.sqrt(x * x + y * y), ct.atan2(y, x))

    x, y = _points()
    found, want = [], []
    for function, into in ((lambda x, y: use(*polar(x, y)), found), (by_hand, want)):
        first = ct.autograd.grad(function(x, y).sum(), (x, y), create_graph=True)
        second = ct.autograd.grad((first[0] * first[1].sin()).sum(), (x, y))
        into += [g.tolist() for g in (*first, *second)]
    np.testing.assert_allclose(found, want, rtol=1e-9, atol=1e-12)
    assert gradcheck(lambda x, y: use(*polar(x, y)), (x, y))
    # one of the arguments is a constant
    assert gradcheck(lambda x: use(*polar(x, y.detach())), (x,))
    assert gradcheck(lambda y: use(*polar(x.detach(), y)), (y,))


@pytest.mark.usefixtures("fp64")
def test_results_may_be_changed_in_place(declared):
    polar = _polar(declared)
    _halves = primitive(
        "halves(x)", lambda x: (x[:2] * 1, x[1:] * 1),
        dx=lambda g: ct.cat([g[0], g[0][:1] * 0]) + ct.cat([g[1][:1] * 0, g[1]]),
    )  # fmt: skip

    def function(x, y):
        first, second = _halves(x * y)
        second.mul_(2)
        return first.sin() + second * x[1:2]

    assert gradcheck(function, _points())
    x, y = _points()
    radius, _ = polar(x, y)
    radius.mul_(2)
    with pytest.raises(GradientError, match=r"polar saved 'out'.*mul_ changed it"):
        radius.sum().backward()


def _affine(declared):
    """x * scale + shift, of which either may be left out."""

    def run(x, scale, shift):
        out = x if scale is None else x * scale
        return out * 1 if shift is None else out + shift

    return primitive(
        "affine(x, scale, shift)", run,
        dx_scale=lambda g, x, scale: (
            (g, None) if scale is None else (g * scale, g * x)
        ),
        dshift=lambda g: g,
    )  # fmt: skip


@pytest.mark.usefixtures("fp64")
def test_operands_may_be_left_out(declared):
    affine = _affine(declared)
    x, s = _points()
    b = ct.tensor([0.5], requires_grad=True, dtype="float64")
    assert gradcheck(lambda x, s, b: affine(x, s, b).sin(), (x, s, b))
    assert gradcheck(lambda x, b: affine(x, None, b).sin(), (x, b))
    assert gradcheck(lambda x, s: affine(x, s, None).sin(), (x, s))
    assert gradcheck(lambda s: affine(x.detach(), s, None).sin(), (s,))
    assert affine(x.detach(), None, None).tolist() == x.tolist()
    first = ct.autograd.grad(affine(x, s, b).sin().sum(), (x, s, b), create_graph=True)
    second = ct.autograd.grad(first[1].sum(), (x, s, b))
    cos, sin = np.cos, np.sin
    a, c = x.detach().numpy(), s.detach().numpy()
    inner = a * c + 0.5
    np.testing.assert_allclose(second[0].numpy(), cos(inner) - sin(inner) * a * c, rtol=1e-9)
    np.testing.assert_allclose(second[1].numpy(), -sin(inner) * a * a, rtol=1e-9)
    np.testing.assert_allclose(second[2].numpy(), [(-sin(inner) * a).sum()], rtol=1e-9)


def test_a_result_without_gradient_has_none(declared):
    largest = primitive(
        "largest(x)", lambda x: (ct.max(x, axis=0), ct.argmax(x, axis=0)),
        dx=lambda g, out, x_shape: g[0] * (ct.arange(x_shape[0]) == out[1]),
    )  # fmt: skip
    x = ct.tensor([1.0, 3.0, 2.0], requires_grad=True)
    value, place = largest(x)
    assert value.requires_grad
    assert not place.requires_grad
    (value * 5).backward()
    assert x.grad.tolist() == [0, 5, 0]


def test_a_rule_for_no_argument_is_refused(declared):
    with pytest.raises(ValueError, match="no arguments"):
        primitive("bad(x, y)", lambda x, y: x, dx_z=lambda g: (g, g))


def test_an_out_without_elements_takes_the_shape_of_the_result(device):
    out = ct.empty(0)
    assert ct.add(ct.ones(2, 3), 1, out=out) is out
    assert out.tolist() == [[2, 2, 2]] * 2
    x, shown = ct.ones(2, 2), ct.Tensor()
    ct.reshape(x, (4,), out=shown)
    shown += 1
    assert (shown.tolist(), x.tolist()) == ([2] * 4, [[1, 1], [1, 1]])
    with pytest.raises(ShapeError, match=r"add: out has shape \(1,\), the result \(2,\)"):
        ct.add(ct.ones(2), 1, out=ct.empty(1))


@pytest.mark.parametrize(
    "find",
    [
        lambda x, out: ct.sort(x, out=(ct.zeros(3), out)),
        lambda x, out: ct.cummax(x, 0, out=(ct.zeros(3), out)),
        lambda x, out: ct.argsort(x, out=out),
        lambda x, out: ct.searchsorted(x, x, out=out),
    ],
)
def test_indices_are_written_to_int64_only(device, find):
    x = ct.tensor([1.0, 2.0, 3.0])
    for dtype in ("float32", "int32"):
        out = ct.full((3,), 7, dtype=dtype)
        with pytest.raises(DTypeError, match=f"int64 is written to out of {dtype}; make it with"):
            find(x, out)
        assert out.tolist() == [7, 7, 7]
    out = ct.zeros(3, dtype="int64")
    find(x, out)
    assert out.tolist() == [0, 1, 2]


def test_out_is_on_the_device_of_the_operands(device, other_device):
    out = ct.zeros(3, device=other_device)
    pattern = f"add: out is on '{other_device}', the operands on '{device}'"
    with pytest.raises(DeviceError, match=pattern):
        ct.add(ct.ones(3), 1, out=out)
    assert out.tolist() == [0, 0, 0]
