"""What was built, kept on disk from one process to the next.

An entry is one file: a checksum, the names and sizes of files, and their bytes. It is keyed by
source, device and driver, written to a temporary name and renamed: a process that dies leaves
nothing half done, a damaged entry is ignored and built again, and a folder that cannot be written
only costs time. No pickle is ever read. The entries together stay below CLTENSOR_CACHE_LIMIT; the
least recently used go first.

Of most drivers an entry holds the binary. PoCL compiles a kernel for the work-group that it is
launched with, and once more, for any work-group, before it hands out a binary, which would double
the time to a first result; and it loads what it finds in its own cache unseen, where a damaged
file ends the process. So PoCL works in a folder that this process alone has (`folders.own_folder`);
an entry holds the files that it left there for one program, and puts them back, checked.
"""

from __future__ import annotations

import atexit
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cltensor.runtime.device import Device
from cltensor.runtime.folders import cache_folder, drivers_folder, has_room, relocate, usable
from cltensor.runtime.kernels import Kernels
from cltensor.runtime.settings import parse_size, setting

if TYPE_CHECKING:
    import pyopencl as cl

Files = dict[str, bytes]

_LIMIT = 1 << 30
_PREFIX = ".writing-"  # of a file that is not an entry yet
_DAY = 86400.0
#: Seconds between two looks at what PoCL has added, and programs written between two looks at the
#: size of all.
_PAUSE, _MANY = 1.0, 512
_BINARY = "binary"
_TOUCHED = "last_accessed"  # an empty file in each program's folder, touched at every build
_POCL_NAME = re.compile(r"\w\w/\w+/[\w./-]*\w")


def limit() -> int:
    """The most bytes that entries may take: CLTENSOR_CACHE_LIMIT, or 1 GiB."""
    return setting("CLTENSOR_CACHE_LIMIT", parse_size, _LIMIT)


def folder() -> Path | None:
    """The folder of entries, None where none can be kept."""
    return _folder(cache_folder())


@cache
def _folder(within: Path) -> Path | None:
    return usable(within / "programs", "CLTENSOR_CACHE")


class Entry:
    """The place on disk of what is built from `source` for `device`."""

    def __init__(self, device: Device, source: str) -> None:
        import hashlib

        limit()  # a setting that is no size is an error before anything is built
        self.key = hashlib.sha256(f"{device.identity}\0{source}".encode()).hexdigest()
        within = folder()
        self.path = within / self.key if within else None
        self.device = device

    def read(self) -> Files | None:
        """The files, None where there is no entry that can be trusted."""
        import hashlib
        import json

        if self.path is None:
            return None
        try:
            with self.path.open("rb") as file:
                info = os.fstat(file.fileno())
                if hasattr(os, "geteuid") and (
                    info.st_uid != os.geteuid() or info.st_mode & 0o022
                ):  # put there while others could write into the folder
                    return None
                content = file.read()
            if time.time() - info.st_mtime > _DAY:
                os.utime(self.path)  # used, which `prune` goes by
        except OSError:
            return None
        checksum, rest = content[:32], content[32:]
        if hashlib.sha256(rest).digest() != checksum:
            return None
        head, _, data = rest.partition(b"\n")
        files, start = {}, 0
        try:
            for name, size in json.loads(head):
                files[name] = data[start : start + size]
                start += size
        except (ValueError, TypeError):  # written by another version
            return None
        return files

    def write(self, files: Files) -> None:
        """Keep `files`; where that fails, nothing is kept."""
        import hashlib
        import json
        import tempfile

        if self.path is None:
            return
        head = json.dumps([(name, len(content)) for name, content in files.items()])
        rest = b"".join([head.encode(), b"\n", *files.values()])
        try:
            handle, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=_PREFIX)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(hashlib.sha256(rest).digest() + rest)
                os.replace(temporary, self.path)
            except BaseException:
                os.unlink(temporary)
                raise
        except OSError:  # a full disk costs time, no more
            return
        _written.count += 1
        if _written.count % _MANY == 0:
            prune()

    def remove(self) -> None:
        """Forget the entry."""
        if self.path is not None:
            with suppress(OSError):
                self.path.unlink()


