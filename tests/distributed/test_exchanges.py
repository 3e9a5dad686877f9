"""What ranks give to each other, each for each."""

import pytest
import ranks

import cltensor as ct
from cltensor import distributed as dist


def in_ranks_exchange(rank, size):
    rows = ct.arange(float(2 * size)).reshape(size, 2) + 100 * rank
    out = ct.empty(size, 2)
    dist.all_to_all_single(out, rows)
    wanted = [[100 * r + 2 * rank, 100 * r + 2 * rank + 1] for r in range(size)]
    assert out.tolist() == wanted
    # rank r has r + 1 rows for each
    rows, out = ct.full((size * (rank + 1),), float(rank)), ct.empty(sum(range(1, size + 1)))
    dist.all_to_all_single(out, rows, list(range(1, size + 1)), [rank + 1] * size)
    assert out.tolist() == [float(r) for r in range(size) for _ in range(r + 1)]
    outs = [ct.empty(r + 1) for r in range(size)]
    dist.all_to_all(outs, [ct.full((rank + 1,), float(rank)) for _ in range(size)])
    assert [o.tolist() for o in outs] == [[float(r)] * (r + 1) for r in range(size)]


@pytest.mark.parametrize("size", [2, 4])
def test_each_gets_what_each_has_for_it(size):
    ranks.run(size, __file__, "in_ranks_exchange")
