"""Parts of a reduction; what they give is in test_collectives.py."""

import pytest
import ranks

import cltensor as ct
from cltensor import distributed as dist
from cltensor.distributed.reducing import parts_of


@pytest.mark.parametrize(("count", "size"), [(10, 4), (3, 4), (0, 2), (7, 1), (8, 2)])
def test_parts_are_even(count, size):
    parts = parts_of(count, size)
    assert (len(parts), sum(parts)) == (size, count)
    assert max(parts) - min(parts) <= 1


def in_ranks(rank, size):
    # Fewer elements than ranks, more, and what float16 does not hold.
    for count in (1, 2, 7):
        x = ct.full((count,), 1.5 + rank, dtype=ct.float16)
        dist.all_reduce(x)
        assert x.tolist() == [sum(1.5 + r for r in range(size))] * count
    x = ct.full((3,), 60000.0, dtype=ct.float16)
    dist.all_reduce(x, dist.ReduceOp.AVG)  # whose sum float16 does not hold
    assert x.tolist() == [ct.tensor(60000.0).half().item()] * 3
    dist.all_reduce(x)
    assert x.tolist() == [float("inf")] * 3


def test_sums_of_halves():
    ranks.run(3, __file__, "in_ranks")
