"""Texts that go into a bug report, without names of users, machines and folders."""

from __future__ import annotations

import getpass
import platform
import re
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

#: Names that tell nothing of a person, and are words of messages.
_COMMON = {"root", "user", "admin", "localhost", "nobody"}
_PATH = re.compile(
    r"""(?:(?<![\w./\\~…])|(?<=-[IL]))(?:~|[A-Za-z]:|\\)?[/\\](?:[^\s/\\'":;,()<>|]+[/\\])*[^\s/\\'":;,()<>|]*"""
)
#: A home folder behind whatever: "-I/home/anna", "file:///home/anna".
_HOME = re.compile(r"""([/\\](?:home|users)[/\\]+)[^\s/\\'":;,()<>|…]+""", re.IGNORECASE)


@cache
def _names() -> dict[str, str]:
    """What stands for the names of this user and this machine."""
    found = {}
    with suppress(KeyError, OSError, ImportError):  # a user without an entry
        found[getpass.getuser()] = "USER"
    with suppress(RuntimeError):
        found[Path.home().name] = "USER"
    found[platform.node()] = "HOST"
    found[platform.node().partition(".")[0]] = "HOST"
    return {name: new for name, new in found.items() if len(name) > 2 and name not in _COMMON}


def _short(match: re.Match[str]) -> str:
    """The last part of a path, unless that is somebody's home folder."""
    path = match[0]
    parts = [part for part in re.split(r"[/\\]", path) if part]
    if len(parts) < 2 or path.startswith("//"):  # a division, or a comment in a source
        return path
    return "…" if parts[-2].lower() in ("home", "users") else f"…/{parts[-1]}"


def clean(text: str) -> str:
    """`text` with the last parts of paths only, and without the names of user and machine."""
    for name, new in _names().items():
        text = re.sub(rf"(?<![\w]){re.escape(name)}(?![\w])", new, text)
    # What no encoding has, as names of files may, no report can be written with.
    text = text.encode("utf-8", "replace").decode("utf-8")
    return _PATH.sub(_short, _HOME.sub(r"\1USER", text))


def cleaned(what: Any) -> Any:
    """Plain data of which every text is clean."""
    if isinstance(what, str):
        return clean(what)
    if isinstance(what, dict):
        return {key: cleaned(value) for key, value in what.items()}
    if isinstance(what, (list, tuple)):
        return [cleaned(value) for value in what]
    return what
