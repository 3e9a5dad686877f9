"""A count that objects with guarded attributes raise whenever one of those changes."""

from __future__ import annotations

from typing import Any, Protocol


class Changes:
    """Of the whole process: while `count` stays, nothing guarded has changed."""

    count = 0


class Guarded(Protocol):
    """What tells whether it is as it was, like a Module."""

    def guarded_members(self) -> list[Any]:
        """This object and the guarded ones below it."""

    def guarded_attributes(self) -> list[Any]:
        """What its attributes hold, but for the guarded members: that may change by itself."""

    def guarded_state(self) -> Any:
        """What differs once an attribute, a member or a flag changed."""
