"""The user's line that what runs now was called from."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any


def users_frame() -> tuple[FrameType | None, int]:
    """The innermost frame that is not of this package, and how far above the caller's own it is;
    None where a thread of ours runs."""
    frame: FrameType | None = sys._getframe(1)
    depth = 0
    while frame is not None and top_of(frame.f_globals.get("__name__")) == top_of(__name__):
        frame, depth = frame.f_back, depth + 1
    return frame, depth


def top_of(module: Any) -> str:
    """The name of the package of a module, by name; Cython's classes have something else there."""
    return str(module).partition(".")[0]