class _Written:
    count = 0


_written = _Written()


def keep_binary(entry: Entry, program: cl.Program) -> None:
    """Keep the binary of `program`, which a driver built."""
    import pyopencl as cl

    try:
        binaries = program.get_info(cl.program_info.BINARIES)
    except cl.Error:  # a driver without binaries
        return
    entry.write({_BINARY: binaries[0]})  # type: ignore[index]
    _prune_at_the_end()


@cache
def _prune_at_the_end() -> None:
    """Have the process look at its end, too, whether all entries take more than the limit."""
    atexit.register(prune)


def binary_of(files: Files) -> bytes | None:
    """The driver's binary among `files`, None if it kept something else."""
    return files.get(_BINARY)


# ------------------------------------------------------------------------- what PoCL keeps


class _Kept(NamedTuple):
    """The folders of a program in PoCL's cache, and the files that its entry has of them."""

    entry: Entry
    folders: frozenset[str]
    names: frozenset[str]


class PoclCache:
    """PoCL's cache of this process: entries are put into it before a build and taken out after.

    A file that exists has all its bytes: PoCL renames it into place. Removing a folder that is in
    use is harmless too, as PoCL has loaded what it needs (3.0 and 3.1).
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        self.lock = threading.RLock()
        self.kept: dict[str, _Kept] = {}
        self.devices: set[Device] = set()
        self.looked = time.monotonic()
        self.owner = os.getpid()

    def restore(self, entry: Entry, files: Files) -> bool:
        """Give PoCL the files of an entry; False if they are not its, or cannot be written."""
        if not files or not all(_POCL_NAME.fullmatch(name) for name in files):
            return False
        folders = frozenset("/".join(name.split("/")[:2]) for name in files)
        with self.lock:
            self.devices.add(entry.device)
            present = {each for each in folders if (self.place / each).exists()}
            try:
                for name, content in files.items():
                    if "/".join(name.split("/")[:2]) not in present:
                        path = self.place / name
                        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                        path.write_bytes(content)
            except OSError:
                self._remove(folders - present)
                return False
            self._note(_Kept(entry, folders, frozenset(files)))
        return True

    def confirm(self, entry: Entry) -> None:
        """After a build with restored files: if PoCL made a folder of another name, because it is
        another PoCL, that is what to keep from now on."""
        with self.lock:
            kept = self.kept[entry.key]
            if any((self.place / each / _TOUCHED).exists() for each in kept.folders):
                return
            known = {each for other in self.kept.values() for each in other.folders}
            new = max(self._programs() - known, key=self._touched, default=None)
            if new is not None:
                self._remove(kept.folders)
                self._note(self._take(_Kept(entry, frozenset([new]), frozenset())))

    @contextmanager
    def building(self, entry: Entry) -> Iterator[None]:
        """In this block PoCL builds the program of `entry`; what it writes is kept."""
        with self.lock:
            self.devices.add(entry.device)
            if not has_room(self.place):
                self._finish()  # no other thread of PoCL writes meanwhile
                relocate(self.place)
            before = self._programs()
            yield
            new = frozenset(self._programs() - before)
            if not new and entry.key in self.kept:  # PoCL had it, though the entry was gone
                new = self.kept[entry.key].folders
            if new:
                self._note(self._take(_Kept(entry, new, frozenset())))
            if time.monotonic() - self.looked > _PAUSE:
                self.look()

    def discard(self, entry: Entry) -> None:
        """Remove what PoCL has for `entry`, and the entry."""
        with self.lock:
            kept = self.kept.pop(entry.key, None)
            if kept is not None:
                self._remove(kept.folders)
            entry.remove()

    def is_foreign(self) -> bool:
        """Whether PoCL works elsewhere, because it was loaded before cltensor could say where."""
        return not any(self.place.iterdir())

    def look(self) -> None:
        """Take into the entries what PoCL added at launches, and keep its folder within bounds."""
        with self.lock:
            for key, kept in list(self.kept.items()):
                self.kept[key] = self._take(kept)
            self.looked = time.monotonic()

    def close(self) -> None:
        """At the end of the process: wait for launches, and take what PoCL added."""
        if os.getpid() != self.owner:  # a forked child
            return
        self._finish()
        self.look()
        prune()

    def _note(self, kept: _Kept) -> None:
        self.kept.pop(kept.entry.key, None)
        self.kept[kept.entry.key] = kept
        while len(self.kept) > Kernels.MOST:  # as many as may be in memory
            oldest = next(iter(self.kept))
            self._remove(self._take(self.kept.pop(oldest)).folders)

    def _finish(self) -> None:
        for device in self.devices:
            with suppress(Exception):  # a device that is lost has nothing to wait for
                device.queue.finish()

    def _programs(self) -> set[str]:
        found: set[str] = set()
        with suppress(OSError):
            for group in os.scandir(self.place):
                if len(group.name) == 2:
                    found.update(f"{group.name}/{name}" for name in os.listdir(group.path))
        return found

    def _touched(self, folder: str) -> int:
        """When PoCL last built from `folder`, in nanoseconds; 0 if it never did."""
        try:
            return (self.place / folder / _TOUCHED).stat().st_mtime_ns
        except OSError:
            return 0

    def _take(self, kept: _Kept) -> _Kept:
        """Write the entry anew if PoCL has more files than it has."""
        places = {}
        for each in kept.folders:
            for within, _, inside in os.walk(self.place / each):
                start = Path(within).relative_to(self.place).as_posix()
                places.update({f"{start}/{name}": Path(within, name) for name in inside})
        names = frozenset(name for name in places if name.endswith((".bc", ".so")))
        if names <= kept.names or not any(name.endswith(".bc") for name in names):
            return kept
        try:
            kept.entry.write({name: places[name].read_bytes() for name in sorted(names)})
        except OSError:
            return kept
        return kept._replace(names=names)

    def _remove(self, folders: frozenset[str] | set[str]) -> None:
        import shutil

        for each in folders:
            shutil.rmtree(self.place / each, ignore_errors=True)


@cache
def pocl_cache() -> PoclCache:
    """PoCL's cache of this process."""
    made = PoclCache(drivers_folder())
    atexit.register(made.close)
    return made


