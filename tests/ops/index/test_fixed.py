"""Sums at indices in one order."""

import numpy as np
import pytest
from orders import parted, same_bits, sparse

import cltensor as ct
from cltensor.nn import functional as F

RNG = np.random.default_rng(5)


@pytest.mark.parametrize(
    ("m", "n", "inner"),
    [(1, 3, 1), (2, 1, 5), (7, 3, 4), (16, 1, 16), (33, 5, 17), (100, 40, 1), (77, 2, 40)],
)
def test_bits_of_sums(skeleton, deterministic, m, n, inner):
    rows, places = RNG.standard_normal((m, inner)).astype(np.float32), RNG.integers(0, n, m)
    wanted = sparse(rows, places, n)
    rows, places = ct.tensor(rows), ct.tensor(places)
    assert same_bits([ct.zeros(n, inner).index_add(0, places, rows).numpy()], [wanted])
    along = ct.zeros(2, n, inner).index_add(1, places, ct.stack([rows, rows]))
    assert same_bits(along.numpy(), [wanted, wanted])
    table = ct.zeros(n, inner, requires_grad=True)
    (table[places - n] * rows).sum().backward()
    assert same_bits([table.grad.numpy()], [wanted])


def test_several_indices_and_complex_numbers(skeleton, deterministic):
    i, j = RNG.integers(0, 3, 50), RNG.integers(0, 4, 50)
    values = RNG.standard_normal((2, 50)).astype(np.float32)
    wanted = [sparse(x, 4 * i + j, 12).reshape(3, 4) for x in values]
    at = ct.tensor(i), ct.tensor(j)
    given = ct.tensor(values[0] + 1j * values[1])
    found = ct.zeros(3, 4, dtype=ct.complex64).index_put(at, given, accumulate=True).numpy()
    assert (found == wanted[0] + 1j * wanted[1]).all()


def test_zeros_have_no_sign(skeleton, deterministic):
    """Else -0, of one of two ranks, would be 0 when the other's is added."""
    found = ct.zeros(2, 3).index_add(0, ct.tensor([0, 0]), ct.full((2, 3), -0.0)).numpy()
    assert not np.signbit(found).any()


def of_table(batch):
    places, factors = map(ct.tensor, batch)
    table = ct.zeros(9, 5, requires_grad=True)
    (F.embedding(places, table, padding_idx=2) * factors).sum().backward()
    return [table.grad.numpy()]


@pytest.mark.parametrize("ranks", [2, 4])
def test_half_of_a_batch_is_a_subtree(device, deterministic, ranks):
    batch = RNG.integers(0, 9, (12, 7)), RNG.standard_normal((12, 7, 5)).astype(np.float32)
    assert same_bits(parted(of_table, batch, ranks), of_table(batch))


def test_sums_of_whole_numbers(device, deterministic):
    found = ct.zeros(3, dtype=ct.int64).index_add(0, ct.tensor([2, 0, 2]), ct.tensor([1, 2, 3]))
    assert found.tolist() == [2, 0, 4]


def test_places_out_of_range(device, deterministic):
    with pytest.raises(ct.errors.IndexingError, match="index 3 is out of"):
        ct.zeros(3).index_add(0, ct.tensor([3]), ct.ones(1)).tolist()
