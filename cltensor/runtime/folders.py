"""The folders that compiled kernels lie in: the user's cache, and one that this process alone has.

Drivers run what they find there, so a folder that others could change is refused with a warning;
one that cannot be written, or has no room, is passed over. Either way a private temporary folder
takes its place, which costs time and nothing else.
"""

from __future__ import annotations

import atexit
import os
import stat
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from cltensor.errors import SettingError
from cltensor.runtime.files import hold

#: What a folder must have free for kernels to be kept in it, and the bytes written as a trial.
_ROOM, _FILES, _TRIAL = 16 << 20, 64, 1 << 16
# How the folders of single processes begin, and those in places that programs share.
_OWN, _TEMPORARY = "process-", "cltensor-temporary-"
_YOUNG = 60.0  # seconds in which a new folder may not have been locked yet
_ABANDONED = 7 * 86400.0  # where folders cannot be locked, only their age tells


def cache_folder() -> Path:
    """The private folder for compiled kernels; a temporary one when the user's is not usable.

    CLTENSOR_CACHE names another place.
    """
    return _cache_folder(os.environ.get("CLTENSOR_CACHE") or None)


@cache
def _cache_folder(chosen: str | None) -> Path:
    import platformdirs  # here, because importing cltensor must stay fast

    try:
        wished = Path(chosen or platformdirs.user_cache_dir("cltensor"))
    except RuntimeError:  # nobody knows this user's home
        return temporary()
    return usable(wished, "CLTENSOR_CACHE") or temporary()


def usable(wished: Path, variable: str) -> Path | None:
    """`wished`, made and free of links, or None where it has no room or others can change it.

    `variable` is the setting that names another place, for the warning in the last case.
    """
    try:
        wished.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = wished.resolve()
        reason = exposed(folder)
        if not reason:
            return folder if has_room(folder) else None
    except (OSError, RuntimeError, ValueError):
        return None
    warnings.warn(
        f"cache: '{wished}' is not used, because {reason}, and drivers run what they find there; "
        f"a private temporary folder takes its place. Mend its owner or mode (chmod go-w), or let "
        f"{variable} name a folder of your own",
        RuntimeWarning,
    )
    return None


def exposed(folder: Path) -> str:
    """Why others than this user could change what lies in `folder`, "" if they cannot.

    folder holds no links. Windows has no such owners, and its user folders are private.
    """
    if not hasattr(os, "geteuid"):
        return ""
    user = os.geteuid()
    info = folder.stat()
    if info.st_uid != user:
        return f"it belongs to user {info.st_uid}, and you are user {user}"
    if info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"others may write into it (mode {info.st_mode & 0o7777:o})"
    for above in folder.parents:  # who may write there could exchange the folder for another
        mode = above.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            return f"others may exchange what lies in '{above}' (mode {mode & 0o7777:o})"
    return ""


def has_room(folder: Path) -> bool:
    """Whether kernels can be written to `folder` and run from there."""
    import shutil
    import tempfile

    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_TRIAL))
        if not hasattr(os, "statvfs"):
            return shutil.disk_usage(folder).free >= _ROOM
        disk = os.statvfs(folder)
    except OSError:
        return False
    return (
        disk.f_bavail * disk.f_frsize >= _ROOM
        and (disk.f_favail >= _FILES or not disk.f_files)  # some file systems count none
        and not disk.f_flag & getattr(os, "ST_NOEXEC", 0)
    )


@cache
def temporary() -> Path:
    """A private folder that is removed when this process ends, or by a later one if it is killed.

    Raises SettingError where none can be made.
    """
    import tempfile

    try:
        places = [Path(tempfile.gettempdir())]
    except OSError:  # not even the present folder can be written
        places = []
    places += [Path("/dev/shm")] if os.path.isdir("/dev/shm") else []
    for place in [*filter(has_room, places), *places]:  # a full one only if need be
        try:
            sweep(place, _TEMPORARY)
            folder = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=place))
            hold(folder)
        except OSError:
            continue
        atexit.register(_remove, folder, os.getpid())
        return folder
    raise SettingError(
        "cache: no folder for compiled kernels can be written; let CLTENSOR_CACHE name one"
    )


