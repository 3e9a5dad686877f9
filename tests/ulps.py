"""How far results lie from the exact ones, as mpmath gives them, in units of the last place."""

import mpmath
import numpy as np

import cltensor as ct


def points(ranges, dtype, count=60, seed=0):
    """Numbers of `dtype` from each (low, high), and, for (low, high, "decades"), powers of ten."""
    random = np.random.default_rng(seed)
    found = []
    for low, high, *how in ranges:
        drawn = random.uniform(low, high, count)
        found.append(10**drawn if how else drawn)
    return np.concatenate(found).astype(dtype)


def units(got, exact, dtype, floor=0.0):
    """The distance in units of the last place of the exact value, or of `floor` if that is more.

    What lies outside the normal range of `dtype` may have been flushed, and counts as right.
    """
    info = np.finfo(dtype)
    size = abs(exact)
    if size < float(info.tiny) or size > float(info.max):
        return 0.0
    step = np.spacing(np.asarray(max(float(size), floor), dtype))
    return float(abs(mpmath.mpf(float(got)) - exact) / mpmath.mpf(float(step)))


def worst(function, exact, operands, floor=lambda *x: 0.0):
    """(units of the last place, operands) of the point where `function` is farthest off."""
    dtype = operands[0].dtype
    got = function(*[ct.tensor(x) for x in operands]).numpy()
    assert got.dtype == dtype
    found = (0.0, None)
    with mpmath.workdps(40):
        for y, *x in zip(got, *operands, strict=True):
            want = exact(*[mpmath.mpf(float(v)) for v in x])
            off = units(y, want, dtype, floor(*[float(v) for v in x]))
            if not off <= found[0]:
                found = (off, tuple(float(v) for v in x))
    return found


def edges(function, x, want, dtype="float32"):
    """Assert what `function` gives at `x`, to the sign of zero."""
    got = function(ct.tensor(np.array(x, dtype))).numpy()
    np.testing.assert_allclose(got, np.array(want, dtype), rtol=2e-6)
    zero = got == 0
    assert (np.signbit(got) == np.signbit(np.array(want, dtype)))[zero].all()
