"""The registry sweep: every elementwise operation on every kind of operand, and declarations."""

import inspect
import pickle

import numpy as np
import pytest
from elementwise import (
    ANSWERS,
    BOOL_RESULT,
    FLOAT_RESULT,
    FLOATS,
    INTEGERS,
    UNSIGNED,
    answer,
    check,
    operands,
)

import cltensor as ct
import cltensor.nn.functional as F
from cltensor.core.op import OPERATIONS, Op, pointwise, primitive
from cltensor.errors import DeviceError, DTypeError, GradientError, ShapeError
from cltensor.runtime.kernel import Counters
from cltensor.testing import gradcheck

#: How operands of each pattern are shaped: one, two or three of them.
SHAPES = {
    "scalar": [(), (), ()],
    "vector": [(401,)] * 3,
    "broadcast": [(7, 1, 5), (6, 1), (7, 6, 5)],
    "strided": [(9, 14)] * 3,
    "empty": [(0, 3)] * 3,
    "rank 5": [(2, 3, 4, 3, 2)] * 3,
}
#: Operations of which even the sign of a zero is defined.
KEEP_SIGN = (
    *("abs", "negative", "positive", "floor", "ceil", "trunc", "round"),
    *("sqrt", "relu", "sin", "tanh", "atan"),
)


def is_pointwise(op):
    return op.run.__qualname__.startswith("_pointwise_run")


def arity(name):
    return len(OPERATIONS[name].params)


def place(pattern, array):
    """`array` on the device, laid out as the pattern says."""
    if pattern == "strided":
        padded = np.zeros((2 * array.shape[1], array.shape[0] + 3), array.dtype)
        padded[::-2, 1:-2] = array.T
        return ct.tensor(padded)[::-2, 1:-2].T
    if pattern == "rank 5":
        return ct.tensor(array.transpose(3, 1, 4, 0, 2).copy()).permute(3, 1, 4, 0, 2)
    return ct.tensor(array)


def groups(names, dtype):
    """Operations of one arity and result type, as many as one expression may hold."""
    found = {}
    for name in names:
        floating = name in FLOAT_RESULT and np.dtype(dtype).kind != "f"
        found.setdefault((arity(name), floating), []).append(name)
    for (count, _), members in found.items():
        size = 12 // count
        yield from (members[i : i + size] for i in range(0, len(members), size))


def accepting(dtype):
    kind = np.dtype(dtype).kind
    return [name for name, (_, kinds) in ANSWERS.items() if kind in kinds]


def run_together(names, tensors):
    """Results of several operations on the same operands, computed by one kernel."""
    results = [OPERATIONS[name](*tensors) for name in names]
    root = results[0]
    for r in results[1:]:
        root = root + r
    assert root.is_pending
    root.realize()
    assert not any(r.is_pending for r in results)
    return results


def sweep(dtype, pattern):
    for names in groups(accepting(dtype), dtype):
        shapes = SHAPES[pattern][: arity(names[0])]
        arrays = operands(dtype, len(shapes), shapes)
        tensors = [place(pattern, a) for a in arrays]
        for name, result in zip(names, run_together(names, tensors), strict=True):
            check(name, result.numpy(), arrays)


def test_every_pointwise_operation_has_an_answer():
    declared = {name for name, op in OPERATIONS.items() if is_pointwise(op)}
    # A loss, the root of a variance, one that takes only what is not positive, and activations with
    # options: tested where they are used.
    elsewhere = {
        *("binary_cross_entropy", "exp_below", "spread_of"),
        *("softplus", "hardtanh", "inside", "elu"),
    }
    assert declared - elsewhere == set(ANSWERS)


@pytest.mark.parametrize("pattern", SHAPES)
def test_float32_operations_fused(device, deferred, pattern):
    sweep("float32", pattern)


@pytest.mark.parametrize("pattern", ["vector", "strided"])
def test_int32_operations_fused(device, deferred, pattern):
    sweep("int32", pattern)


def test_bool_operations_fused(device, deferred):
    sweep("bool", "vector")


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint8", "uint64"])
def test_other_integer_types(device, deferred, dtype):
    names = [n for n in accepting(dtype) if n not in FLOAT_RESULT]  # casts are tested on their own
    for members in groups(names, dtype):
        shapes = SHAPES["vector"][: arity(members[0])]
        arrays = operands(dtype, len(shapes), shapes)
        tensors = [ct.tensor(a) for a in arrays]
        for name, result in zip(members, run_together(members, tensors), strict=True):
            check(name, result.numpy(), arrays)


def test_float64_operations_fused(fp64, deferred):
    sweep("float64", "vector")