def own_folder() -> Path:
    """A new private folder for what a driver writes in this process, removed at its end.

    It lies where POCL_CACHE_DIR says, else in the user's runtime folder, which is memory and so
    the fastest, else in the cache folder, else in a temporary one. What processes that were killed
    left there is removed.
    """
    chosen = os.environ.get("POCL_CACHE_DIR")
    place = usable(Path(chosen), "POCL_CACHE_DIR") if chosen else None
    place = place or _runtime_folder() or usable(cache_folder() / "running", "CLTENSOR_CACHE")
    try:
        folder = _own_in(place or temporary())
    except OSError:
        folder = _own_in(temporary())
    atexit.register(_remove, folder, os.getpid())
    return folder


def _own_in(base: Path) -> Path:
    import tempfile

    sweep(base, _OWN)
    folder = Path(tempfile.mkdtemp(prefix=_OWN, dir=base))
    hold(folder)
    return folder


def _runtime_folder() -> Path | None:
    """A folder in XDG_RUNTIME_DIR, None where that is unset, full, or (after `su`) another's."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    try:
        if not runtime or exposed(Path(runtime).resolve(strict=True)):
            return None
    except (OSError, RuntimeError):
        return None
    return usable(Path(runtime, "cltensor"), "XDG_RUNTIME_DIR")


def sweep(base: Path, prefix: str) -> None:
    """Remove this user's folders in `base` whose processes have ended without doing so."""
    import shutil

    user = os.geteuid() if hasattr(os, "geteuid") else None
    for folder in base.glob(f"{prefix}*"):
        try:
            info = folder.lstat()
            age = time.time() - info.st_mtime
            if age < _YOUNG or user not in (None, info.st_uid):
                continue
            if folder.is_symlink():  # left by `relocate`, with its target in a temporary folder
                if not folder.exists():
                    folder.unlink()
                continue
            handle = hold(folder)
            if handle is not None or age > _ABANDONED:
                shutil.rmtree(folder, ignore_errors=True)
            if handle is not None:
                os.close(handle)
        except OSError:  # another process was faster
            continue


def relocate(folder: Path) -> None:
    """Move `folder`, whose disk is full, to a temporary place, and leave a link to there.

    A driver reads the name of its folder only once. Where no place has room, nothing is changed.
    """
    import shutil

    base = temporary()
    if folder.is_symlink() or not has_room(base):
        return
    target = base / f"moved-{folder.name}"
    aside = folder.with_name(f"{folder.name}-full")
    try:
        shutil.copytree(folder, target)
        os.rename(folder, aside)
    except OSError:
        shutil.rmtree(target, ignore_errors=True)
        return
    shutil.rmtree(aside, ignore_errors=True)  # first, because a link takes space too
    os.symlink(target, folder)


def _remove(folder: Path, owner: int) -> None:
    import shutil

    if os.getpid() != owner:  # a forked child, whose parent still uses it
        return
    if folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def prepared_environment(folder: Path) -> Iterator[None]:
    """Within this block drivers that load find folders that work: PoCL uses `folder`.

    PoCL hides its devices when HOME is not writable, and pyopencl's own cache runs pickles. What
    PoCL reads when it loads is put back, because this process's folder is not for its children.
    """
    import tempfile

    os.environ.setdefault("PYOPENCL_NO_CACHE", "1")
    try:
        user_cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        user_cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=user_cache) as file:
            file.write(b"\0")
    except (OSError, RuntimeError):  # RuntimeError: nobody knows this user's home
        os.environ["XDG_CACHE_HOME"] = str(cache_folder())
    before = os.environ.get("POCL_CACHE_DIR")
    os.environ["POCL_CACHE_DIR"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["POCL_CACHE_DIR"]
        else:
            os.environ["POCL_CACHE_DIR"] = before


@cache
def drivers_folder() -> Path:
    """Where drivers that keep files of their own have them in this process."""
    return own_folder()
