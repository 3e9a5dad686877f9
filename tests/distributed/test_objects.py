"""Python objects between ranks."""

import pytest
import ranks

import cltensor as ct
from cltensor import distributed as dist


def in_ranks(rank, size):
    everybodys = [{"rank": r, "x": [0] * r} for r in range(size)]
    found = [None] * size
    dist.all_gather_object(found, everybodys[rank])
    assert found == everybodys
    found = [None] * size
    dist.gather_object(everybodys[rank], found if rank == 1 else None, dst=1)
    assert found == (everybodys if rank == 1 else [None] * size)
    found = ["a", {"b": ct.ones(2)}] if rank == 1 else [None, None]
    dist.broadcast_object_list(found, src=1)
    assert (found[0], found[1]["b"].tolist()) == ("a", [1, 1])
    found = [None]
    dist.scatter_object_list(found, everybodys if rank == 0 else None, src=0)
    assert found == [everybodys[rank]]
    if rank == 0:
        dist.send_object_list([1, "two"], dst=1)
    elif rank == 1:
        found = [None, None]
        assert dist.recv_object_list(found, src=0) == 0
        assert found == [1, "two"]
    with pytest.raises(ct.ShapeError, match=f"object_list has 1 entries for {size} ranks"):
        dist.all_gather_object([None], 1)


def test_objects():
    ranks.run(3, __file__, "in_ranks")
