"""Elementwise functions beyond the sweep: accuracy, special cases, copies."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DTypeError


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


def test_powers(device):
    x = np.array([0.5, 2.0, 3.0], "float32")
    t = ct.tensor(x)
    for k in (0, 1, 2, 3, -1, 0.5, 2.5, -2, 4):
        np.testing.assert_allclose((t**k).numpy(), x.astype("float64") ** k, rtol=1e-6)
    assert (ct.arange(5) ** 3).numpy().tolist() == [0, 1, 8, 27, 64]
    assert (ct.arange(3) ** ct.tensor([0, -1, -1])).numpy().tolist() == [1, 1, 0]
    with pytest.raises(DTypeError, match=r"pow: int64 to the power -1 .*\.to\('float32'\)"):
        ct.arange(3) ** -1


def test_where_takes_scalars_and_conditions_of_any_type(device):
    x = ct.tensor([0.0, 2.0, -1.0])
    assert ct.where(x > 0, 1, 0).numpy().tolist() == [0, 1, 0]
    assert ct.where(x > 0, 1, 0).dtype == ct.int64
    assert ct.where(x, x, 9.0).numpy().tolist() == [9, 2, -1]
    assert ct.where(x > 0, x, ct.tensor([[5.0], [6.0]])).numpy().tolist() == [[5, 2, 5], [6, 2, 6]]
    assert ct.where(True, x, 1.0).numpy().tolist() == [0, 2, -1]


def test_nan_in_the_branch_not_taken_stays_out(device):
    x = ct.tensor([0.0, 4.0], requires_grad=True)
    y = ct.where(x > 0, ct.sqrt(ct.where(x > 0, x, 1.0)), 0.0)
    y.sum().backward()
    assert y.detach().numpy().tolist() == [0, 2]
    assert x.grad.numpy().tolist() == [0, 0.25]


def test_clip(device):
    x = ct.tensor([-2.0, 0.5, 3.0, float("nan")])
    for got, want in (
        (ct.clip(x, -1, 1), [-1, 0.5, 1]),
        (x.clip(min=0), [0, 0.5, 3]),
        (x.clamp(max=ct.tensor(1.0)), [-2, 0.5, 1]),
        (x.clip(), [-2, 0.5, 3]),
        (x.clip(2, 1), [1, 1, 1]),  # the upper bound has the last word, as in NumPy
    ):
        assert got.numpy()[:3].tolist() == want
        assert np.isnan(got.numpy()[3])


def test_activations(device):
    x = np.linspace(-4, 4, 33, dtype="float32")
    t = ct.tensor(x)
    phi = ct.erf(t / 2**0.5).numpy()
    np.testing.assert_allclose(ct.gelu(t).numpy(), x * (1 + phi) / 2, atol=1e-6)
    cubic = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    np.testing.assert_allclose(ct.gelu(t, approximate="tanh").numpy(), cubic, atol=1e-6)
    np.testing.assert_allclose(ct.silu(t).numpy(), x / (1 + np.exp(-x)), atol=1e-6)
    assert ct.relu(ct.tensor([float("nan")])).isnan().item() is True
    with pytest.raises(ValueError, match="gelu: approximate is 'fast'; use 'none' or 'tanh'"):
        ct.gelu(t, approximate="fast")


def test_large_arguments_do_not_overflow(device):
    x = ct.tensor([-1000.0, 1000.0])
    assert ct.sigmoid(x).numpy().tolist() == [0, 1]
    assert ct.softplus(x).numpy().tolist() == [0, 1000]
    assert ct.tanh(x).numpy().tolist() == [-1, 1]
    assert ct.exp(x).numpy().tolist() == [0, np.inf]


def test_rounding_is_to_even(device):
    x = ct.tensor([0.5, 1.5, 2.5, -0.5, -1.5])
    assert x.round().numpy().tolist() == [0, 2, 2, 0, -2]
    assert x.trunc().numpy().tolist() == [0, 1, 2, 0, -1]


def test_masked_fill(device):
    x = ct.tensor([1.0, 2.0, 3.0])
    assert x.masked_fill(x > 1.5, -1.0).numpy().tolist() == [1, -1, -1]


def test_casts_and_copies_share_only_when_nothing_changes(device):
    x = ct.tensor([1.0, 2.0])
    assert x.to("float32") is x
    assert x.contiguous() is x
    assert x.clone() is not x
    copied = x.clone()
    copied[0] = 9.0
    assert x.numpy().tolist() == [1, 2]
    turned = ct.arange(6).reshape(2, 3).T
    assert not turned.is_contiguous
    assert turned.contiguous().is_contiguous
    np.testing.assert_array_equal(turned.contiguous().numpy(), np.arange(6).reshape(2, 3).T)
