"""Products of drawn shapes."""

import numpy as np
from fuzzing import fuzz, pairs, same, shapes
from hypothesis import given
from hypothesis import strategies as st

import cltensor as ct

_KINDS = ("float32", "int32", "int64")


@st.composite
def _factors(draw):
    """Two pairs of one dtype whose inner sizes mostly agree."""
    dtype = (draw(st.sampled_from(_KINDS)),)
    front = draw(shapes(2))
    n, k, m = [draw(st.sampled_from((0, 1, 2, 3, 7))) for _ in range(3)]
    inner = k if draw(st.integers(0, 9)) else 4
    a = draw(st.sampled_from(((k,), (n, k), (*front, n, k))))
    b = draw(st.sampled_from(((inner,), (inner, m), (*front[1:], inner, m), (*front, inner, m))))
    return draw(pairs(a, dtype)), draw(pairs(b, dtype))


@fuzz
@given(_factors())
def test_matmul(factors):
    (x, a), (y, b) = factors
    same(lambda: x @ y, lambda: np.asarray(a @ b), 1e-5 if a.dtype.kind == "f" else 0)


@fuzz
@given(st.data(), st.sampled_from(_KINDS))
def test_einsum(data, dtype):
    sizes = {c: data.draw(st.sampled_from((0, 1, 2, 3))) for c in "abcd"}
    names = [data.draw(st.permutations("abcd"))[: data.draw(st.integers(1, 3))] for _ in range(2)]
    seen = sorted({*names[0], *names[1]})
    out = data.draw(st.permutations(seen))[: data.draw(st.integers(0, len(seen)))]
    equation = f"{''.join(names[0])},{''.join(names[1])}->{''.join(out)}"
    operands = [data.draw(pairs(tuple([sizes[c] for c in own]), (dtype,))) for own in names]
    (x, a), (y, b) = operands
    tolerance, wide = (1e-5, dtype) if dtype == "float32" else (0, "int64")
    got = ct.einsum(equation, x, y)  # integers that are summed before the product are int64 then
    want = np.einsum(equation, a.astype(wide), b.astype(wide)).astype(got.dtype)
    same(lambda: got, lambda: want, tolerance)


@fuzz
@given(st.data(), shapes(1), st.integers(1, 5))
def test_systems(data, front, n):
    _, a = data.draw(pairs((*front, n, n), ("float32",)))
    _, b = data.draw(pairs((*front, n, 2), ("float32",)))
    well = a / 8 + 3 * np.eye(n, dtype="float32")
    same(lambda: ct.linalg.solve(ct.tensor(well), ct.tensor(b)),
         lambda: np.linalg.solve(well, b), 1e-4)  # fmt: skip
    same(lambda: ct.linalg.inv(ct.tensor(well)), lambda: np.linalg.inv(well), 1e-4)
    same(lambda: ct.linalg.det(ct.tensor(well)), lambda: np.linalg.det(well), 1e-4)
