"""Reductions of what a mask keeps, against those of a copy without the rest."""

import numpy as np
import pytest
from leaves import leaf, same

import cltensor as ct
from cltensor.errors import DTypeError

M = ct.masked
X = np.float32([[1, -2, 3, 0.5], [4, 0.25, -6, 2], [1, 1, 1, 1]])
MASK = np.array([[True, False, True, True], [False, True, True, False], [False] * 4])


@pytest.mark.parametrize(
    ("function", "reference", "nothing"),
    [
        (M.sum, np.sum, 0),
        (M.prod, np.prod, 1),
        (M.amax, np.max, -np.inf),
        (M.amin, np.min, np.inf),
        (M.mean, np.mean, np.nan),
        (M.logsumexp, lambda x: np.log(np.exp(x).sum()), -np.inf),
        (lambda x, d, **k: M.norm(x, 2.0, d, **k), np.linalg.norm, 0),
        (lambda x, d, **k: M.norm(x, -np.inf, d, **k), lambda x: np.abs(x).min(), np.inf),
        (lambda x, d, **k: M.var(x, d, **k), lambda x: x.var(ddof=1), np.nan),
        (lambda x, d, **k: M.std(x, d, correction=0, **k), np.std, np.nan),
    ],
)
def test_against_what_is_left(device, function, reference, nothing):
    x, mask = ct.tensor(X), ct.tensor(MASK)
    got = function(x, 1, mask=mask).numpy()
    want = [*[reference(row[keep]) for row, keep in zip(X[:2], MASK[:2], strict=True)], nothing]
    np.testing.assert_allclose(got, np.float32(want), rtol=1e-5)
    assert function(x, 1, keepdim=True, mask=mask).shape == (3, 1)
    whole = function(x, (), mask=mask).item()
    np.testing.assert_allclose(whole, reference(X[MASK]), rtol=1e-5)
    np.testing.assert_allclose(
        function(x, 0).numpy(), [reference(column) for column in X.T], rtol=1e-4
    )


def test_places_and_running_sums(device):
    x, mask = ct.tensor(X), ct.tensor(MASK)
    assert M.argmax(x, 1, mask=mask).tolist() == [2, 1, 0]
    assert M.argmin(x, 1, mask=mask).tolist() == [3, 2, 0]
    assert M.cumsum(x, 1, mask=mask).tolist()[0] == [1, 1, 4, 4.5]
    assert M.cumprod(x, 1, mask=mask).tolist()[0] == [1, 1, 3, 1.5]
    same(M.median(x, 1, mask=mask).tolist(), [1, -6, np.nan])
    assert M.median(ct.tensor([3, 1, 2])).item() == 2
    with pytest.raises(DTypeError, match="median: under a mask"):
        M.median(ct.tensor([3, 1]), mask=ct.tensor([True, False]))
    assert M.amax(ct.tensor([1, 5]), mask=ct.tensor([True, False])).item() == 1


def test_softmax_and_its_kin(device):
    x, mask = ct.tensor(X[:2]), ct.tensor(MASK[:2])
    e = np.where(MASK[:2], np.exp(X[:2]), 0)
    same(M.softmax(x, 1, mask=mask).tolist(), e / e.sum(1, keepdims=True))
    e = np.where(MASK[:2], np.exp(-X[:2]), 0)
    same(M.softmin(x, 1, mask=mask).tolist(), e / e.sum(1, keepdims=True))
    row = M.log_softmax(x, 1, mask=mask).tolist()[0]
    assert row[1] == -np.inf
    unit = M.normalize(x, 2.0, 1, mask=mask)
    same((unit * unit).sum(1).tolist(), [1, 1])
    both = M.logaddexp(x, x, input_mask=mask)
    same(both.tolist()[0][1], -2)


def test_gradients_pass_what_is_kept(device):
    x = leaf(X)
    M.mean(x, mask=ct.tensor(MASK)).backward()
    same(x.grad.tolist(), MASK / np.float32(5))


def test_running_sums_and_products_keep_the_dtype(device):
    x, mask = ct.tensor(np.uint8([200, 100, 3])), ct.tensor([True, True, False])
    for function, want in ((M.cumsum, [200, 44, 44]), (M.cumprod, [200, 32, 32])):
        assert function(x, 0, mask=mask).dtype == ct.uint8
        assert function(x, 0, mask=mask).tolist() == want
        assert function(x, 0, dtype="int32", mask=mask).dtype == ct.int32
    assert M.cumsum(x, 0, dtype="int32", mask=mask).tolist() == [200, 300, 300]
