"""Names of reductions."""

import cltensor as ct
from cltensor.distributed import ReduceOp


def test_pytorchs_names():
    names = ["SUM", "AVG", "PRODUCT", "MIN", "MAX", "BAND", "BOR", "BXOR"]
    assert [op.name for op in ReduceOp] == names
    assert ct.distributed.ReduceOp is ReduceOp
