"""There is one process."""

import pytest

import cltensor as ct
from cltensor.errors import DeviceError


def test_there_is_one_process():
    assert not ct.distributed.is_available()
    assert not ct.distributed.is_initialized()
    assert ct.distributed.ReduceOp.SUM is not ct.distributed.ReduceOp.MAX
    others = {"is_available", "is_initialized", "ReduceOp", "rpc"}
    assert len(set(ct.distributed.__all__) - others) > 20
    for name in sorted(set(ct.distributed.__all__) - others):
        with pytest.raises(DeviceError, match=f"distributed.{name}: there is one process"):
            getattr(ct.distributed, name)()
