"""How processes join and leave; programs that ask in one process."""

import pytest
import ranks

import cltensor as ct
from cltensor import distributed as dist
from cltensor.distributed.groups import GroupMember


def test_programs_of_one_process_ask_and_go_on(run_python):
    code = """
import sys, cltensor as ct
dist = ct.distributed
print(dist.is_available() in (True, False), dist.is_initialized(), "mpi4py" in sys.modules)
if dist.is_initialized():
    dist.barrier()
"""
    assert run_python(code).stdout.split() == ["True", "False", "False"]


def test_without_mpi4py_the_extra_is_named(run_python):
    code = """
import sys, cltensor as ct
sys.modules["mpi4py"] = None
try:
    ct.distributed.init_process_group()
except ct.DependencyError as error:
    print(error)
"""
    assert 'pip install "cltensor[mpi]"' in run_python(code).stdout


def test_one_process_is_a_group_of_one(run_python):
    ranks.needed()
    code = """
import cltensor as ct
dist = ct.distributed
for backend in (None, "nccl", "cpu:gloo,cuda:nccl"):
    dist.init_process_group(backend)
    x = ct.ones(3)
    dist.all_reduce(x)
    print(x.tolist(), dist.get_rank(), dist.get_world_size(), dist.get_backend())
    dist.destroy_process_group()
try:
    dist.init_process_group(world_size=2, rank=0)
except ct.DistributedError as error:
    print(error)
try:
    dist.init_process_group("smoke")
except ValueError as error:
    print(error)
try:
    dist.init_process_group(timeout=0)
except ValueError as error:
    print(error)
"""
    lines = run_python(code).stdout.splitlines()
    assert lines[:3] == ["[1.0, 1.0, 1.0] 0 1 mpi"] * 3
    assert "rank 0 of 2 is asked for, and MPI says 0 of 1" in lines[3]
    assert "backend is 'smoke'" in lines[4]
    assert "timeout is 0; give more than 0 seconds" in lines[5]


def in_ranks(rank, size):
    assert (dist.get_rank(), dist.get_world_size()) == (rank, size)
    assert dist.get_node_local_rank() == rank
    assert ct.get_default_device() is ct.devices()[rank % 2]  # one each, in turn
    with pytest.raises(ct.DistributedError, match="there is a process group"):
        dist.init_process_group()
    odd = dist.new_group([3, 1])
    all_ = dist.new_group()
    if rank % 2:
        assert dist.get_process_group_ranks(odd) == [1, 3]
        assert dist.get_rank(odd) == dist.get_group_rank(odd, rank) == rank // 2
        assert dist.get_global_rank(odd, 1) == 3
        x = ct.ones(1)
        dist.all_reduce(x, group=odd)
        assert x.item() == 2
        with pytest.raises(ct.DistributedError, match=r"src is 0, but .* ranks \[1, 3\]"):
            dist.broadcast(x, 0, odd)
    else:
        assert odd is GroupMember.NON_GROUP_MEMBER
        assert dist.get_rank(odd) == dist.get_world_size(odd) == -1
        assert dist.all_reduce(ct.ones(1), group=odd) is None
    assert dist.get_world_size(all_) == size
    with pytest.raises(TypeError, match="group is 3"):
        dist.barrier(3)
    dist.destroy_process_group()
    assert not dist.is_initialized()
    dist.init_process_group()
    dist.barrier()
    assert dist.group.WORLD.size() == size


def test_groups_and_numbers():
    ranks.run(4, __file__, "in_ranks")


def in_ranks_by_mpi_itself(rank, size):
    # The program imported mpi4py.MPI first, which then would end MPI at exit.
    from mpi4py import MPI

    assert MPI.COMM_WORLD.size == size


def test_mpi_of_the_program_itself():
    ranks.run(2, __file__, "in_ranks_by_mpi_itself")