def test_float16_operations_fused(device, deferred):
    if not device.fp16:
        pytest.skip(f"'{device}' ({device.title}) has no float16")
    sweep("float16", "vector")
    x = ct.tensor([1.5, -2.0, 3.0], dtype="float16")
    assert (x * 2 + 1).sum().item() == 8
    assert x.max().item() == 3
    assert x.to("float32").dtype == ct.float32


@pytest.mark.parametrize("name", ANSWERS)
def test_each_operation_alone(device, eager, name):
    dtype = "float32" if "f" in ANSWERS[name][1] else "int32"
    arrays = operands(dtype, arity(name), SHAPES["vector"][: arity(name)])
    result = OPERATIONS[name](*[ct.tensor(a) for a in arrays])
    assert not result.is_pending
    check(name, result.numpy(), arrays)


@pytest.mark.parametrize("pattern", SHAPES)
@pytest.mark.parametrize("name", ["negative", "subtract", "where"])
def test_every_layout_in_both_skeletons(skeleton, mode, name, pattern):
    arrays = operands("float32", arity(name), SHAPES[pattern][: arity(name)])
    result = OPERATIONS[name](*[place(pattern, a) for a in arrays])
    check(name, result.numpy(), arrays)


@pytest.mark.parametrize("dtype", FLOATS)
def test_nan_infinity_and_negative_zero_propagate(device, deferred, dtype):
    if dtype == "float64" and not device.fp64:
        pytest.skip(f"'{device}' has no float64")
    for names in groups(KEEP_SIGN, dtype):
        for value in (-0.0, np.inf, -np.inf, np.nan):
            x = np.full(3, value, dtype)
            for name, result in zip(names, run_together(names, [ct.tensor(x)]), strict=True):
                got, expected = result.numpy(), answer(name, [x])
                np.testing.assert_array_equal(got, expected, err_msg=f"{name}({value})")
                zero = expected == 0
                assert (np.signbit(got) == np.signbit(expected))[zero].all(), f"{name}({value})"


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integer_division_never_crashes(device, dtype):
    least = np.iinfo(dtype).min
    a = ct.tensor(np.array([7, -7, 0, least, least, least + 1], dtype))
    b = ct.tensor(np.array([0, 0, 0, 0, -1, -1], dtype))
    overflow = [0, 0, 0, 0, least, -(least + 1)]
    assert (a // b).numpy().tolist() == overflow
    assert (a % b).numpy().tolist() == [0] * 6
    assert ct.fmod(a, b).numpy().tolist() == [0] * 6
    assert (a // 0).numpy().tolist() == [0] * 6
    assert (a % 0).numpy().tolist() == [0] * 6


@pytest.mark.parametrize("target", INTEGERS + UNSIGNED)
def test_casts_saturate_and_nan_becomes_zero(device, target):
    limits = np.iinfo(target)
    x = np.array([np.nan, np.inf, -np.inf, 3e38, -3e38, 1e10, -1e10, 300, -300, 2.9, -2.9, 0.0])
    x = x.astype("float32")
    expected = [0 if v != v else int(max(limits.min, min(limits.max, v))) for v in x.tolist()]
    assert ct.tensor(x).to(target).numpy().tolist() == expected


@pytest.mark.parametrize("source", ["bool", *INTEGERS, *UNSIGNED, *FLOATS])
def test_casts_to_every_type(device, deferred, source):
    names = ["bool", *INTEGERS, *UNSIGNED, *(FLOATS if device.fp64 else FLOATS[:1])]
    if source not in names:
        pytest.skip(f"'{device}' has no {source}")
    x = np.array([0, 1, 2, 100], "float32").astype(source)
    tensor = ct.tensor(x)
    for part in (names[:6], names[6:]):
        casts = [tensor.to(target) for target in part]
        root = ct.isnan(casts[0])
        for c in casts[1:]:
            root = root | ct.isnan(c)
        root.realize()  # one kernel computes them all
        assert not any(c.is_pending for c in casts)
        for target, result in zip(part, casts, strict=True):
            np.testing.assert_array_equal(result.numpy(), x.astype(target), f"{source} {target}")


def test_narrowing_integers_wraps_as_in_numpy(device):
    x = np.array([300, -1, 1 << 40, (1 << 31) + 5])
    for target in ("int8", "uint8", "int32", "uint32", "bool"):
        assert ct.tensor(x).to(target).numpy().tolist() == x.astype(target).tolist()


def test_scalars_on_either_side_are_arguments_of_one_kernel(device, deferred):
    x = ct.arange(5, dtype="float32").realize()
    (x * 3.0).realize()
    before = Counters.builds + Counters.disk_hits
    for k in (1.5, -2.25, 1e30, float("inf")):
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal((x * k).numpy(), np.arange(5, dtype="float32") * k)
    assert Counters.builds + Counters.disk_hits == before
    assert (2 - x).numpy().tolist() == [2, 1, 0, -1, -2]
    assert (10 // (x + 1)).numpy().tolist() == [10, 5, 3, 2, 2]
    assert (2**x).numpy().tolist() == [1, 2, 4, 8, 16]


@pytest.mark.parametrize("scalar", [1e39, -1e39, 10**30, 1e-50, 3.4028236e38])
def test_scalars_beyond_float32_round_as_in_numpy(device, scalar):
    with np.errstate(all="ignore"):
        expected = np.float32(1) * np.float64(scalar).astype("float32")
    got = (ct.ones(2) * scalar).numpy()
    assert got.tolist() == [expected, expected]


def test_numpy_scalars_count_as_python_ones(device):
    x = ct.ones(2, dtype="int8")
    assert (x * np.int64(3)).dtype == ct.int8
    assert (x * np.float64(0.5)).dtype == ct.float32
    assert (np.float32(2) * ct.ones(2)).numpy().tolist() == [2, 2]


# ------------------------------------------------------------------------------- bad input


def test_shapes_that_do_not_broadcast(device):
    a, b = ct.ones(2, 3), ct.ones(4)
    for attempt in (lambda: a + b, lambda: ct.maximum(a, b), lambda: ct.where(a > 0, a, b)):
        with pytest.raises(ShapeError, match=r"^\w+: shapes \(2, 3\) and \(4,\) do not broadcast"):
            attempt()
    assert a.numpy().tolist() == [[1, 1, 1], [1, 1, 1]]
    assert b.numpy().tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("wrong", ["text", None, [1, 2], object(), 1j, np.ones(2)])
def test_operands_that_are_no_tensors(device, wrong):
    with pytest.raises((DTypeError, TypeError), match=r"multiply"):
        ct.multiply(ct.ones(2), wrong)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [("bitwise_and", "float32"), ("negative", "bool"), ("subtract", "bool"),
     ("bitwise_left_shift", "bool"), ("remainder", "bool")],
)  # fmt: skip
def test_a_dtype_that_makes_no_sense(device, name, dtype):
    x = ct.ones(2, dtype=dtype)
    with pytest.raises(DTypeError, match=rf"^{name}: not defined for {dtype}; it takes"):
        OPERATIONS[name](*[x] * arity(name))


@pytest.mark.parametrize(("dtype", "scalar"), [("uint8", -1), ("uint8", 256), ("int8", 128)])
def test_a_scalar_that_does_not_fit_the_integers(device, dtype, scalar):
    with pytest.raises(DTypeError, match=rf"^add: {scalar} does not fit {dtype}"):
        ct.ones(2, dtype=dtype) + scalar


def test_no_tensor_or_the_wrong_number_of_operands(device):
    with pytest.raises(TypeError, match="add: no operand is a tensor"):
        ct.add(1, 2)
    with pytest.raises(TypeError, match="add: takes 2 operands, got 3"):
        ct.add(ct.ones(1), 1, 2)


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
            known = {"g", "out", *op.params, *facts}
            assert set(rule.needs) <= known, f"{name}: rule of {argument}"


def test_a_bad_declaration_is_refused():
    before = dict(OPERATIONS)
    with pytest.raises(ValueError, match="not of the form"):
        primitive("no parentheses", lambda x: x)
    with pytest.raises(ValueError, match=r"odd has a rule for \{'y'\}, which are no arg"):
        primitive("odd(x)", lambda x: x, dy=lambda g: g)
    assert before == OPERATIONS


def test_a_new_operation_is_one_declaration(device):
    try:
        cube = pointwise("cube(x)", "x * x * x", dx=lambda g, x: g * 3 * x * x)
        x = ct.tensor([1.0, 2.0], requires_grad=True)
        cube(x).sum().backward()
        assert x.grad.numpy().tolist() == [3, 12]
        assert repr(cube) == "<operation cube(x)>"
        with pytest.raises(TypeError, match="cube"):
            cube(x, x)
    finally:
        OPERATIONS.pop("cube", None)


def test_bind_fills_defaults_and_gathers_variadic_arguments():
    op = OPERATIONS["sum"]
    assert op.bind((1,), {"keepdims": True}) == ((1, None, True), {})
    assert OPERATIONS["concat"].bind((1, 2), {"axis": 0}) == ((1, 2), {"axis": 0})
    assert isinstance(op, Op)


def test_every_public_operation_has_a_docstring_or_a_comment():
    public = [n for n in dir(ct) if inspect.isfunction(getattr(ct, n))]
    assert [n for n in public if not inspect.getdoc(getattr(ct, n))] == []


def test_bool_results_are_listed():
    assert set(BOOL_RESULT) <= set(ANSWERS)
    assert set(FLOAT_RESULT) <= set(ANSWERS)


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
