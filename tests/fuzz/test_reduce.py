"""Reductions, scans and sorting along drawn axes."""

import numpy as np
from fuzzing import ALL, FLOATS, axes, fuzz, pairs, same
from hypothesis import given
from hypothesis import strategies as st

import cltensor as ct


@st.composite
def _along(draw, dtypes, several=False):
    """A pair, and an axis, axes or None."""
    x, a = draw(pairs(dtypes=dtypes))
    one = axes(a.ndim)
    options = [one, st.none()] if not several else [
        one, st.none(), st.lists(one, min_size=1, max_size=3).map(tuple)]  # fmt: skip
    return x, a, draw(st.one_of(options))


@fuzz
@given(st.sampled_from(("sum", "prod")), _along(ALL, several=True), st.booleans())
def test_sums_and_products(name, drawn, keepdims):
    x, a, axis = drawn
    kind = a.dtype if a.dtype.kind == "f" else np.int64
    if name == "prod" and isinstance(axis, tuple):
        axis = axis[0]
    same(
        lambda: getattr(ct, name)(x, axis=axis, keepdims=keepdims),
        lambda: getattr(np, name)(a, axis=axis, keepdims=keepdims, dtype=kind),
        1e-6 if a.dtype.kind == "f" else 0,
    )


@fuzz
@given(st.sampled_from(("max", "min")), _along(ALL), st.booleans())
def test_extremes(name, drawn, keepdims):
    x, a, axis = drawn
    ours = getattr(ct, f"a{name}")
    same(
        lambda: ours(x, axis, keepdims) if axis is not None else ours(x),
        lambda: getattr(np, name)(a, axis=axis, keepdims=keepdims and axis is not None),
    )


@fuzz
@given(st.sampled_from(("argmax", "argmin")), _along(("float32", "int32")), st.booleans())
def test_places_of_extremes(name, drawn, keepdims):
    x, a, axis = drawn
    same(
        lambda: getattr(ct, name)(x, axis, keepdims),
        lambda: getattr(np, name)(a, axis=axis, keepdims=keepdims),
    )


@fuzz
@given(st.sampled_from(("any", "all")), _along(ALL))
def test_truth(name, drawn):
    x, a, axis = drawn
    told = "uint8" if a.dtype == "uint8" else "bool"  # as PyTorch tells it
    same(
        lambda: getattr(ct, name)(x) if axis is None else getattr(ct, name)(x, axis),
        lambda: np.asarray(getattr(np, name)(a, axis=axis)).astype(told),
    )


@fuzz
@given(_along(ALL))
def test_counts_of_what_is_not_zero(drawn):
    x, a, axis = drawn
    same(
        lambda: ct.count_nonzero(x) if axis is None else ct.count_nonzero(x, axis),
        lambda: np.asarray(np.count_nonzero(a, axis=axis)),
        kinds=False,
    )


@fuzz
@given(st.sampled_from(("mean", "var", "std")), _along(FLOATS, several=True), st.integers(0, 1))
def test_moments(name, drawn, correction):
    x, a, axis = drawn
    more = {} if name == "mean" else {"correction": correction}
    theirs = {} if name == "mean" else {"ddof": correction}
    wide = a.astype("float64")
    same(
        lambda: getattr(ct, name)(x, axis, **more),
        lambda: np.asarray(getattr(np, name)(wide, axis=axis, **theirs)).astype(a.dtype),
        2e-6,
    )


@fuzz
@given(st.sampled_from(("cumsum", "cumprod")), _along(("float32", "int64", "int8", "bool")))
def test_scans(name, drawn):
    x, a, axis = drawn
    kind = a.dtype if a.dtype.kind == "f" else np.int64
    if a.ndim:
        axis = 0 if axis is None else axis
        same(
            lambda: getattr(ct, name)(x, axis),
            lambda: getattr(np, name)(a, axis=axis, dtype=kind),
            1e-5 if a.dtype.kind == "f" else 0,
        )


@fuzz
@given(_along(ALL), st.booleans())
def test_sorting(drawn, descending):
    x, a, axis = drawn
    axis = -1 if axis is None else axis
    if not a.ndim:
        return
    if descending:
        same(lambda: ct.sort(x, axis, descending=True)[0],
             lambda: np.flip(np.sort(a, axis=axis), axis=axis))  # fmt: skip
    else:
        same(lambda: ct.sort(x, axis, stable=True),
             lambda: [np.sort(a, axis=axis), np.argsort(a, axis=axis, kind="stable")])  # fmt: skip


@fuzz
@given(pairs(dtypes=ALL))
def test_unique(pair):
    x, a = pair
    same(
        lambda: list(ct.unique(x, return_inverse=True, return_counts=True)),
        lambda: [np.unique(a), np.unique(a, return_inverse=True)[1].reshape(a.shape),
                 np.unique(a, return_counts=True)[1]],
    )  # fmt: skip
