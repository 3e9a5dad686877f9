"""MPI's names."""

import numpy as np
import pytest
import ranks

import cltensor as ct
from cltensor.distributed.mpi import check_reduction, operator_of, typed
from cltensor.distributed.reduceop import ReduceOp


def test_reductions_that_make_no_sense_are_refused():
    check_reduction("f", ct.float32, ReduceOp.AVG)
    check_reduction("f", ct.bool, ReduceOp.BXOR)
    with pytest.raises(TypeError, match="f: op is 'sum'"):
        check_reduction("f", ct.float32, "sum")
    with pytest.raises(ct.DTypeError, match="f: BOR of float32"):
        check_reduction("f", ct.float32, ReduceOp.BOR)


def test_bytes_as_elements():
    array = np.arange(8, dtype=np.uint8)
    assert typed(array, ct.int32).dtype == np.int32
    assert typed(array, ct.bool).dtype == np.uint8


def test_operators_of_mpi(run_python):
    ranks.needed()
    code = """
import cltensor as ct
from cltensor.distributed.mpi import library, operator_of
from cltensor.distributed.reduceop import ReduceOp as R
M = library()
print(operator_of(ct.float32, R.AVG) == M.SUM, operator_of(ct.bool, R.SUM) == M.MAX,
      operator_of(ct.int32, R.PRODUCT) == M.PROD, operator_of(ct.int32, R.BXOR) == M.BXOR)
M.Finalize()
"""
    assert run_python(code).stdout.split() == ["True"] * 4
    assert callable(operator_of)
