"""Reading and writing by drawn keys."""

import numpy as np
from fuzzing import ALL, broadcastable, elements, fuzz, pairs, same
from hypothesis import given
from hypothesis import strategies as st

import cltensor as ct


def _slices(n):
    ends = st.one_of(st.none(), st.integers(-n - 2, n + 2))
    return st.builds(slice, ends, ends, st.sampled_from((None, 1, 2, 3, -1, -2)))


@st.composite
def _keys(draw, shape):
    """(ours, NumPy's): a key, now and then one that does not fit."""
    parts, place, arrays = [], 0, draw(st.booleans())
    common = tuple(draw(st.lists(st.sampled_from((1, 2, 3)), max_size=2)))
    while place < len(shape) and draw(st.integers(0, 5)):
        n = shape[place]
        # Places along an axis of size 0 are an error here; NumPy lets some pass.
        kind = draw(st.integers(0, 5 if arrays and n else 3))
        if kind == 0:
            parts.append(draw(st.integers(-n - (draw(st.integers(0, 15)) == 0), max(n - 1, 0))))
        elif kind in (1, 2):
            parts.append(draw(_slices(n)))
        elif kind == 3:
            parts.append(None)
            place -= 1
        elif kind == 4:
            own = draw(broadcastable(common))
            rng = np.random.default_rng(draw(st.integers(0, 99)))
            parts.append(rng.integers(-n, n, own))
        else:
            rng = np.random.default_rng(draw(st.integers(0, 99)))
            parts.append(rng.random(n) < 0.5)
        place += 1
    if draw(st.integers(0, 4)) == 0:
        parts.insert(draw(st.integers(0, len(parts))), Ellipsis)
    ours = [ct.tensor(p) if isinstance(p, np.ndarray) else p for p in parts]
    if len(parts) == 1 and draw(st.booleans()):
        return ours[0], parts[0]
    return tuple(ours), tuple(parts)


@st.composite
def _read(draw):
    x, a = draw(pairs(most=4))
    return x, a, *draw(_keys(a.shape))


@fuzz
@given(_read())
def test_reading(drawn):
    x, a, ours, theirs = drawn
    same(lambda: x[ours], lambda: np.asarray(a[theirs]))


@fuzz
@given(_read(), st.data())
def test_writing(drawn, data):
    x, a, ours, theirs = drawn
    x, a = x.clone(), a.copy()
    try:
        shape = a[theirs].shape
    except IndexError:
        shape = ()
    value = data.draw(elements(data.draw(broadcastable(shape)), a.dtype.name))
    parts = theirs if isinstance(theirs, tuple) else (theirs,)
    if any(isinstance(p, np.ndarray) and p.dtype != bool for p in parts):
        # Which of several values for one place stays is not said: one for all.
        value = value.ravel()[:1].reshape(()) if value.size else np.zeros((), a.dtype)

    def write(target, key, content):
        target[key] = content
        return target

    same(lambda: write(x, ours, ct.tensor(value)), lambda: write(a, theirs, value))


@fuzz
@given(st.data(), pairs(most=3))
def test_gather_and_scatter(data, pair):
    x, a = pair
    if not a.ndim or not a.size:
        return
    axis = data.draw(st.integers(-a.ndim, a.ndim - 1))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    counts = list(a.shape)
    counts[axis] = data.draw(st.integers(0, 4))
    places = rng.integers(0, a.shape[axis], counts)
    same(lambda: ct.gather(x, axis, ct.tensor(places)),
         lambda: np.take_along_axis(a, places, axis))  # fmt: skip
    one = np.asarray(1, a.dtype)
    put = a.copy()
    np.put_along_axis(put, places, one, axis)
    same(lambda: x.scatter(axis, ct.tensor(places), one.item()), lambda: put)


@fuzz
@given(st.data(), pairs(most=3, dtypes=ALL), st.integers(-2, 6))
def test_taking(data, pair, place):
    x, a = pair
    rows = np.array([place, 0], "int64")
    if a.ndim:
        axis = data.draw(st.integers(-a.ndim, a.ndim - 1))
        rows = np.clip(rows, 0, None) if a.size else rows[:0]  # of which NumPy lets any pass
        same(lambda: ct.index_select(x, axis, ct.tensor(rows)), lambda: np.take(a, rows, axis))
    same(lambda: ct.nonzero(x), lambda: np.argwhere(a))
