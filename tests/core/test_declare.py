"""Elementwise operations by their C expressions, each of every type and layout, against NumPy."""

import numpy as np
import pytest
from elementwise import FLOATS, INTEGERS, special

import cltensor as ct
from cltensor.core.declare import pointwise
from cltensor.core.op import OPERATIONS
from cltensor.errors import DTypeError, ShapeError
from cltensor.runtime.kernel import Counters
from cltensor.selftest.answers import (
    ANSWERS,
    BOOL_RESULT,
    FLOAT_RESULT,
    answer,
    check,
    operands,
)

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
    declared = {name for name, op in OPERATIONS.items() if is_pointwise(op)} - special()
    # A loss, the root of a variance, one that takes only what is not positive, activations, and
    # parts of complex numbers: tested where they are used.
    elsewhere = {
        *("complex", "real_part", "imag_part", "times_i"),
        *("binary_cross_entropy", "exp_below", "spread_of"),
        *("softplus", "hardtanh", "inside", "elu", "finite", "nextafter", "scaled"),
        *("silu", "gelu", "gelu_tanh", "hardswish", "mish"),
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


def test_shapes_that_do_not_broadcast(device):
    a, b = ct.ones(2, 3), ct.ones(4)
    for attempt in (lambda: a + b, lambda: ct.maximum(a, b), lambda: ct.where(a > 0, a, b)):
        with pytest.raises(ShapeError, match=r"^\w+: shapes \(2, 3\) and \(4,\) do not broadcast"):
            attempt()
    assert a.numpy().tolist() == [[1, 1, 1], [1, 1, 1]]
    assert b.numpy().tolist() == [1, 1, 1, 1]


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


def test_bool_results_are_listed():
    assert set(BOOL_RESULT) <= set(ANSWERS)
    assert set(FLOAT_RESULT) <= set(ANSWERS)
