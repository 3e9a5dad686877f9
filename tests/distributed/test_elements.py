"""Elements of tensors on the host, in this process."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.distributed.elements import Elements, check_alike, check_tensor
from cltensor.errors import DeviceError, DTypeError, ShapeError


def ready(elements):
    elements._region._buffer.device.synchronize()
    assert elements.is_ready()
    return elements.array


@pytest.fixture(params=["shown", "staged"])
def memory(request, device, monkeypatch):
    """Memory that is the host's, and memory of which a copy is made."""
    if request.param == "staged":
        monkeypatch.setattr(type(device), "shows_memory", property(lambda self: False))
    elif not device.shows_memory:
        pytest.skip(f"'{device}' has memory of its own")


def test_elements_are_read_and_written(memory):
    x = ct.arange(6.0).reshape(2, 3)
    later = x + 1  # waits, and reads what was there
    elements = Elements("call", x, writes=True)
    np.testing.assert_array_equal(ready(elements).view(np.float32), np.arange(6, dtype="f"))
    elements.array.view(np.float32)[:] = 7
    elements.release()
    elements.complete()
    assert x.tolist() == [[7] * 3] * 2
    assert later.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert x._changed_by == "call"
    assert elements.nbytes == 24


def test_a_window_is_itself_and_a_column_a_copy(memory):
    x = ct.zeros(4, 3)
    for part in (x[1:3], x[:, 1]):
        elements = Elements("call", part, writes=True)
        ready(elements).view(np.float32)[:] += 2
        elements.release()
        elements.complete()
    assert x.tolist() == [[0, 2, 0], [2, 4, 2], [2, 4, 2], [0, 2, 0]]


def test_memory_is_held_until_it_is_let_go(memory):
    x = ct.zeros(4)
    elements = Elements("call", x)
    assert x.buffer.shown == 1
    elements.release()
    elements.release()
    assert x.buffer.shown == 0
    assert Elements("call", ct.empty(0), writes=True).nbytes == 0


def test_what_cannot_be_sent_is_named(other_device):
    x = ct.zeros(2)
    with pytest.raises(DTypeError, match="f: tensor is 3, not a tensor"):
        check_tensor("f", "tensor", 3)
    for bad, error in ((ct.zeros(3), ShapeError), (ct.zeros(2, dtype=ct.int32), DTypeError),
                       (ct.zeros(2, device=other_device), DeviceError)):  # fmt: skip
        with pytest.raises(error, match=r"f: list\[1\]"):
            check_alike("f", "list", [x, bad], x)
    with pytest.raises(ShapeError, match="call: several elements"):
        Elements("call", x.reshape(1, 2).expand(3, 2), writes=True)


def test_a_jitted_call_is_never_replayed():
    calls = []

    @ct.jit
    def twice(x):
        calls.append(1)
        elements = Elements("call", x)
        ready(elements)
        elements.release()
        return x * 2

    for value in (1.0, 2.0, 3.0):
        assert twice(ct.full((2,), value)).tolist() == [2 * value] * 2
    assert len(calls) == 3