def has_own_cache(device: Device) -> bool:
    """Whether the driver of `device` keeps files itself: PoCL, unless told not to."""
    return device.is_pocl and os.environ.get("POCL_KERNEL_CACHE") != "0"


# ------------------------------------------------------------------------ how much there is


class Usage(NamedTuple):
    """How many entries there are, and their bytes."""

    entries: int
    nbytes: int


def _entries() -> list[tuple[float, int, str]]:
    """Time of last use, bytes and path of each entry; temporary files of a day ago count too."""
    within, found = folder(), []
    with suppress(OSError):
        for each in os.scandir(within) if within else ():
            with suppress(OSError):  # another process has removed it
                info = each.stat(follow_symlinks=False)
                if each.is_file(follow_symlinks=False) and (
                    not each.name.startswith(_PREFIX) or time.time() - info.st_mtime > _DAY
                ):
                    found.append((info.st_mtime, info.st_size, each.path))
    return found


def usage() -> Usage:
    """What the entries of all processes take."""
    found = _entries()
    return Usage(len(found), sum(size for _, size, _ in found))


def prune() -> None:
    """Remove the entries that were not used for longest where all take more than the limit."""
    most = limit()
    found = _entries()
    excess = sum(size for _, size, _ in found) - most
    if excess <= 0:
        return
    excess += most // 10  # so that not every process has to
    for _, size, path in sorted(found):
        if excess <= 0:
            break
        with suppress(OSError):
            os.unlink(path)
        excess -= size


def clear() -> Usage:
    """Remove all entries; returns what there was."""
    before = usage()
    for _, _, path in _entries():
        with suppress(OSError):
            os.unlink(path)
    return before
