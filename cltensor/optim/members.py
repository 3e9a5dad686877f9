"""What may be in an optimizer's groups, and what a recorded call went through of them, which
replays hold to."""

from __future__ import annotations

from operator import is_
from typing import Any

from cltensor.core.tensor import Tensor


def check_member(optimizer: str, param: Any, takes_complex: bool) -> None:
    """Raise TypeError or ValueError unless the optimizer of that name can move `param`."""
    if not isinstance(param, Tensor):
        raise TypeError(f"{optimizer}: can only optimize tensors, got a {type(param).__name__}")
    if not param.is_leaf:
        raise ValueError(
            f"{optimizer}: a parameter is the result of an operation; "
            "optimize the tensor it was computed from, or its .detach()"
        )
    if param.dtype.kind == "c" and not takes_complex:
        raise TypeError(
            f"{optimizer}: a parameter is {param.dtype.name}, for which this step is not defined; "
            "optimize a real tensor of its parts, x, and compute with ct.view_as_complex(x)"
        )


class Members:
    """A guard of a recorded call that goes through the parameters of `optimizer`: its groups and
    what is in them are those of the call."""

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer
        self._found = self._now()

    def _now(self) -> list[Any]:
        """Each group, and behind it what is in it."""
        found = []
        for group in self.optimizer.param_groups:
            found.append(group)
            found += group["params"]
        return found

    def __call__(self) -> bool:
        """Whether they still are."""
        now, found = self._now(), self._found
        same = len(now) == len(found) and all(map(is_, now, found))
        return same and not self.optimizer._has_step_hooks


def is_of(guard: Any, optimizer: Any) -> bool:
    """Whether `guard` is one of that optimizer."""
    return type(guard) is Members and guard.optimizer is optimizer
