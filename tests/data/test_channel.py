"""Messages over a socket, and arrays in files that two processes map."""

import os
import socket
import threading

import numpy as np
import pytest

from cltensor.data.channel import Channel, Slots, Windows, allocated
from cltensor.errors import DataError


@pytest.fixture
def channels():
    first, second = (Channel(end) for end in socket.socketpair())
    yield first, second
    first.close()
    second.close()


def test_messages_of_any_length(channels):
    first, second = channels
    large = np.arange(300_000)
    sender = threading.Thread(target=lambda: [first.send(m) for m in (None, "text", large)])
    sender.start()
    assert Channel.ready([second], 10) == [second]
    assert second.receive() is None
    assert second.receive() == "text"
    np.testing.assert_array_equal(second.receive(), large)
    sender.join()
    assert Channel.ready([first, second], 0) == []


def test_the_other_end_is_closed(channels):
    first, second = channels
    first.close()
    assert Channel.ready([second], 10) == [second]
    with pytest.raises(EOFError):
        second.receive()
    with pytest.raises(OSError):
        first.send(1)


def test_arrays_are_read_where_they_were_written(tmp_path):
    slots, windows = Slots((tmp_path / "a",), owner=1), Windows()
    arrays = [np.arange(5, dtype=np.int8), np.zeros((0, 3)), np.eye(3).T[::2], np.float32(2.5)]
    for _ in range(2):
        path, places = slots.write(0, [np.asarray(array) for array in arrays])
        memory = windows.see(1, 0, path)
        for place, array in zip(places, arrays, strict=True):
            np.testing.assert_array_equal(place.array(memory), array)
            assert place.offset % 64 == 0
    assert not path.exists() or os.name == "nt"
    bigger, places = slots.write(0, [np.ones(100_000)])
    assert bigger != path
    assert places[0].array(windows.see(1, 0, bigger)).sum() == 100_000


def test_no_room(tmp_path):
    with pytest.raises(DataError, match=r"no room for .* bytes that workers share"):
        allocated((tmp_path / "a", tmp_path / "b"), "file", 1 << 60)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
