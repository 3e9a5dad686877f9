"""Tensors from one rank to another."""

import pytest
import ranks

import cltensor as ct
from cltensor import distributed as dist


def in_ranks(rank, size):
    after, before = (rank + 1) % size, (rank - 1) % size
    x, z = ct.full((3,), float(rank)), ct.zeros(3)
    work = dist.irecv(z, before)  # first, in all: nobody waits for the other
    dist.send(x, after)
    assert work.wait()
    assert z.tolist() == [before] * 3
    assert work.source_rank() == before
    big = ct.full((1 << 18,), float(rank), dtype=ct.bfloat16)
    got = ct.empty_like(big)
    pair = [dist.P2POp(dist.isend, big, after), dist.P2POp(dist.irecv, got, before)]
    works = dist.batch_isend_irecv(pair)
    assert all(w.wait() for w in works)
    assert got[-1].item() == before
    # Tags: the second is taken first.
    works = [dist.isend(x + k, after, tag=k) for k in (0, 1)]
    second, first = ct.zeros(3), ct.zeros(3)
    assert dist.recv(second, before, tag=1) == before
    dist.recv(first, before, tag=0)
    assert (second[0].item(), first[0].item()) == (before + 1, before)
    assert [w.wait() for w in works] == [True, True]
    if rank == 0:
        found = sorted(dist.recv(z) for _ in range(size - 1))  # from whoever comes
        assert found == list(range(1, size))
    else:
        dist.send(x, 0)
    dist.barrier()  # or whoever comes next is taken for one of them
    base = ct.zeros(2, 3)
    work = dist.irecv(base[:, 1], before)  # into a column
    dist.send(ct.ones(2), after)
    work.wait()
    assert base.tolist() == [[0, 1, 0], [0, 1, 0]]
    if rank == 0:
        dist.send(ct.ones(4), 1)
        dist.send(ct.ones(4, dtype=ct.int32), 1)
        dist.send(ct.ones(4), 1)
    elif rank == 1:
        with pytest.raises(ct.ShapeError, match="rank 0 of the group sent 4 elements"):
            dist.recv(ct.zeros(3), 0)
        with pytest.raises(ct.DTypeError, match="sent int32, and the tensor is float32"):
            dist.recv(ct.zeros(4), 0)
        dist.recv(y := ct.zeros(4), 0)  # what comes next is not lost
        assert y.tolist() == [1] * 4
    with pytest.raises(ValueError, match="dst is this rank itself"):
        dist.send(x, rank)
    with pytest.raises(ValueError, match="give src or group_src"):
        dist.irecv(x, 0, group_src=0)
    with pytest.raises(ValueError, match="give isend or irecv"):
        dist.P2POp(dist.send, x, after)


def test_messages():
    ranks.run(4, __file__, "in_ranks")
