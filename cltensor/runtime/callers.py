"""The user's line that what runs now was called from."""

from __future__ import annotations

import sys
from types import FrameType

_TOP = __name__.partition(".")[0]


def users_frame() -> tuple[FrameType | None, int]:
    """The innermost frame that is not of this package, and how far above the caller's own it is;
    None where a thread of ours runs."""
    frame: FrameType | None = sys._getframe(1)
    depth = 0
    while frame is not None and _top_of(frame) == _TOP:
        frame, depth = frame.f_back, depth + 1
    return frame, depth


def _top_of(frame: FrameType) -> str:
    """The package of the code; Cython's has something else than a name there."""
    return str(frame.f_globals.get("__name__")).partition(".")[0]
