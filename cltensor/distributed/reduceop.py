"""ReduceOp: how values of several processes become one."""

from __future__ import annotations

from enum import Enum


class ReduceOp(Enum):
    """PyTorch's names. AVG is of floating-point numbers, BAND, BOR and BXOR of the bits of
    integers; of truth values SUM is `or` and PRODUCT is `and`.

    >>> ct.distributed.ReduceOp.SUM.name
    'SUM'
    """

    SUM = 0
    AVG = 1
    PRODUCT = 2
    MIN = 3
    MAX = 4
    BAND = 5
    BOR = 6
    BXOR = 7
