"""Whether operations are recorded: a switch per thread."""

from __future__ import annotations

import inspect
import threading
import warnings
from collections.abc import Callable, Generator
from functools import wraps
from types import coroutine
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class _Mode(threading.local):
    enabled = True


mode = _of_thread = _Mode()


def is_grad_enabled() -> bool:
    """Whether operations are recorded in this thread.

    >>> with ct.no_grad():
    ...     print(ct.is_grad_enabled())
    ...
    False
    """
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
        return _switched(function, self._wanted)


def _switched(function: Callable[..., Any], wanted: bool) -> Callable[..., Any]:
    """`function` with recording on or off while its own code runs.

    What is suspended, a generator or a coroutine, finds the switch so at each resumption, and its
    caller finds it as it was.
    """
    # A context for each call: functions call themselves, and threads call the same one.
    if inspect.isasyncgenfunction(function):

        async def switched(*args: Any, **kwargs: Any) -> Any:
            steps = function(*args, **kwargs)
            try:
                out = await _resumed(steps.asend(None), wanted)
                while True:
                    try:
                        given = yield out
                    except GeneratorExit:
                        await _resumed(steps.aclose(), wanted)
                        raise
                    except BaseException as error:
                        out = await _resumed(steps.athrow(error), wanted)
                    else:
                        out = await _resumed(steps.asend(given), wanted)
            except StopAsyncIteration:
                return

    elif inspect.iscoroutinefunction(function):

        async def switched(*args: Any, **kwargs: Any) -> Any:  # type: ignore[misc]
            return await _resumed(function(*args, **kwargs), wanted)

    elif inspect.isgeneratorfunction(function):

        def switched(*args: Any, **kwargs: Any) -> Any:
            return (yield from _stepped(function(*args, **kwargs), wanted))

    else:
        if inspect.isclass(function):
            warnings.warn(
                f"no_grad, enable_grad: decorating the class {function.__name__} gives a function "
                "that makes its objects; decorate its methods",
                FutureWarning,
                stacklevel=3,
            )

        def switched(*args: Any, **kwargs: Any) -> Any:
            with _Switch(wanted):
                return function(*args, **kwargs)

    return wraps(function)(switched)


def _stepped(steps: Any, wanted: bool) -> Generator[Any, Any, Any]:
    """The generator or coroutine `steps`, each resumption under the switch."""
    try:
        with _Switch(wanted):
            out = steps.send(None)
        while True:
            try:
                given = yield out
            except GeneratorExit:
                with _Switch(wanted):
                    steps.close()
                raise
            except BaseException as error:
                with _Switch(wanted):
                    out = steps.throw(error)
            else:
                with _Switch(wanted):
                    out = steps.send(given)
    except StopIteration as end:
        return end.value


_resumed = coroutine(_stepped)


class _Bare(_Switch):
    """A switch that decorates without parentheses too."""

    _enabled: bool

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        made = super().__new__(cls)
        if function is None:
            return made
        cls.__init__(made)
        return made(function)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__(self._enabled)


class set_grad_enabled(_Switch):
    """Turn recording on or off for this thread: from this call on or, as a context or decorator,
    inside it only.

    >>> with ct.set_grad_enabled(False):
    ...     print(ct.is_grad_enabled())
    ...
    False
    """

    def __init__(self, mode: bool) -> None:
        if callable(mode):
            raise TypeError(
                "set_grad_enabled: mode is a function; write @set_grad_enabled(False) before it"
            )
        super().__init__(mode)
        self._before.made = _of_thread.enabled
        _of_thread.enabled = mode

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        with self:  # what comes after the decorator is as before it
            return super().__call__(function)


class no_grad(_Bare):
    """Context or decorator inside which nothing is recorded.

    >>> x = ct.ones(2, requires_grad=True)
    >>> with ct.no_grad():
    ...     y = x * 2
    ...
    >>> y.requires_grad
    False
    """

    _enabled = False


class enable_grad(_Bare):
    """Context or decorator inside which operations are recorded, also within `no_grad`.

    >>> with ct.no_grad(), ct.enable_grad():
    ...     print(ct.is_grad_enabled())
    ...
    True
    """

    _enabled = True


class inference_mode(_Switch):
    """`no_grad` under the name of PyTorch's stricter kind: context or decorator, with or without
    parentheses. `inference_mode(False)` is `enable_grad`. What is made inside is a tensor like any
    other, which later operations may record.

    >>> with ct.inference_mode():
    ...     print(ct.is_grad_enabled())
    ...
    False
    """

    def __new__(cls, mode: Any = True) -> Any:
        made = super().__new__(cls)
        if not callable(mode):
            return made
        cls.__init__(made)
        return made(mode)

    def __init__(self, mode: Any = True) -> None:
        super().__init__(not mode)
