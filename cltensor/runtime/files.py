"""Writing a file whole or not at all, whatever happens meanwhile."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from cltensor.errors import DataError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_PATIENCE, _PAUSE = 10.0, 0.01  # seconds until a lock is passed by, and between two tries
_YOUNG = 600.0  # seconds in which a file beside a target may not have been locked yet


def lock(handle: int) -> bool:
    """Lock an open file or folder until it is closed, to show that it is in use. False where that
    cannot be, or another has done so."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def hold(path: str | os.PathLike[str]) -> int | None:
    """`lock` what is at `path` until this process ends, or closes the result; None if it cannot."""
    if fcntl is None:
        return None
    handle = os.open(path, os.O_RDONLY)
    if lock(handle):
        return handle
    os.close(handle)
    return None


@contextlib.contextmanager
def alone(path: str | os.PathLike[str]) -> Iterator[None]:
    """Within this block, no other one of this `path` runs, in any thread or process: for who reads
    a file and replaces it by what became of that. A file beside it is there, and locked, meanwhile.

    Where that cannot be, or another takes long, as one that was stopped, it runs all the same.
    """
    beside, handle, end = Path(), None, time.monotonic() + _PATIENCE
    with contextlib.suppress(OSError, ValueError):
        target = Path(os.path.realpath(path))
        beside = target.with_name(f".{target.name[:40]}.lock")
        while fcntl and (handle := _own(beside)) is None and time.monotonic() < end:
            time.sleep(_PAUSE)
    try:
        yield
    finally:
        if handle is not None:
            beside.unlink(missing_ok=True)
            os.close(handle)


def _own(path: Path) -> int | None:
    """A file at `path` that this call alone has locked; None if another has."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        # Its owner may have removed it since it was opened.
        if lock(handle) and os.path.samestat(os.fstat(handle), path.stat()):
            return handle
    except FileNotFoundError:
        pass
    os.close(handle)
    return None


def replace(operation: str, path: str | os.PathLike[str], data: bytes) -> None:
    """Make `data` the content of the file at `path`.

    The bytes are written beside it, flushed to the disk and renamed: at any moment there is the
    old file or the new one, and no exception, an interrupt included, leaves anything behind. What
    a process left that was killed goes with the next file of that name, minutes later. A symbolic
    link stays one: the file that it points to is replaced. An existing file keeps its mode; what is
    no regular file (/dev/null, a pipe) is written to, not replaced.

    Raises:  DataError naming `operation` and the path when the place cannot be written.
    """
    try:
        target = Path(os.path.realpath(path))
        mode = stat.S_IFMT(found := _mode(target))
        if mode and mode != stat.S_IFREG:
            with open(target, "wb") as file:
                file.write(data)
        else:
            _replace(target, data, stat.S_IMODE(found) if mode else None)
    except (OSError, ValueError) as error:  # ValueError: no file can have such a name
        raise DataError(
            f"{operation}: {str(path)!r} cannot be written: {error}; choose a place that can"
        ) from error


def _mode(target: Path) -> int:
    """The type and permissions of what is at `target`, 0 where there is nothing."""
    try:
        return target.stat().st_mode
    except FileNotFoundError:
        return 0


def _replace(target: Path, data: bytes, mode: int | None) -> None:
    # A short part of the name: names have a limit in bytes, up to 4 for each letter, which the
    # target's own may reach. It is chosen before anything exists, so that an interrupt finds it to
    # remove at whatever line it comes.
    temporary = target.with_name(_beside(target) + os.urandom(6).hex())
    first = 0o666 if mode is None else mode
    try:
        with open(temporary, "xb", opener=lambda name, flags: os.open(name, flags, first)) as file:
            lock(file.fileno())
            if mode is not None and hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), mode)  # the umask took its part at the opening
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _flush_folder(target.parent)
    _sweep(target)


def _beside(target: Path) -> str:
    """How the names of files begin that are to become `target`."""
    return f".{target.name[:40]}."


def _sweep(target: Path) -> None:
    """Remove what this user's processes that were killed left beside `target`."""
    ours = re.compile(re.escape(_beside(target)) + "[0-9a-f]{12}")
    user = os.geteuid() if hasattr(os, "geteuid") else 0
    with contextlib.suppress(OSError), os.scandir(target.parent) as entries:
        for entry in [e for e in entries if ours.fullmatch(e.name)]:
            found = entry.stat(follow_symlinks=False)
            old = time.time() - found.st_mtime > _YOUNG
            if old and stat.S_ISREG(found.st_mode) and found.st_uid == user:
                handle = hold(entry.path)
                if handle is not None:
                    os.unlink(entry.path)
                    os.close(handle)


def _flush_folder(folder: Path) -> None:
    """Have the rename outlive a loss of power, where folders can be flushed."""
    with contextlib.suppress(OSError):  # Windows opens no folder; some file systems flush none
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
