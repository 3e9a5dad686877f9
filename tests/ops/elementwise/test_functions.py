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
