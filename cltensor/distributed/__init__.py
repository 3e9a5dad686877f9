"""`ct.distributed`: several processes that work together, under PyTorch's names, by MPI.

    ct.distributed.init_process_group()
    ct.distributed.all_reduce(tensor)

in a program that `python -m cltensor.launch -n 4 program.py`, or mpiexec, starts. In one process
`is_initialized()` is False and nothing else needs to be asked; mpi4py is imported by
`init_process_group` alone.
"""

from __future__ import annotations

from sys import modules as _modules

from cltensor.core.suggestions import suggest as _suggest
from cltensor.distributed.collectives import (
    all_gather,
    all_gather_into_tensor,
    all_reduce,
    barrier,
    broadcast,
    gather,
    reduce,
)
from cltensor.distributed.exchanges import (
    all_to_all,
    all_to_all_single,
    reduce_scatter,
    reduce_scatter_tensor,
    scatter,
)
from cltensor.distributed.groups import GroupMember, ProcessGroup, group
from cltensor.distributed.messages import P2POp, batch_isend_irecv, irecv, isend, recv, send
from cltensor.distributed.objects import (
    all_gather_object,
    broadcast_object_list,
    gather_object,
    recv_object_list,
    scatter_object_list,
    send_object_list,
)
from cltensor.distributed.process import (
    destroy_process_group,
    get_backend,
    get_global_rank,
    get_group_rank,
    get_node_local_rank,
    get_process_group_ranks,
    get_rank,
    get_world_size,
    init_process_group,
    is_available,
    is_initialized,
    new_group,
)
from cltensor.distributed.reduceop import ReduceOp
from cltensor.distributed.work import Future, Work
from cltensor.errors import DistributedError as DistError

DistBackendError = DistNetworkError = DistError

__all__ = [
    "DistBackendError",
    "DistError",
    "DistNetworkError",
    "Future",
    "GroupMember",
    "P2POp",
    "ProcessGroup",
    "ReduceOp",
    "Work",
    "all_gather",
    "all_gather_into_tensor",
    "all_gather_object",
    "all_reduce",
    "all_to_all",
    "all_to_all_single",
    "barrier",
    "batch_isend_irecv",
    "broadcast",
    "broadcast_object_list",
    "destroy_process_group",
    "gather",
    "gather_object",
    "get_backend",
    "get_global_rank",
    "get_group_rank",
    "get_node_local_rank",
    "get_process_group_ranks",
    "get_rank",
    "get_world_size",
    "group",
    "init_process_group",
    "irecv",
    "is_available",
    "is_initialized",
    "isend",
    "new_group",
    "recv",
    "recv_object_list",
    "reduce",
    "reduce_scatter",
    "reduce_scatter_tensor",
    "rpc",
    "scatter",
    "scatter_object_list",
    "send",
    "send_object_list",
]

_suggest(_modules[__name__], later=("algorithms", "optim", "rpc"))
