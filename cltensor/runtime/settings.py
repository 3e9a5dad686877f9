"""What environment variables say: a value that means nothing is warned of, and left out."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable
from typing import TypeVar

from cltensor.errors import SettingError

T = TypeVar("T")

_told: set[tuple[str, str]] = set()
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def setting(variable: str, read: Callable[[str], T], otherwise: T) -> T:
    """What the environment variable says, by `read`; `otherwise` where it is empty or not set.

    For a value of which `read` raises SettingError, that too, with a warning, once: a mistake in
    the environment breaks no import and no operation.
    """
    text = os.environ.get(variable)
    if not text:
        return otherwise
    try:
        return read(text)
    except SettingError as error:
        if (variable, text) not in _told:  # Python forgets what it has shown
            _told.add((variable, text))
            what = f"{variable}: {error}; it is ignored, which leaves {otherwise}"
            warnings.warn(what, RuntimeWarning, stacklevel=2)
        return otherwise


def parse_size(text: str) -> int:
    """The bytes that `text` names: "4096", "1.5 GiB", "20m". Raises SettingError for other text."""
    match = re.fullmatch(
        r"(\d{1,30}(?:\.\d{0,30})?)\s*([kmg]?)i?b?", text.strip().lower(), re.ASCII
    )
    if not match:
        raise SettingError(f"{text!r} is not a size; write bytes or, for example, '4GiB'")
    return int(float(match[1]) * _UNITS[match[2]])


def parse_seconds(text: str) -> float:
    """The seconds that `text` names: "90", "90s", "1.5m". Raises SettingError for other text, and
    for none at all."""
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{0,30})?|\.\d{1,30})\s*([sm]?)", text.strip(), re.ASCII)
    found = float(match[1]) * (60 if match[2] == "m" else 1) if match else 0.0
    if not found:
        raise SettingError(f"{text!r} is no time; write seconds or, for example, '1.5m'")
    return found


_NOTHING: frozenset[str] = frozenset()


def hidden_extensions() -> frozenset[str]:
    """The extensions of OpenCL that CLTENSOR_HIDE has devices do without."""
    return setting("CLTENSOR_HIDE", _extensions, _NOTHING)


def _extensions(text: str) -> frozenset[str]:
    if text != "fp64":
        raise SettingError(f"{text!r} cannot be hidden; fp64 can")
    return frozenset(["cl_khr_fp64"])
