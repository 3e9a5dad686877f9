"""What the fuzz tests draw, and how they compare: a Tensor beside NumPy's array of its elements.

CLTENSOR_FUZZ is the number of cases of each test (12), CLTENSOR_FUZZ_SEED the seed; without one,
the cases are the same each time. A failure prints the smallest case that fails.
"""

import os
import warnings

import numpy as np
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st

import cltensor as ct

CASES = int(os.environ.get("CLTENSOR_FUZZ", "12"))
SEED = os.environ.get("CLTENSOR_FUZZ_SEED", "")

FLOATS = ("float32", "float64") if ct.device().fp64 else ("float32",)
INTEGERS = ("int64", "int32", "int16", "int8", "uint8")
ALL = (*FLOATS, *INTEGERS, "bool")
SIZES = (0, 1, 2, 3, 5)

#: Errors that tell a user what to do; anything else that is raised is a fault.
OURS = (ct.CLTensorError, TypeError, ValueError, IndexError)


def fuzz(test):
    """`test` with as many drawn cases as asked for."""
    test = settings(
        max_examples=CASES, deadline=None, database=None, derandomize=not SEED, print_blob=False,
        suppress_health_check=list(HealthCheck),
    )(test)  # fmt: skip
    return seed(int(SEED))(test) if SEED else test


def shapes(most=5):
    """Up to `most` sizes, zeros among them, of few elements in all."""
    return st.lists(st.sampled_from(SIZES), max_size=most).map(tuple)


@st.composite
def elements(draw, shape, dtype, special=False):
    """An array of that shape: small numbers, of floats quarters, with `special` NaN and such."""
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    if dtype == "bool":
        return rng.random(shape) < 0.5
    low = 0 if dtype == "uint8" else -6
    array = np.asarray(rng.integers(low, 7, shape)).astype(dtype)
    if np.dtype(dtype).kind == "f":
        array = array / np.asarray(4, dtype)
        if special and array.size:
            odd = rng.choice([np.nan, np.inf, -np.inf, -0.0], shape)
            array = np.where(rng.random(shape) < 0.2, odd, array).astype(dtype)
    return array


@st.composite
def pairs(draw, shape=None, dtypes=ALL, special=False, most=5):
    """(Tensor, array) of the same elements, as a view of something larger or whole."""
    shape = draw(shapes(most)) if shape is None else shape
    dtype = draw(st.sampled_from(dtypes))
    axes = draw(st.permutations(range(len(shape))))
    steps = [draw(st.sampled_from((1, 1, 1, 2, -1))) for _ in shape]
    edges = [draw(st.sampled_from((0, 0, 1))) for _ in shape]
    whole = [(n * abs(s) + e) for n, s, e in zip(shape, steps, edges, strict=True)]
    base = draw(elements(tuple([whole[a] for a in axes]), dtype, special))
    back = np.argsort(axes).tolist()
    array, tensor = base.transpose(back), ct.tensor(base).permute(back)
    cut = []
    for n, step, edge in zip(shape, steps, edges, strict=True):
        first, last = edge, edge + n * abs(step)
        if step < 0:
            cut.append(slice(last - 1, first - 1 if first else None, -1) if n else slice(0, 0))
        else:
            cut.append(slice(first, last, step))
    array, tensor = np.asarray(array[tuple(cut)]), tensor[tuple(cut)]
    assert array.shape == shape
    return tensor, array


@st.composite
def broadcastable(draw, shape):
    """A shape that broadcasts with `shape`."""
    kept = draw(st.integers(0, len(shape)))
    return tuple([draw(st.sampled_from((n, n, 1))) for n in shape[len(shape) - kept :]])


def axes(ndim):
    """An axis, at times one that is not there; of none, PyTorch and so we take 0 and -1."""
    return st.integers(-ndim - 1, ndim) if ndim else st.sampled_from((-2, 1))


def outcome(function):
    """The arrays that `function` gives, or the error that it raises, at its call or when read."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            found = function()
            several = found if isinstance(found, (tuple, list)) else [found]
            return [
                np.asarray(r.detach() if isinstance(r, ct.Tensor) else r) for r in several
            ], None
        except OURS as error:
            return None, error


def same(ours, theirs, tolerance=0.0, kinds=True):
    """Both give the same elements (of the same dtype, if `kinds`), or both raise.

    ours, theirs: functions without arguments.
    """
    right, refused = outcome(theirs)
    got, error = outcome(ours)
    if refused is not None:
        assert error is not None, f"{got} where NumPy raises {refused!r}"
        assert len(str(error)) > 15, f"an error that says too little: {error!r}"
        return
    assert error is None, f"{error!r} where NumPy gives {right}"
    assert len(got) == len(right)
    for array, r in zip(got, right, strict=True):
        assert array.shape == r.shape, (array.shape, r.shape)
        if kinds:
            assert array.dtype == r.dtype, (array.dtype, r.dtype)
        if tolerance:
            scale = tolerance * (1 + np.abs(np.where(np.isfinite(r), r, 0)))
            np.testing.assert_allclose(array, r, rtol=0, atol=scale.max() if r.size else 0)
        else:
            np.testing.assert_array_equal(array, r)
