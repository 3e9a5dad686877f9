"""Parameters of functions, read where that costs nothing: a library declares hundreds of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any


class Parameters:
    """The parameters of a Python function, without the objects that `inspect` makes of them."""

    __slots__ = ("annotations", "by_keyword", "by_position", "defaults", "several", "takes_any")

    def __init__(self, function: Callable[..., Any]) -> None:
        code: Any = function.__code__
        names, count = code.co_varnames, code.co_argcount
        end = count + code.co_kwonlyargcount
        #: Names of what may be given by position, and of what only by keyword.
        self.by_position: tuple[str, ...] = names[:count]
        self.by_keyword: tuple[str, ...] = names[count:end]
        has_several = bool(code.co_flags & inspect.CO_VARARGS)
        #: The name of ``*args``, if there is one, and whether there is ``**kwargs``.
        self.several: str | None = names[end] if has_several else None
        self.takes_any = bool(code.co_flags & inspect.CO_VARKEYWORDS)
        given: tuple[Any, ...] = function.__defaults__ or ()
        self.defaults: dict[str, Any] = dict(
            zip(self.by_position[count - len(given) :], given, strict=True)
        )
        self.defaults.update(function.__kwdefaults__ or {})
        self.annotations: dict[str, Any] = function.__annotations__

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in order."""
        several = () if self.several is None else (self.several,)
        return (*self.by_position, *several, *self.by_keyword)


class Described:
    """Stands for `function` where `inspect` looks for the signature of a function that wraps it:
    that is made by `describe` when somebody asks."""

    def __init__(
        self, function: Callable[..., Any], describe: Callable[[], inspect.Signature]
    ) -> None:
        self.__wrapped__ = function
        self._describe = describe

    @property
    def __signature__(self) -> inspect.Signature:
        return self._describe()
