"""Copies between buffers and the host, also where the driver refuses them."""

import gc

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import OutOfMemoryError
from cltensor.runtime.copies import download, write
from cltensor.runtime.lane import upload


def test_copies_reach_any_offset(device):
    buffer = upload(device, np.arange(10, dtype=np.int32))
    write(buffer, np.array([70, 80], np.int32), offset=12)
    assert download(buffer, np.empty(10, np.int32)).tolist() == [0, 1, 2, 70, 80, 5, 6, 7, 8, 9]
    assert download(buffer, np.empty(2, np.int32), offset=16).tolist() == [80, 5]
    assert download(buffer, np.empty(0, np.int32)).size == 0


def failing(monkeypatch, times, message):
    """Let pyopencl's copies fail `times` times."""
    import pyopencl as cl

    copy, left = cl.enqueue_copy, [times]

    def refuse(*args, **options):
        if left[0]:
            left[0] -= 1
            raise cl.RuntimeError(f"clEnqueueCopy failed: {message}")
        return copy(*args, **options)

    monkeypatch.setattr(cl, "enqueue_copy", refuse)


@pytest.mark.parametrize("code", ["OUT_OF_RESOURCES", "MEM_OBJECT_ALLOCATION_FAILURE"])
def test_a_copy_that_finds_no_memory_is_tried_again_without_the_cache(device, monkeypatch, code):
    gc.collect()  # what other tests left would be given back meanwhile
    buffer = upload(device, np.arange(4, dtype=np.int32))
    spare = device.pool.allocate(5_000_000)
    del spare
    failing(monkeypatch, 1, code)
    assert download(buffer, np.empty(4, np.int32)).tolist() == [0, 1, 2, 3]
    assert ct.memory_summary()["cached"] == 0
    failing(monkeypatch, 1, code)
    write(buffer, np.array([7], np.int32))
    assert download(buffer, np.empty(4, np.int32)).tolist() == [7, 1, 2, 3]
    failing(monkeypatch, 2, code)
    with pytest.raises(OutOfMemoryError, match=rf"copy: 0\.0 MiB to '{device.name}' .*{code}"):
        write(buffer, np.array([8], np.int32))
    failing(monkeypatch, 2, code)
    with pytest.raises(OutOfMemoryError, match=rf"copy: 0\.0 MiB from '{device.name}' .*{code}"):
        download(buffer, np.empty(4, np.int32))
    assert download(buffer, np.empty(4, np.int32)).tolist() == [7, 1, 2, 3]


def test_a_copy_that_the_driver_refuses_names_the_device(device, monkeypatch):
    buffer = upload(device, np.arange(4, dtype=np.int32))
    failing(monkeypatch, 1, "INVALID_COMMAND_QUEUE")
    with pytest.raises(ct.DeviceError, match=rf"copy: .* from '{device.name}' .* failed: .*QUEUE"):
        download(buffer, np.empty(4, np.int32))
    assert download(buffer, np.empty(4, np.int32)).tolist() == [0, 1, 2, 3]
