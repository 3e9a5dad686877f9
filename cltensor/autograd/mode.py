"""Whether operations are recorded: a switch per thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class _Mode(threading.local):
    enabled = True


mode = _Mode()


def is_grad_enabled() -> bool:
    """Whether operations on Variables are recorded in this thread."""
    return mode.enabled


class set_grad_enabled:
    """Context or decorator that turns recording on or off for this thread."""

    def __init__(self, enabled: bool) -> None:
        self._wanted = enabled
        self._before: list[bool] = []  # one for each time that the context is entered

    def __enter__(self) -> None:
        self._before.append(mode.enabled)
        mode.enabled = self._wanted

    def __exit__(self, *exception: object) -> None:
        mode.enabled = self._before.pop()

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def switched(*args: P.args, **kwargs: P.kwargs) -> R:
            # A context for each call: functions call themselves, and threads call the same one.
            with set_grad_enabled(self._wanted):
                return function(*args, **kwargs)

        return switched


class no_grad(set_grad_enabled):
    """Context or decorator inside which nothing is recorded."""

    def __init__(self) -> None:
        super().__init__(False)


class enable_grad(set_grad_enabled):
    """Context or decorator inside which operations are recorded, also within `no_grad`."""

    def __init__(self) -> None:
        super().__init__(True)
