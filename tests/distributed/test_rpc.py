"""No process calls another."""

import pytest

import cltensor as ct
from cltensor.distributed import rpc
from cltensor.errors import DeviceError


def test_each_name_says_what_to_do():
    assert ct.distributed.rpc is rpc
    for name in rpc.__all__:
        with pytest.raises(DeviceError, match=rf"distributed\.rpc\.{name}: .*ct\.multiprocessing"):
            getattr(rpc, name)("worker", rank=0)
    with pytest.raises(AttributeError, match="did you mean 'rpc_sync'"):
        rpc.rpc_sinc  # noqa: B018
