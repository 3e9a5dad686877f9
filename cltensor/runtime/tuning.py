"""Kernel parameters: tiles and ways to cut work, looked up by device, dtype and size class.

Each kind of kernel declares its parameters here with the values that are allowed, the default
first. For a device, rows of the user's file win over rows of the databases shipped beside the
kernel templates, and those over the defaults. A file is JSON:

    {"cltensor_tuning": 1, "rows": [{"platform": "...", "device": "...", "driver": "...",
        "version": "...", "kind": "gemm_cpu", "dtype": "float32", "size_class": "large",
        "parameters": {"tall": 96}}]}

A row holds for the device whose strings equal its first four; a * in them stands for any text.
Rows of devices that nobody has timed say "basis": "counted": compilers' counts chose them.
`cltensor.command.tuner` measures rows; `CLTENSOR_TUNING` names another file than the user's.
"""

from __future__ import annotations

import os
import re
import stat
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import numpy as np

from cltensor.dtypes import ALL
from cltensor.errors import DataError
from cltensor.runtime import files
from cltensor.runtime.device import Device
from cltensor.runtime.source import TEMPLATES

FORMAT = "cltensor_tuning"
_NAMES = ("platform", "device", "driver", "version", "kind", "dtype", "size_class")

#: What is raised by what is no row, or no file of them.
_WRONG = (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError)
#: Bytes; rows of all devices there are take less.
_LARGEST_FILE = 16 << 20
_LONGEST_NAME = 1000
#: What a pattern means by itself: a star alone stands for other text.
_MEANT = re.compile(r"[\[?]")
_DTYPES = frozenset(dtype.name for dtype in ALL)
#: What chose the parameters of a row.
TIMED, COUNTED = "timed", "counted"
#: How many wrong rows a warning names, and letters of what is wrong with one.
_NAMED, _LONGEST_REASON = 3, 200

Parameters = Mapping[str, int]
T = TypeVar("T")


class Kind(NamedTuple):
    """What can be chosen for one kind of kernel.

    classes maps each size class to the defaults in which it differs from the first of `choices`;
    wide has those in which a device of `wide_registers` does, cached, by size class, those in which
    one does that has no local memory of its own.
    """

    name: str
    classes: Mapping[str, Parameters]
    choices: Mapping[str, tuple[int, ...]]
    wide: Parameters = MappingProxyType({})
    cached: Mapping[str, Parameters] = MappingProxyType({})

    def plain(self, size_class: str) -> dict[str, int]:
        """The parameters on a device of which nothing is known."""
        first = {name: values[0] for name, values in self.choices.items()}
        return {**first, **self.classes[size_class]}

    def defaults(self, size_class: str, device: Device) -> dict[str, int]:
        """The parameters on a device for which nothing was measured."""
        wide = self.wide if self.wide and wide_registers(device) else {}
        cached = self.cached.get(size_class, {}) if self.cached and device.caches_alone else {}
        return {**self.plain(size_class), **wide, **self.classes[size_class], **cached}

    def objection(self, size_class: str, parameters: Mapping[str, Any]) -> str:
        """What is wrong with parameters for a size class, "" if nothing: a class or a parameter
        that is unknown, or a value that is not allowed."""
        if size_class not in self.classes:
            return f"{self.name} has the size classes {', '.join(self.classes)}"
        for name, value in parameters.items():
            choices = self.choices.get(name)
            if choices is None:
                return f"{self.name} has the parameters {', '.join(self.choices)}"
            if type(value) is not int or value not in choices:
                return f"{name} of {self.name} is one of {', '.join(map(str, choices))}"
        return ""


class Row(NamedTuple):
    """Parameters, what they hold for, and what chose them; times in seconds, 0 where not told."""

    platform: str
    device: str
    driver: str
    version: str
    kind: str
    dtype: str
    size_class: str
    parameters: Parameters
    time: float = 0.0
    default_time: float = 0.0
    basis: str = TIMED

    @property
    def key(self) -> tuple[str, ...]:
        """What the row holds for."""
        return (
            *(self.platform, self.device, self.driver, self.version),
            *(self.kind, self.dtype, self.size_class),
        )

    @property
    def patterns(self) -> int:
        """How many of the names stand for more than one device."""
        return sum("*" in text for text in self.key[:4])

    def covers(self, place: tuple[str, ...], *rest: str) -> bool:
        """Whether it holds on the device described by `place` for kind, dtype and size class."""
        own = self.key
        return own[4:] == rest and all(
            text == name or ("*" in text and fnmatchcase(name, _MEANT.sub(r"[\g<0>]", text)))
            for text, name in zip(own[:4], place, strict=True)
        )


