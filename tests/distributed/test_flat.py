"""Tensors that travel by one call."""

import ranks

import cltensor as ct
from cltensor import distributed as dist
from cltensor.distributed.flat import Flat


def made(rank):
    return [ct.full(shape, rank + k + 1.0) for k, shape in enumerate([(3,), (40, 2), ()])]


def test_tensors_become_regions_of_one_buffer():
    tensors = made(0)
    shared = tensors[1].detach()
    flat = Flat(tensors)
    assert len({id(x.buffer.home) for x in tensors}) == 1
    assert [x.sum().item() for x in tensors] == [3, 160, 3]
    shared += 1
    assert tensors[1].sum().item() == 240
    home = tensors[0].buffer.home
    assert Flat(tensors)._whole.buffer is home  # where they are already
    assert flat._lie_in(home)


def test_tensors_that_are_parts_stay():
    base = ct.zeros(4, 4)
    flat = Flat([base[0], base[1]])
    assert flat._whole is None
    assert base.buffer.home is None


def in_ranks(rank, size):
    for parts in (False, True):
        tensors = made(rank)
        if parts and rank == 0:  # laid out otherwise in one of them
            base = ct.zeros(2, 3)
            base[0] = tensors[0]
            tensors[0] = base[0]
        later = [x * 1 for x in tensors]
        flat = Flat(tensors)
        flat.broadcast(dist.group.WORLD, 0).wait()
        assert [x.reshape(-1)[0].item() for x in tensors] == [1, 2, 3]
        assert [x.reshape(-1)[0].item() for x in later] == [rank + 1, rank + 2, rank + 3]


def test_broadcasts_of_many_tensors():
    ranks.run(2, __file__, "in_ranks")
