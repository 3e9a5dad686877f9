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
    """Whether operations are recorded in this thread."""
    return mode.enabled


class _Before(threading.local):
    """What the switch was before, in this thread."""

    def __init__(self) -> None:
        self.entered: list[bool] = []  # one for each time that the context is entered
        self.made: bool | None = None  # until it is entered, if making it turned the switch


class _Switch:
    """Context or decorator that turns recording on or off for this thread."""

    def __init__(self, enabled: bool) -> None:
        self._wanted = enabled
        self._before = _Before()

    def __enter__(self) -> None:
        before = self._before
        made, before.made = before.made, None
        if made is None or mode.enabled != self._wanted:  # making it turned nothing, or is undone
            made = mode.enabled
        before.entered.append(made)
        mode.enabled = self._wanted

    def __exit__(self, *exception: object) -> None:
        mode.enabled = self._before.entered.pop()

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def switched(*args: P.args, **kwargs: P.kwargs) -> R:
            # A context for each call: functions call themselves, and threads call the same one.
            with _Switch(self._wanted):
                return function(*args, **kwargs)

        return switched


class set_grad_enabled(_Switch):
    """Turn recording on or off for this thread: from this call on or, as a context or decorator,
    inside it only."""

    def __init__(self, enabled: bool) -> None:
        super().__init__(enabled)
        self._before.made = mode.enabled
        mode.enabled = enabled

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        with self:  # what comes after the decorator is as before it
            return super().__call__(function)


class no_grad(_Switch):
    """Context or decorator inside which nothing is recorded."""

    def __init__(self) -> None:
        super().__init__(False)


class enable_grad(_Switch):
    """Context or decorator inside which operations are recorded, also within `no_grad`."""

    def __init__(self) -> None:
        super().__init__(True)
