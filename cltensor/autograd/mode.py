"""Whether operations are recorded: a switch per thread."""

from __future__ import annotations

import threading
from contextlib import ContextDecorator


class _Mode(threading.local):
    enabled = True


mode = _Mode()


def is_grad_enabled() -> bool:
    """Whether operations on Variables are recorded in this thread."""
    return mode.enabled


class set_grad_enabled(ContextDecorator):
    """Context or decorator that turns recording on or off for this thread."""

    def __init__(self, enabled: bool) -> None:
        self._wanted = enabled

    def __enter__(self) -> None:
        self._before = mode.enabled
        mode.enabled = self._wanted

    def __exit__(self, *exception: object) -> None:
        mode.enabled = self._before


class no_grad(set_grad_enabled):
    """Context or decorator inside which nothing is recorded."""

    def __init__(self) -> None:
        super().__init__(False)


class enable_grad(set_grad_enabled):
    """Context or decorator inside which operations are recorded, also within `no_grad`."""

    def __init__(self) -> None:
        super().__init__(True)
