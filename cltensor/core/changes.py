"""What objects do for the guards of recorded calls: count their changes, or refuse replays."""

from __future__ import annotations

from typing import Any, Protocol

from cltensor.runtime.device import recording


class Changes:
    """Of the whole process: while `count` stays, nothing guarded has changed."""

    count = 0


def never_replay() -> None:
    """A call that is being recorded does what a replay could not."""
    if recording.current is not None:
        recording.current.spoiled = True


class GuardedByName:
    """An object of ours that changes from step to step without harm to what was recorded: what its
    own methods read is asked for anew, or they `never_replay`. Guards look at those of its
    attributes that the recorded function names."""


class Guarded(Protocol):
    """What tells whether it is as it was, like a Module."""

    def guarded_members(self) -> list[Any]:
        """This object and the guarded ones below it."""

    def guarded_attributes(self) -> list[Any]:
        """What its attributes hold, but for the guarded members: that may change by itself."""

    def guarded_state(self) -> Any:
        """What differs once an attribute, a member or a flag changed."""
