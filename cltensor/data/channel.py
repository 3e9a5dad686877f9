"""Messages between a DataLoader and its worker processes, and the memory that they share."""

from __future__ import annotations

import contextlib
import mmap
import os
import pickle
import socket
import struct
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import numpy as np

from cltensor.errors import DataError

_LENGTH = struct.Struct("!Q")
_ALIGNED = 64  # a cache line: arrays begin where vector loads like it


class Channel:
    """One end of a socket, over which pickled messages go."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def send(self, message: Any) -> None:
        """Send one message. Raises OSError if the other end is closed."""
        self.send_pickled(pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL))

    def send_pickled(self, content: bytes) -> None:
        """Send a message that is pickled already."""
        self._end.sendall(_LENGTH.pack(len(content)) + content)

    def receive(self) -> Any:
        """Wait for the next message. Raises EOFError if the other end is closed."""
        (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size))
        return pickle.loads(self._exactly(length))

    def _exactly(self, count: int) -> bytearray:
        content = bytearray(count)
        rest = memoryview(content)
        while rest:
            try:
                got = self._end.recv_into(rest)
            except ConnectionError:
                got = 0
            if not got:
                raise EOFError("the other end of the channel is closed")
            rest = rest[got:]
        return content

    def close(self) -> None:
        """Close this end, also for whoever waits at it in another thread."""
        with contextlib.suppress(OSError):
            self._end.shutdown(socket.SHUT_RDWR)
        self._end.close()

    @staticmethod
    def ready(channels: list[Channel], timeout: float | None) -> list[Channel]:
        """Those of `channels` with a message, or an end, to be received; none after `timeout`."""
        ends = {channel._end: channel for channel in channels}
        return [ends[end] for end in wait(list(ends), timeout)]  # type: ignore[index]


@dataclass(frozen=True)
class Shared:
    """Where the elements of an array are, in the file of the message that it came with."""

    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype

    def array(self, memory: mmap.mmap) -> np.ndarray:
        """The elements themselves."""
        return np.ndarray(self.shape, self.dtype, memory, self.offset)


def places(arrays: list[np.ndarray]) -> tuple[list[Shared], int]:
    """Where arrays go in a file, one after the other, and how many bytes they take in all."""
    found, end = [], 0
    for array in arrays:
        found.append(Shared(end, array.shape, array.dtype))
        end += -(-array.nbytes // _ALIGNED) * _ALIGNED
    return found, end


def allocated(folders: tuple[Path, ...], name: str, nbytes: int) -> tuple[Path, mmap.mmap]:
    """A new file of `nbytes` that is mapped for writing, in the first folder with room for it.

    Raises:  DataError if there is none.
    """
    size = max(nbytes, mmap.PAGESIZE)
    reasons = []
    for folder in folders:
        path = folder / name
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            with open(path, "x+b") as file:
                if hasattr(os, "posix_fallocate"):  # else a full disk shows as a fault of memory
                    os.posix_fallocate(file.fileno(), 0, size)
                else:
                    file.truncate(size)
                return path, mmap.mmap(file.fileno(), size)
        except OSError as error:
            path.unlink(missing_ok=True)
            reasons.append(f"{folder.parent}: {error.strerror}")
    raise DataError(
        f"DataLoader: no room for {nbytes:,} bytes that workers share ({'; '.join(reasons)}); make "
        "room there (a container: --shm-size), use smaller batches, or num_workers=0"
    )


class Slots:
    """A worker's files, one for each batch that may be under way; each grows as it has to."""

    def __init__(self, folders: tuple[Path, ...], owner: int) -> None:
        self._folders = folders
        self._owner = owner
        self._made = 0
        self._open: dict[int, tuple[Path, mmap.mmap]] = {}

    def write(self, slot: int, arrays: list[np.ndarray]) -> tuple[Path, list[Shared]]:
        """Copy `arrays` into the file of `slot`; returns it, and where they are."""
        found, nbytes = places(arrays)
        if slot not in self._open or len(self._open[slot][1]) < nbytes:
            self._made += 1
            name = f"{self._owner}-{slot}-{self._made}"
            self._open[slot] = allocated(self._folders, name, nbytes)
        path, memory = self._open[slot]
        for place, array in zip(found, arrays, strict=True):
            place.array(memory)[...] = array
        return path, found


class Windows:
    """The files of workers as their reader sees them; a file's name is gone once it is open."""

    def __init__(self) -> None:
        self._open: dict[tuple[int, int], tuple[Path, mmap.mmap]] = {}

    def see(self, owner: int, slot: int, path: Path) -> mmap.mmap:
        """The memory of `path`, which is the file of that slot from now on."""
        known, memory = self._open.get((owner, slot), (None, None))
        if known != path or memory is None:
            with open(path, "rb") as file:
                memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self._open[owner, slot] = path, memory
            with contextlib.suppress(OSError):  # Windows keeps a file that is open
                path.unlink()
        return memory
