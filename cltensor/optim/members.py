"""What a recorded call went through of an optimizer's groups, which replays hold to."""

from __future__ import annotations

from operator import is_
from typing import Any


class Members:
    """A guard of a recorded call that goes through the parameters of `optimizer`: its groups and
    what is in them are those of the call."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer
        self._found = [(group, [*group["params"]]) for group in optimizer.param_groups]

    def __call__(self) -> bool:
        """Whether they still are."""
        groups = self.optimizer.param_groups
        if len(groups) != len(self._found) or self.optimizer._has_step_hooks:
            return False
        for group, (held, params) in zip(groups, self._found, strict=True):
            now = group["params"]
            if group is not held or len(now) != len(params) or not all(map(is_, now, params)):
                return False
        return True


def is_of(guard: Any, optimizer: Any) -> bool:
    """Whether `guard` is one of that optimizer."""
    return type(guard) is Members and guard.optimizer is optimizer
