"""mpi4py, imported where it is used, and MPI's names of elements and reductions."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from cltensor.distributed.reduceop import ReduceOp
from cltensor.errors import DependencyError, DistributedError, DTypeError


@cache
def library() -> Any:
    """The module mpi4py.MPI, with MPI begun; whoever leaves ends it (see process.py).

    Raises:  DependencyError without mpi4py or an MPI; DistributedError for an MPI that one thread
             alone may call.
    """
    try:
        import mpi4py

        mpi4py.rc.finalize = False
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        raise DependencyError(
            "distributed.init_process_group: several processes need mpi4py and an MPI "
            f'({error}); pip install "cltensor[mpi]" brings both'
        ) from error
    if MPI.Query_thread() < MPI.THREAD_SERIALIZED:
        raise DistributedError(
            "distributed.init_process_group: MPI was begun for one thread alone, and collectives "
            "have one of their own; begin it with MPI_THREAD_SERIALIZED or more, as mpi4py does"
        )
    return MPI


def typed(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Bytes as the elements that MPI reduces: those of bool as numbers."""
    return array.view(np.uint8 if dtype.kind == "b" else dtype)


#: What stands for a reduction of truth values.
_OF_BOOLS = {
    ReduceOp.SUM: "MAX",
    ReduceOp.MAX: "MAX",
    ReduceOp.BOR: "MAX",
    ReduceOp.PRODUCT: "MIN",
    ReduceOp.MIN: "MIN",
    ReduceOp.BAND: "MIN",
    ReduceOp.BXOR: "BXOR",
}
_NAMES = {ReduceOp.AVG: "SUM", ReduceOp.PRODUCT: "PROD"}
_BITWISE = (ReduceOp.BAND, ReduceOp.BOR, ReduceOp.BXOR)


def check_reduction(operation: str, dtype: np.dtype, op: ReduceOp) -> None:
    """Raise DTypeError where elements of `dtype` have no such reduction."""
    if not isinstance(op, ReduceOp):
        raise TypeError(f"{operation}: op is {op!r}; use one of ct.distributed.ReduceOp")
    kind = dtype.kind
    if op is ReduceOp.AVG and kind not in "fc":
        raise DTypeError(
            f"{operation}: the mean of {dtype.name} is not one; use SUM, or convert to a "
            "floating-point dtype first"
        )
    if op in _BITWISE and kind in "fc":
        raise DTypeError(
            f"{operation}: {op.name} of {dtype.name} has no bits to combine; use an integer dtype"
        )
    if op in (ReduceOp.MIN, ReduceOp.MAX) and kind == "c":
        raise DTypeError(
            f"{operation}: complex numbers have no order, so no {op.name}; reduce .real and .imag"
        )


def operator_of(dtype: np.dtype, op: ReduceOp) -> Any:
    """MPI's operator."""
    name = _OF_BOOLS[op] if dtype.kind == "b" else _NAMES.get(op, op.name)
    return getattr(library(), name)
