"""Elementwise operations and casts, of every kind of dtype and layout."""

from __future__ import annotations

from functools import partial

import numpy as np

import cltensor as ct
from cltensor.core.op import OPERATIONS
from cltensor.selftest.answers import ANSWERS, check, operands
from cltensor.selftest.checks import Check, Family, floats, near, numbers, require_fp64, same

POINTWISE, CASTS = Family("pointwise"), Family("casts")
#: Dtypes beside float32 and int32, and the operations tried with each.
_SOME = (
    *(
        "add",
        "subtract",
        "multiply",
        "divide",
        "floor_divide",
        "remainder",
        "pow",
        "abs",
        "maximum",
    ),
    *("less", "sign", "clip_low", "exp", "where"),
)
_OTHERS = ("bool", "uint8", "int8", "int64", "float64")


def _one(name: str, dtype: str) -> None:
    if dtype == "float64":
        require_fp64()
    count = len(OPERATIONS[name].params)
    arrays = operands(dtype, count, [(23, 31)] * count)
    check(name, OPERATIONS[name](*[ct.tensor(a) for a in arrays]).numpy(), arrays)


def _named(name: str, dtype: str, brief: bool) -> None:
    run = partial(_one, name, dtype)
    POINTWISE.checks.append(Check("pointwise", f"{name} {dtype}", run, "", brief))


for _name, (_, _kinds) in ANSWERS.items():
    if "f" in _kinds:
        _named(_name, "float32", _name in _SOME)
    if _kinds in ("biu", "iu", "iuf"):  # the others have floats inside
        _named(_name, "int32", _name in _SOME)
for _dtype in _OTHERS:
    for _name in _SOME:
        if np.dtype(_dtype).kind in ANSWERS[_name][1]:
            _named(_name, _dtype, False)


@POINTWISE.each(1, 3, 4, 5, 255, 1023, 4097, 70001)
def sizes(size: int) -> None:
    x, y = numbers(size), numbers(size, seed=1)
    near(ct.tensor(x) * ct.tensor(y) + ct.tensor(x), x * y + x, 1e-6)


@POINTWISE.each(
    ((3, 5, 7), (7,)), ((3, 5, 7), (5, 1)), ((1,), (4, 1, 6)), ((2, 1, 3, 1), (5, 1, 7)),
    ((33, 65), ()), ((300, 1), (1, 7)),
)  # fmt: skip
def broadcast(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    x, y = numbers(*a), numbers(*b, seed=1)
    same(ct.tensor(x) + ct.tensor(y), x + y)


@POINTWISE.check()
def layouts() -> None:
    x, y = numbers(24, 33), numbers(33, 24, seed=1)
    a, b = ct.tensor(x), ct.tensor(y)
    same(a + b.T, x + y.T)
    same(a[::2, 1::3] - b.T[1::2, 2::3], x[::2, 1::3] - y.T[1::2, 2::3])
    same(ct.maximum(a.flip(1), b.T), np.maximum(x[:, ::-1], y.T))
    same(a[5:, 7:] * a[:-5, :-7], x[5:, 7:] * x[:-5, :-7])


@POINTWISE.check()
def a_long_chain_in_one_kernel() -> None:
    x = numbers(1000)
    a, want = ct.tensor(x), x.astype("float64")
    y = a
    for i in range(20):
        y = ct.tanh(y * 1.1 + a) if i % 2 else ct.exp(-y * y) - a
        want = np.tanh(want * 1.1 + x) if i % 2 else np.exp(-want * want) - x
    near(y, want, 1e-4, "float32")


@POINTWISE.check()
def in_place() -> None:
    x = numbers(50, 41)
    a = ct.tensor(x)
    a.mul_(3).add_(1)
    a[3:7].sub_(2)
    want = x * np.float32(3) + np.float32(1)
    want[3:7] -= 2
    near(a, want, 1e-6)


_TYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")


@CASTS.each(*_TYPES)
def to_every_type(source: str) -> None:
    x = np.array([0, 1, 2, 100, 3, 0, 77], "float32").astype(source)
    wide = ct.get_default_device().fp64
    for target in _TYPES:
        if target != "float64" or wide:
            same(ct.tensor(x).to(target), x.astype(target))


@CASTS.each("int8", "uint8", "int16", "int32", "int64")
def out_of_range_saturates_and_nan_is_0(target: str) -> None:
    limits = np.iinfo(target)
    x = floats(np.nan, np.inf, -np.inf, 3e38, -3e38, 1e10, -1e10, 300, -300, 2.9, -2.9, 0)
    want = [0 if v != v else int(max(limits.min, min(limits.max, v))) for v in x.tolist()]
    same(ct.tensor(x).to(target), np.array(want, target))


@CASTS.each("int8", "uint8", "int16", "int32", "bool")
def narrowing_integers_wraps(target: str) -> None:
    x = np.array([300, -1, 1 << 40, (1 << 31) + 5, -129])
    same(ct.tensor(x).to(target), x.astype(target))
