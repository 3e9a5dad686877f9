"""What every elementwise operation computes, said with NumPy, and operands that find mistakes."""

from __future__ import annotations

import math

import numpy as np


def _power(a, b):
    """Integer powers wrap; a negative exponent gives the truncated reciprocal."""
    if a.dtype.kind == "f":
        return np.power(a, b)
    mask = (1 << (8 * a.dtype.itemsize)) - 1

    def one(x, y):
        x, y = int(x), int(y)
        if y < 0:
            return {1: 1, -1: -1 if y % 2 else 1}.get(x, 0)
        return pow(x, y, mask + 1)

    raw = np.array([one(x, y) & mask for x, y in np.broadcast(a, b)], np.uint64)
    return raw.reshape(np.broadcast_shapes(a.shape, b.shape)).astype(a.dtype)


def _floor_divide(a, b):
    # NumPy's own gives NaN for x // 0.0 in some versions and infinity in others.
    if a.dtype.kind == "f":
        return np.where(b == 0, a / b, np.floor_divide(a, np.where(b == 0, 1, b)))
    return np.floor_divide(a, b)


def _divide_toward_zero(a, b):
    """Integers exactly, without floats; what is beyond the dtype wraps, and x / 0 is 0."""
    if a.dtype.kind == "f":
        return np.trunc(a / b)

    def one(x, y):
        x, y = int(x), int(y)
        return 0 if y == 0 else (abs(x) // abs(y)) * (1 if (x < 0) == (y < 0) else -1)

    mask = (1 << (8 * a.dtype.itemsize)) - 1
    raw = np.array([one(x, y) & mask for x, y in np.broadcast(a, b)], np.uint64)
    return raw.reshape(np.broadcast_shapes(a.shape, b.shape)).astype(a.dtype)


def _shift(function, beyond):
    def shift(a, b):
        bits = 8 * a.dtype.itemsize
        inside = (b >= 0) & (b < bits)
        return np.where(inside, function(a, np.where(inside, b, 0)), beyond(a)).astype(a.dtype)

    return shift


def _of_integers(function):
    """Of integers of any size, wrapped to the dtype."""

    def apply(a, b):
        mask = (1 << (8 * a.dtype.itemsize)) - 1
        raw = np.array([function(int(x), int(y)) & mask for x, y in np.broadcast(a, b)], np.uint64)
        return raw.reshape(np.broadcast_shapes(a.shape, b.shape)).astype(a.dtype)

    return apply


def _lcm(a, b):
    bits = 8 * a.dtype.itemsize

    def one(x, y):
        # a / gcd * b wraps, and its magnitude is taken of what it wrapped to.
        if x == 0 or y == 0:
            return 0
        divisor = _wrapped(math.gcd(x, y), bits) if a.dtype.kind == "i" else math.gcd(x, y)
        quotient = abs(x) // abs(divisor) * (1 if (x < 0) == (divisor < 0) else -1)
        found = quotient * y
        return abs(_wrapped(found, bits)) if a.dtype.kind == "i" else found

    return _of_integers(one)(a, b)


def _wrapped(x, bits):
    return (x + (1 << (bits - 1))) % (1 << bits) - (1 << (bits - 1))


_gcd = _of_integers(math.gcd)


def _round_trip(x):
    return x


#: Operation: (NumPy's answer, kinds of dtype it takes). Those in FLOAT_RESULT turn integers into
#: float32 first, those in BOOL_RESULT give bool, all others keep the dtype.
ANSWERS = {
    "add": (np.add, "biuf"),
    "subtract": (np.subtract, "iuf"),
    "multiply": (np.multiply, "biuf"),
    "divide": (np.divide, "biuf"),
    "floor_divide": (_floor_divide, "iuf"),
    "divide_toward_zero": (_divide_toward_zero, "iuf"),
    "remainder": (np.remainder, "iuf"),
    "fmod": (np.fmod, "iuf"),
    "negative": (np.negative, "iuf"),
    "positive": (_round_trip, "biuf"),
    "abs": (np.abs, "iuf"),
    "conj_physical": (np.conj, "biuf"),
    "angle": (lambda x: np.where(x != x, x, np.where(x < 0, np.pi, 0)), "f"),
    "sgn": (lambda x: x if x.dtype.kind == "b" else np.sign(x), "biuf"),
    "sign": (lambda x: x if x.dtype.kind == "b" else np.sign(x), "biuf"),
    "square": (np.square, "iuf"),
    "reciprocal": (lambda x: 1 / x, "biuf"),
    "pow": (_power, "iuf"),
    "gate": (lambda x, y: np.where(y <= 0, 0, x), "iuf"),
    "maximum": (np.maximum, "biuf"),
    "minimum": (np.minimum, "biuf"),
    "eq": (np.equal, "biuf"),
    "not_equal": (np.not_equal, "biuf"),
    "less": (np.less, "biuf"),
    "less_equal": (np.less_equal, "biuf"),
    "greater": (np.greater, "biuf"),
    "greater_equal": (np.greater_equal, "biuf"),
    "logical_and": (np.logical_and, "biuf"),
    "logical_or": (np.logical_or, "biuf"),
    "logical_xor": (np.logical_xor, "biuf"),
    "logical_not": (np.logical_not, "biuf"),
    "isnan": (np.isnan, "biuf"),
    "isinf": (np.isinf, "biuf"),
    "isfinite": (np.isfinite, "biuf"),
    "bitwise_and": (np.bitwise_and, "biu"),
    "bitwise_or": (np.bitwise_or, "biu"),
    "bitwise_xor": (np.bitwise_xor, "biu"),
    "bitwise_invert": (np.invert, "biu"),
    "bitwise_left_shift": (_shift(np.left_shift, np.zeros_like), "iu"),
    "bitwise_right_shift": (_shift(np.right_shift, lambda a: -(a < 0).astype(a.dtype)), "iu"),
    "exp": (np.exp, "biuf"),
    "exp2": (np.exp2, "biuf"),
    "expm1": (np.expm1, "biuf"),
    "log": (np.log, "biuf"),
    "log2": (np.log2, "biuf"),
    "log10": (np.log10, "biuf"),
    "log1p": (np.log1p, "biuf"),
    "sqrt": (np.sqrt, "biuf"),
    "rsqrt": (lambda x: 1 / np.sqrt(x), "biuf"),
    "hypot": (np.hypot, "biuf"),
    "sin": (np.sin, "biuf"),
    "cos": (np.cos, "biuf"),
    "tan": (np.tan, "biuf"),
    "asin": (np.arcsin, "biuf"),
    "acos": (np.arccos, "biuf"),
    "atan": (np.arctan, "biuf"),
    "sinh": (np.sinh, "biuf"),
    "cosh": (np.cosh, "biuf"),
    "tanh": (np.tanh, "biuf"),
    "asinh": (np.arcsinh, "biuf"),
    "acosh": (np.arccosh, "biuf"),
    "atanh": (np.arctanh, "biuf"),
    "atan2": (np.arctan2, "biuf"),
    "erf": (np.vectorize(math.erf, otypes=[float]), "biuf"),
    "floor": (np.floor, "iuf"),
    "ceil": (np.ceil, "iuf"),
    "trunc": (np.trunc, "iuf"),
    "round": (np.round, "iuf"),
    "copysign": (np.copysign, "biuf"),
    "where": (lambda c, a, b: np.where(c != 0, a, b), "biuf"),
    "clip_low": (lambda x, low: np.where((x < low) | (low != low), low, x), "biuf"),
    "clip_high": (lambda x, high: np.where((x > high) | (high != high), high, x), "biuf"),
    "relu": (lambda x: np.where(x < 0, 0, x), "iuf"),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), "biuf"),
    "log1p_exp": (lambda x: np.logaddexp(0, x), "biuf"),
    "fmax": (np.fmax, "biuf"),
    "fmin": (np.fmin, "biuf"),
    "gcd": (_gcd, "iu"),
    "lcm": (_lcm, "iu"),
    "heaviside": (lambda x, v: np.where(x == 0, v, (x > 0).astype(x.dtype)), "biuf"),
    "logaddexp": (np.logaddexp, "biuf"),
    "logaddexp2": (np.logaddexp2, "biuf"),
    "frac": (lambda x: x - np.trunc(x), "f"),
    "signbit": (np.signbit, "iuf"),
    "isposinf": (lambda x: x == np.inf, "biuf"),
    "isneginf": (lambda x: x == -np.inf, "biuf"),
    "mantissa": (lambda x: np.frexp(x)[0], "f"),
    "exponent": (lambda x: np.where(np.isfinite(x), np.frexp(x)[1], 0), "f"),
}
BOOL_RESULT = (
    *("eq", "not_equal", "less", "less_equal", "greater", "greater_equal"),
    *("logical_and", "logical_or", "logical_xor", "logical_not", "isnan", "isinf", "isfinite"),
    *("signbit", "isposinf", "isneginf"),
)
FLOAT_RESULT = (
    *("divide", "reciprocal", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt"),
    *("rsqrt", "hypot", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"),
    *("asinh", "acosh", "atanh", "atan2", "erf", "copysign", "sigmoid", "log1p_exp"),
    *("logaddexp", "logaddexp2"),
)


def specials(dtype):
    """Values of `dtype` at which operations go wrong."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return np.array([False, True])
    if dtype.kind == "f":
        tiny, huge = np.finfo(dtype).tiny, np.finfo(dtype).max
        values = [0.0, -0.0, 1, -1, 0.5, -2.5, 3, 7.25, 88, -90, tiny, huge]
        return np.array([*values, np.inf, -np.inf, np.nan], dtype)
    limits = np.iinfo(dtype)
    values = [0, 1, 2, 3, 5, 7, 13, limits.max, limits.max - 1, limits.min]
    values += [] if dtype.kind == "u" else [-1, -2, -3, -7, limits.min + 1]
    return np.array(values, dtype)


def operands(dtype, count, shapes, seed=0):
    """One array per shape: every tuple of special values first, as far as it fits, then noise."""
    random = np.random.default_rng(seed)
    special = specials(dtype)
    noise = special[random.integers(0, len(special), 400)]
    if special.dtype.kind == "f":
        noise = np.where(random.random(400) < 0.7, random.normal(0, 2, 400), noise)
    noise = noise.astype(special.dtype)
    grid = np.meshgrid(*[special] * min(count, 2), indexing="ij")
    pools = [np.concatenate([g.ravel(), random.permutation(noise)]) for g in grid]
    pools += [random.permutation(pools[0]) for _ in range(count - len(pools))]
    return [np.resize(pool, shape) for pool, shape in zip(pools, shapes, strict=True)]


def answer(name, arrays):
    """What the operation gives for `arrays` (of one dtype): computed in float64, then rounded."""
    function, _ = ANSWERS[name]
    dtype = arrays[0].dtype
    is_float = dtype.kind == "f"
    if name in FLOAT_RESULT and not is_float:
        dtype, is_float = np.dtype("float32"), True
        arrays = [a.astype(dtype) for a in arrays]
    with np.errstate(all="ignore"):
        wide = [a.astype(np.float64) for a in arrays] if is_float else arrays
        found = np.asarray(function(*wide))
        return found.astype(bool if name in BOOL_RESULT else dtype)


def check(name, got, arrays):
    """Assert that `got` is the answer: exactly, or for floats within a few roundings."""
    expected = answer(name, arrays)
    assert got.dtype == expected.dtype, name
    assert got.shape == expected.shape, name
    if got.dtype.kind != "f":
        wrong = got != expected
    else:
        step = 32 * np.finfo(got.dtype).eps
        with np.errstate(all="ignore"):
            # Below the normal range some devices flush to zero, so that far down counts as zero.
            near = np.abs(got - expected) <= step * np.abs(expected) + np.finfo(got.dtype).tiny
            near &= np.isfinite(expected)
        same = (got == expected) | (np.isnan(got) & np.isnan(expected))
        wrong = ~(near | same)
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0]) if got.ndim else ()
        given = [np.broadcast_to(a, got.shape)[at] for a in arrays]
        raise AssertionError(
            f"{name}: {wrong.sum()} of {got.size} differ, first at {at}: {name}{tuple(given)} gave "
            f"{got[at]!r} in place of {expected[at]!r}"
        )
