"""Finding the files of a published data set, and refusing any that is not the published one.

The order is always the same: the folder the caller names, or CLTENSOR_DATA; the cache folder; an
installed package that carries the files; a download. A named folder is never passed over silently.
Nothing is believed before the sha256 of its decompressed content agrees.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
import os
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from cltensor.errors import DataError
from cltensor.runtime.folders import cache_folder

_DAMAGE = (EOFError, OSError, zlib.error, lzma.LZMAError)


class Content(NamedTuple):
    """What a file must hold once decompressed: its length in bytes and its sha256."""

    size: int
    sha256: str


def check(data_set: str, path: Path, content: bytes, expected: Content) -> bytes:
    """Return `content` if it is what `expected` says, else raise DataError naming `path`."""
    if len(content) < expected.size:
        problem = f"holds {len(content):,} bytes where {expected.size:,} belong: it is truncated"
    elif len(content) > expected.size:
        problem = f"holds more than the {expected.size:,} bytes that belong there"
    else:
        found = hashlib.sha256(content).hexdigest()
        if found == expected.sha256:
            return content
        problem = f"has sha256 {found} where {expected.sha256} belongs"
    raise DataError(
        f"{data_set}: '{path}' {problem}; remove it, or put the published file in its place"
    )


def _open(path: Path) -> BinaryIO:
    if path.suffix == ".gz":
        return gzip.open(path)  # type: ignore[return-value]
    if path.suffix == ".xz":
        return lzma.open(path)  # type: ignore[return-value]
    return open(path, "rb")


def read_bytes(data_set: str, path: Path, limit: int) -> bytes:
    """At most `limit` + 1 decompressed bytes of a plain, .gz or .xz file.

    The bound keeps a file that expands without end from filling the memory.
    """
    try:
        with _open(path) as stream:
            return stream.read(limit + 1)
    except _DAMAGE as error:
        raise damaged(data_set, path, error) from error


def damaged(data_set: str, path: Path, error: Exception) -> DataError:
    """The error for a file that cannot be read to its end."""
    return DataError(
        f"{data_set}: '{path}' is damaged or truncated ({error}); remove it, or put the published "
        "file in its place"
    )


def first_file(folder: Path, subfolders: Iterable[str], names: Iterable[str]) -> Path | None:
    """The first existing file among `names` in `folder` or one of its `subfolders`."""
    wanted = tuple(names)
    for subfolder in subfolders:
        for name in wanted:
            path = folder / subfolder / name
            if path.is_file():
                return path
    return None


def data_folder(data_set: str) -> Path:
    """Where downloads of `data_set` are kept, inside the cache folder."""
    return cache_folder() / "data" / data_set.lower()


class Source(NamedTuple):
    """One way to the files: what to call it, and a function that gives a folder or None."""

    title: str
    folder: Callable[[], Path | None]


def locate(
    data_set: str,
    root: str | os.PathLike[str] | None,
    has_files: Callable[[Path], bool],
    packages: Sequence[Source],
    download: Callable[[Path], None],
) -> Path:
    """The folder (or archive) that holds `data_set`, from the first source that has it.

    Args:    root as given by the caller, or None; has_files says whether a place holds the set;
             packages are sources between the cache and the download; download fills a folder.
    Raises:  DataError that names what was tried and lists the ways to get the files.
    """
    origin = "root" if root is not None else "CLTENSOR_DATA"
    named = root if root is not None else os.environ.get("CLTENSOR_DATA") or None
    if named is not None:
        place = Path(named).expanduser()
        if has_files(place):
            return place
        state = "holds no such files" if place.exists() else "does not exist"
        raise _no_source(data_set, f"the {origin} '{place}' {state}", packages)
    cached = data_folder(data_set)
    if has_files(cached):
        return cached
    for source in packages:
        folder = source.folder()
        if folder is not None and has_files(folder):
            return folder
    try:
        download(cached)
    except DataError as error:
        raise _no_source(data_set, str(error), packages) from error
    return cached


def _no_source(data_set: str, reason: str, packages: Sequence[Source]) -> DataError:
    ways = [
        f"name a folder that holds them: --data DIR, {data_set}(root=DIR) or CLTENSOR_DATA=DIR",
        f"put them in the cache folder: {data_folder(data_set)}",
        *(source.title for source in packages),
        "let them be downloaded: pip install pooch (the extra 'data'), and be online",
    ]
    count = {3: "three", 4: "four"}[len(ways)]
    listing = "\n".join(f"  {number}. {way}" for number, way in enumerate(ways, 1))
    return DataError(
        f"{data_set}: no data files: {reason}. There are {count} ways to get them:\n{listing}"
    )


def retrieve(
    name: str, urls: Sequence[str], folder: Path, verify: Callable[[Path], object]
) -> Path:
    """Download `name` into `folder` from the first of `urls` that gives the right file.

    verify raises DataError for a file that is not the published one; it is then removed and the
    next mirror asked. Raises DataError with every mirror's reason.
    """
    try:
        import pooch  # an optional extra
    except ImportError as error:
        raise DataError("downloading needs the package pooch, which is not installed") from error
    reasons = []
    for url in urls:
        path = folder / name
        try:
            downloader = pooch.HTTPDownloader(timeout=30)
            # known_hash=None: the digests known here are those of the content, not of the packing.
            pooch.retrieve(url, known_hash=None, fname=name, path=folder, downloader=downloader)
            verify(path)
            return path
        except Exception as error:  # requests, urllib3, ssl: each has errors of its own
            path.unlink(missing_ok=True)
            reasons.append(f"{url}: {type(error).__name__}: {error}")
    raise DataError(f"the download of {name} failed ({'; '.join(reasons)})")