KINDS: dict[str, Kind] = {}
_plans: list[Callable[[], None]] = []


def wide_registers(device: Device) -> bool:
    """Whether a CPU has 32 registers of 64 bytes; others have 16 that are shorter."""
    return device.cl_device.native_vector_width_float >= 16


def declare(
    name: str,
    classes: Iterable[str] | Mapping[str, Parameters],
    wide: Parameters = MappingProxyType({}),
    cached: Mapping[str, Parameters] = MappingProxyType({}),
    **choices: tuple[int, ...],
) -> None:
    """Declare a kind of kernel: its size classes, and the values of each parameter, default first.

    classes may map a size class to the defaults that are its own; wide and cached: see Kind.
    """
    if not isinstance(classes, Mapping):
        classes = {size_class: {} for size_class in classes}
    KINDS[name] = Kind(name, classes, choices, wide, cached)


def planned(function: Callable[..., T]) -> Callable[..., T]:
    """Remember the results of a function that works out a launch from shapes and `parameters`.

    Such a function asks for parameters once per shape; its memory ends when parameters change.
    """
    remembered = lru_cache(maxsize=4096)(function)
    _plans.append(remembered.cache_clear)
    return remembered


def parameters(device: Device, kind: str, dtype: np.dtype, size_class: str) -> Parameters:
    """The parameters of kernels of `kind` for `dtype` and a size class, on `device`."""
    key = (kind, dtype, size_class)
    found = device.tuned.get(key)
    if found is None:
        found = device.tuned[key] = _look_up(device, kind, dtype.name, size_class)
    return found


def place_of(device: Device) -> tuple[str, str, str, str]:
    """What rows call `device`: platform, device, driver and platform version."""
    d = device.cl_device
    names = (d.platform.name, d.name, d.driver_version, d.platform.version)
    return tuple(" ".join(name.split()) for name in names)  # type: ignore[return-value]


def _look_up(device: Device, kind: str, dtype: str, size_class: str) -> Parameters:
    declared = KINDS[kind]
    place = place_of(device)
    defaults = declared.defaults(size_class, device)
    for path in _sources():
        fitting = [row for row in rows_of(path) if row.covers(place, kind, dtype, size_class)]
        if fitting:
            return {**defaults, **min(fitting, key=lambda row: row.patterns).parameters}
    return defaults


def _sources() -> list[Path]:
    """The files of rows, the one first that wins."""
    return [user_file(), *sorted(TEMPLATES.glob("*.json"))]


def known(device: Device) -> dict[str, int]:
    """How many sets of parameters the device has by what chose them: "own" are those of the user's
    file, the others shipped."""
    place, found = place_of(device), {}
    for path in reversed(_sources()):
        fitting = [row for row in rows_of(path) if row.covers(place, *row.key[4:])]
        for row in sorted(fitting, key=lambda row: -row.patterns):
            if row.kind in KINDS and row.kind.endswith("_gpu") != device.is_cpu:
                found[row.key[4:]] = "own" if path == user_file() else row.basis
    return dict(Counter(found.values()))


def user_file() -> Path:
    """The file of the user's own rows, which CLTENSOR_TUNING may name; it need not exist."""
    chosen = os.environ.get("CLTENSOR_TUNING")
    if chosen:
        return Path(chosen)
    import platformdirs  # here, because importing cltensor must stay fast

    return Path(platformdirs.user_config_dir("cltensor")) / "tuning.json"


@cache
def rows_of(path: Path) -> tuple[Row, ...]:
    """The rows of a file, with a warning where some of it, or all, is damaged or of another
    program: without what that says."""
    try:
        entries = _listed(_text(path))
    except _WRONG as error:
        warnings.warn(str(_foreign(path, error)), RuntimeWarning)
        return ()
    rows, wrong = [], []
    for number, entry in enumerate(entries, 1):
        try:
            row = _row(entry)
            # What this version has no kernels of is another one's business.
            kind = KINDS.get(row.kind)
            why = kind.objection(row.size_class, row.parameters) if kind else ""
        except _WRONG as error:
            why = f"{type(error).__name__}: {error}"
        if why:
            wrong.append(f"row {number} ({why[:_LONGEST_REASON]})")
        else:
            rows.append(row)
    if wrong:
        others = f" and {len(wrong) - _NAMED} others" if len(wrong) > _NAMED else ""
        _warn(path, f"ignoring {', '.join(wrong[:_NAMED])}{others} of {len(entries)}")
    return tuple(rows)


