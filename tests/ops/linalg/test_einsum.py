"""Sums of products in Einstein's notation, beside NumPy's."""

import sys
import types

import numpy as np
import pytest
from matrices import derivatives, stack_of

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError
from cltensor.ops.linalg import einsum

CASES = {
    "ij,jk->ik": [(3, 4), (4, 5)],
    "bij,bjk": [(2, 3, 4), (2, 4, 5)],
    "ii->i": [(4, 4)],
    "ii": [(4, 4)],
    "ij->ji": [(3, 4)],
    "ij->j": [(3, 4)],
    "i,j->ij": [(3,), (4,)],
    "i,i": [(3,), (3,)],
    "...ij,...jk->...ik": [(2, 3, 4), (4, 5)],
    "bi,ijk,bk->bj": [(2, 3), (3, 4, 5), (2, 5)],
    "ijk,ijk->k": [(2, 3, 4), (2, 3, 4)],
    "iij,jk,k->i": [(3, 3, 4), (4, 5), (5,)],
    "a,b,c,d->dcba": [(2,), (3,), (4,), (5,)],
    "...->...": [(2, 3)],
    "i...->...": [(2, 3, 4)],
    "ab,ab->": [(2, 3), (2, 3)],
    "a b , b c": [(2, 3), (3, 4)],
    "ij,jk->ki": [(0, 4), (4, 2)],
    "ij,jk->ik ": [(3, 0), (0, 2)],
}


@pytest.mark.parametrize("equation", CASES)
def test_values(equation):
    arrays = [stack_of(*s, dtype="float32", seed=k) for k, s in enumerate(CASES[equation])]
    got = ct.einsum(equation, *[ct.tensor(x) for x in arrays])
    want = np.einsum(equation.replace(" ", ""), *arrays)
    assert got.shape == want.shape
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-4, atol=1e-5)


def test_axes_as_lists_and_operands_as_a_list():
    x, y = stack_of(3, 4, dtype="float32"), stack_of(3, 5, dtype="float32")
    s, t = ct.tensor(x), ct.tensor(y)
    np.testing.assert_allclose(ct.einsum(s, [0, 1], t, [0, 2], [1, 2]).numpy(), x.T @ y, atol=1e-5)
    np.testing.assert_allclose(
        ct.einsum(s, [..., 1], t, [..., 2]).numpy(), np.einsum(x, [..., 1], y, [..., 2]), atol=1e-5
    )
    np.testing.assert_allclose(ct.einsum("ij,ik->jk", [s, t]).numpy(), x.T @ y, atol=1e-5)


def test_an_axis_of_size_1_goes_with_any_other():
    got = ct.einsum("ij,ij->ij", ct.ones(3, 1), ct.ones(1, 4))
    np.testing.assert_array_equal(got.numpy(), np.ones((3, 4)))
    assert ct.einsum("ij,ij->", ct.ones(3, 1), ct.ones(1, 4)).item() == 12


def test_whole_numbers_keep_their_type():
    x = ct.tensor([[1, 2], [3, 4]])
    assert ct.einsum("ij->", x).item() == 10
    assert ct.einsum("ij,jk->ik", x, x).dtype == "int64"


def test_opt_einsum_says_the_order_if_it_is_there(monkeypatch):
    asked = []

    def contract_path(equation, *shapes, **options):
        asked.append((equation, shapes))
        return [(1, 2), (0, 1)], None

    module = types.SimpleNamespace(contract_path=contract_path, get_symbol=lambda k: "abcdefgh"[k])
    monkeypatch.setitem(sys.modules, "opt_einsum", module)
    einsum._path.cache_clear()
    xs = [stack_of(*s, dtype="float32") for s in ((2, 3), (3, 4), (4, 5))]
    got = ct.einsum("xy,yz,zw->xw", *[ct.tensor(x) for x in xs])
    einsum._path.cache_clear()
    np.testing.assert_allclose(got.numpy(), np.linalg.multi_dot(xs), atol=1e-4)
    assert asked == [("ab,bc,cd->ad", ((2, 3), (3, 4), (4, 5)))]


def test_derivatives():
    derivatives(
        lambda a, b, c: ct.einsum("bi,ijk,bk->bj", a, b, c),
        stack_of(2, 2), stack_of(2, 2, 3), stack_of(2, 3),
    )  # fmt: skip
    derivatives(lambda a: ct.einsum("iij->j", a), stack_of(2, 2, 3))


@pytest.mark.parametrize(
    ("equation", "shapes", "match"),
    [
        ("ij,jk", [(2, 3)], "2 lists of axes for 1 operands"),
        ("ij", [(2, 3, 4)], "names 2 axes of an operand with 3"),
        ("ij->ik", [(2, 3)], "which no operand has"),
        ("ij->ii", [(2, 3)], "or twice"),
        ("ij,ij", [(2, 3), (2, 4)], "is of size 3 and"),
        ("ii", [(2, 3)], "differ"),
        ("i1", [(2, 3)], "something else than letters"),
    ],
)
def test_equations_that_do_not_fit(equation, shapes, match):
    with pytest.raises(ShapeError, match=match):
        ct.einsum(equation, *[ct.ones(*s) for s in shapes])


def test_operands_must_be_tensors():
    with pytest.raises(DTypeError, match="einsum: an operand is"):
        ct.einsum("i", np.ones(2))
    with pytest.raises(ShapeError, match="not from 0 to 51"):
        ct.einsum(ct.ones(2), [52])


def test_integers_that_are_only_summed_become_int64(device):
    a = np.uint8([[200, 100], [7, 255]])
    x = ct.tensor(a)
    assert einsum.einsum("ij->", x).dtype == ct.int64
    assert einsum.einsum("ij->i", x).tolist() == [300, 262]
    assert einsum.einsum("ij,jk->ik", x, x).dtype == ct.uint8
