"""Functions of analysis: how near to the exact value they are, and where they end."""

import math
from math import inf as INF
from math import nan as NAN

import numpy as np
import pytest
from leaves import same, slopes

import cltensor as ct


def ulps(got, exact):
    """The distance to the float64 result in units of float32's last place."""
    with np.errstate(all="ignore"):
        nearest = exact.astype("float32")
        spacing = np.spacing(np.abs(nearest)).astype("float64")
        distance = np.abs(got.astype("float64") - exact) / spacing
    equal = (got == nearest) | (np.isnan(got) & np.isnan(nearest))
    return np.where(equal, np.minimum(np.nan_to_num(distance), 0.5), distance)


def sweep():
    """Every 10007th float32 there is, and a dense range where functions bend."""
    bits = np.arange(0, 1 << 32, 10007, dtype=np.uint64).astype(np.uint32).view(np.float32)
    dense = np.linspace(-110, 110, 300_001, dtype="float32")
    near = np.linspace(-2, 2, 200_001, dtype="float32")
    edges = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1.17549435e-38, 1e-45, 88.72284, -103.97])
    return np.concatenate([bits, dense, near, edges.astype("float32")])


def _sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))


@pytest.mark.parametrize(
    ("name", "exact", "bound"),
    [
        ("exp", np.exp, 1.5),
        ("log", np.log, 1.0),
        ("tanh", np.tanh, 1.5),
        ("sqrt", np.sqrt, 0.5),
        ("rsqrt", lambda x: 1 / np.sqrt(x), 2.0),
        ("softplus", lambda x: np.logaddexp(0, x), 3.0),
        ("sigmoid", _sigmoid, 4.0),
    ],
)
def test_float32_functions_are_accurate(device, name, exact, bound):
    x = sweep()
    if not device.is_pocl:
        bound = max(bound, 5.0)  # the driver's own functions: OpenCL allows 3 to 5
    with np.errstate(all="ignore"):
        want = exact(x.astype("float64"))
        # Numbers below the normal range may be flushed to zero, so results near it are left out.
        keep = ~((np.abs(want) < 2e-38) & (want != 0)) & ~((np.abs(x) < 2e-38) & (x != 0))
    got = getattr(ct, name)(ct.tensor(x)).numpy()
    errors = ulps(got, want)[keep]
    worst = x[keep][np.argmax(errors)]
    assert errors.max() <= bound, f"{name}({worst!r}) is off by {errors.max():.2f} ulp"


def test_subnormals_on_pocl(device):
    if not device.is_pocl:
        pytest.skip(f"'{device}' may flush subnormal numbers to zero")
    x = np.array([1e-45, 1e-40, -1e-42], "float32")
    assert ct.log(ct.tensor(x[:2])).numpy() == pytest.approx(np.log(x[:2].astype("float64")))
    assert ct.tanh(ct.tensor(x)).numpy().tolist() == x.tolist()
    assert ct.exp(ct.tensor([-100.0])).item() == pytest.approx(np.exp(-100.0), rel=1e-1)


_EXACT = {
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "asinh": np.arcsinh,
    "acosh": np.arccosh, "atanh": np.arctanh,
}  # fmt: skip
_ONE = "sin cos tan asin acos atan sinh cosh asinh acosh atanh log2 log10 log1p exp2 expm1"


@pytest.mark.parametrize("name", _ONE.split())
def test_functions_that_pocl_would_call_are_rounded_once(name, device):
    if not (device.is_pocl and device.fp64):
        pytest.skip(f"on '{device}' it is the driver's own")
    x = sweep()
    with np.errstate(all="ignore"):
        want = (_EXACT.get(name) or getattr(np, name))(x.astype("float64"))
    got = getattr(ct, name)(ct.tensor(x)).numpy()
    errors = ulps(got, want)
    worst = x[np.argmax(errors)]
    assert errors.max() <= 0.51, f"{name}({worst!r}) is off by {errors.max():.2f} ulp"
    zeros = want == 0
    assert (np.signbit(got) == np.signbit(want))[zeros].all()


@pytest.mark.parametrize("name", ["atan2", "hypot", "pow", "fmod"])
def test_functions_of_two_that_pocl_would_call_are_rounded_once(name, device):
    if not (device.is_pocl and device.fp64):
        pytest.skip(f"on '{device}' it is the driver's own")
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 1 << 32, (2, 200_000), dtype=np.uint64).astype(np.uint32)
    edges = [0, 0.5, 1, 2, 3, 1e-45, 1e-38, 16777215, 3.4e38, np.inf, np.nan]
    edges = np.float32([*edges, *[-e for e in edges]])
    near = np.stack([rng.random(100_000) * 4, rng.standard_normal(100_000) * 20]).astype("float32")
    small = rng.integers(-5, 6, (2, 300)).astype("float32")
    a, b = np.concatenate([bits.view("float32"), near, small, np.stack(
        [m.ravel() for m in np.meshgrid(edges, edges)])], axis=1)  # fmt: skip
    with np.errstate(all="ignore"):
        if name == "fmod":  # of float64, the quotients are too large for it to be fast
            want = np.fmod(a, b).astype("float64")
        else:
            exact = {"atan2": np.arctan2, "hypot": np.hypot, "pow": np.power}[name]
            want = exact(a.astype("float64"), b.astype("float64"))
    got = getattr(ct, name)(ct.tensor(a), ct.tensor(b)).numpy()
    errors = ulps(got, want)
    worst = np.argmax(errors)
    assert errors.max() <= 0.51, f"{name}{a[worst], b[worst]} is off by {errors.max():.2f} ulp"
    told = ~np.isnan(want)
    assert (np.signbit(got) == np.signbit(want))[told].all()


def test_large_arguments_do_not_overflow(device):
    x = ct.tensor([-1000.0, 1000.0])
    assert ct.sigmoid(x).numpy().tolist() == [0, 1]
    assert ct.softplus(x).numpy().tolist() == [0, 1000]
    assert ct.tanh(x).numpy().tolist() == [-1, 1]
    assert ct.exp(x).numpy().tolist() == [0, np.inf]


def test_atan2_has_no_slope_at_the_origin(device):
    got, (a, b) = slopes(ct.atan2, [0.0, 0.0, 1.0, -0.0], [0.0, 1.0, 0.0, -0.0])
    same(got, [0, 0, math.pi / 2, -math.pi])
    same(a, [0, 1, 0, 0])
    same(b, [0, 0, -1, 0])


def test_rsqrt_at_zero_and_relu_at_nan(device):
    got, (x,) = slopes(ct.rsqrt, [0.0, -0.0, 4.0])
    same([*got, *x], [INF, -INF, 0.5, -INF, INF, -0.0625])
    got, (x,) = slopes(ct.relu, [0.0, -0.0, 1.0, NAN])
    same([*got, *x], [0, 0, 1, NAN, 0, 0, 1, 1])


def test_other_names_are_the_same_functions():
    for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh"):
        assert getattr(ct, f"arc{name}") is getattr(ct, f"a{name}")
    assert ct.arctan2 is ct.atan2
    assert ct.ones(1).arctan().item() == pytest.approx(math.pi / 4)