def read(path: Path) -> tuple[Row, ...]:
    """The rows of a file, none if there is no such file.

    Raises DataError if it cannot be read or any of it is no row.
    """
    try:
        return parse(_text(path))
    except _WRONG as error:
        raise _foreign(path, error) from None


def parse(text: str) -> tuple[Row, ...]:
    """The rows in the JSON text of a file. Raises ValueError, KeyError or TypeError for others."""
    return tuple([_row(entry) for entry in _listed(text)])


def _text(path: Path) -> str:
    """What a file says; that of no rows, if there is none."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):  # a pipe may say nothing, a device never end
            raise ValueError("it is no regular file")
        if found.st_size > _LARGEST_FILE:
            raise ValueError(f"it has more than {_LARGEST_FILE >> 20} MiB")
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return text_of(())


def _listed(text: str) -> list[Any]:
    """What stands for rows in the text of a file."""
    import json  # most programs have no such file

    content = json.loads(text)
    if not isinstance(content, dict) or content.get(FORMAT) != 1:
        raise ValueError(f'it does not say "{FORMAT}": 1')
    rows = content["rows"]
    if not isinstance(rows, list):
        raise TypeError(f"its rows are a {type(rows).__name__}")
    return rows


def _foreign(path: Path, error: Exception) -> DataError:
    return DataError(
        f"tuning: '{path}' is not a file of tuning rows ({type(error).__name__}: {error}); move it "
        "away or let CLTENSOR_TUNING name another"
    )


def _row(entry: Any) -> Row:
    """The row that an entry stands for. Raises one of _WRONG if it is none."""
    if not isinstance(entry, dict):
        raise TypeError(f"a row is no {type(entry).__name__}")
    names = [entry[name] for name in _NAMES]
    if not all(isinstance(name, str) for name in names):
        raise TypeError("a row is described by text")
    if max(map(len, names)) > _LONGEST_NAME:
        raise ValueError(f"nothing has a name of more than {_LONGEST_NAME} letters")
    if entry["dtype"] not in _DTYPES:
        raise ValueError(f"there is no dtype {entry['dtype'][:40]!r}")
    basis = entry.get("basis", TIMED)
    if basis not in (TIMED, COUNTED):
        raise ValueError(f"rows are {TIMED} or {COUNTED}")
    parameters = entry["parameters"]
    if not isinstance(parameters, dict):
        raise TypeError(f"parameters are no {type(parameters).__name__}")
    times = [float(entry.get(name, 0)) for name in ("time", "default_time")]
    if not all(0 <= time < float("inf") for time in times):
        raise ValueError(f"no computation takes {times} seconds")
    return Row(*names, parameters, *times, basis)  # type: ignore[call-arg]


def text_of(rows: Iterable[Row]) -> str:
    """`rows` as the JSON text of a file, one row per line."""
    import json

    entries = [row._asdict() for row in rows]
    for entry in entries:
        if entry["basis"] == TIMED:
            del entry["basis"]
    lines = [json.dumps(entry) for entry in entries]
    return f'{{"{FORMAT}": 1, "rows": [\n' + ",\n".join(lines) + "\n]}\n"


def save(rows: Iterable[Row]) -> Path:
    """Put `rows` into the user's file, in place of older ones for the same; returns its path.

    Raises DataError if there is a file of something else, or none can be written.
    """
    path = user_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from None
    with files.alone(path):  # another tuner writes rows of its own there
        kept = {row.key: row for row in read(path)}
        kept.update((row.key, row) for row in rows)
        try:
            files.replace("tuning", path, text_of(kept.values()).encode())
        except DataError as error:
            raise _unwritable(path, error) from None
    return path


def _unwritable(path: Path, error: Exception) -> DataError:
    return DataError(
        f"tuning: '{path}' cannot be written ({error.__cause__ or error}); let CLTENSOR_TUNING "
        "name another place"
    )


@contextmanager
def trial(
    device: Device, kind: str, dtype: np.dtype, size_class: str, chosen: Parameters
) -> Iterator[None]:
    """Within this block, `parameters` gives `chosen` for these on `device`."""
    key = (kind, dtype, size_class)
    before = parameters(device, *key)
    device.tuned[key] = chosen
    forget_plans()
    try:
        yield
    finally:
        device.tuned[key] = before
        forget_plans()


def reload(device: Device) -> None:
    """Let `device` read the files again."""
    rows_of.cache_clear()
    device.tuned.clear()
    forget_plans()


def forget_plans() -> None:
    """Have what is `planned` worked out anew."""
    for forget in _plans:
        forget()


def _warn(path: Path, what: str) -> None:
    warnings.warn(f"tuning: '{path}': {what}; measure anew with `cltensor tune`", RuntimeWarning)
