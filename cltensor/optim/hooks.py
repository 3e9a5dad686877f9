"""Hooks of optimizers: around a step, and around saving and loading their states."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from cltensor.core.changes import GuardedByName, never_replay
from cltensor.core.hooks import HookList, RemovableHandle
from cltensor.core.names import own_names

F = TypeVar("F", bound=Callable[..., Any])
Hook = Callable[..., Any]

_KINDS = ("step_pre", "step_post", "save_pre", "save_post", "load_pre", "load_post")
#: Those of the steps of all optimizers.
_before, _after = HookList(), HookList()


class Hooked(GuardedByName):
    """What an optimizer knows of its hooks; a subclass's own `step` calls them, too.

    A step with hooks is never replayed: `ct.jit` records its call anew each time, so a hook there
    may do what a recorded call may.
    """

    def __init__(self) -> None:
        self._hooks = {kind: HookList() for kind in _KINDS}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in vars(cls):
            is_ours = cls.__module__.startswith("cltensor.")
            cls.step = _hooked(vars(cls)["step"], is_ours)  # type: ignore[attr-defined]

    @property
    def _has_step_hooks(self) -> bool:
        return bool(self._hooks["step_pre"] or self._hooks["step_post"] or _before or _after)

    def _add_hook(self, kind: str, hook: Hook, prepend: bool = False) -> RemovableHandle:
        hooks = self._hooks[kind]
        handle = RemovableHandle(hooks, hook)
        if prepend:
            hooks.insert(0, hooks.pop())
            hooks.numbers.insert(0, hooks.numbers.pop())
        return handle

    def register_step_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call hook(optimizer, args, kwargs) before each step, args with the optimizer in front;
        a pair that it returns takes the place of both. Returns what removes it."""
        return self._add_hook("step_pre", hook)

    def register_step_post_hook(self, hook: Hook) -> RemovableHandle:
        """Call hook(optimizer, args, kwargs) after each step. Returns what removes it."""
        return self._add_hook("step_post", hook)

    def register_state_dict_pre_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call hook(optimizer) before each state_dict(). Returns what removes it."""
        return self._add_hook("save_pre", hook, prepend)

    def register_state_dict_post_hook(self, hook: Hook, prepend: bool = False) -> RemovableHandle:
        """Call hook(optimizer, state_dict) with each state_dict; what it returns, other than None,
        takes its place. Returns what removes it."""
        return self._add_hook("save_post", hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Hook, prepend: bool = False
    ) -> RemovableHandle:
        """Call hook(optimizer, state_dict) with a copy of each state_dict that is loaded; what it
        returns, other than None, takes its place. Returns what removes it."""
        return self._add_hook("load_pre", hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Hook, prepend: bool = False
    ) -> RemovableHandle:
        """Call hook(optimizer) after each load_state_dict(). Returns what removes it."""
        return self._add_hook("load_post", hook, prepend)

    def _passed(self, kind: str, state_dict: Any) -> Any:
        """`state_dict` after the hooks of a kind."""
        for hook in [*self._hooks[kind]]:
            found = hook(self, state_dict)
            state_dict = state_dict if found is None else found
        return state_dict


def register_optimizer_step_pre_hook(hook: Hook) -> RemovableHandle:
    """Call hook(optimizer, args, kwargs) before each step of any optimizer."""
    return RemovableHandle(_before, hook)


def register_optimizer_step_post_hook(hook: Hook) -> RemovableHandle:
    """Call hook(optimizer, args, kwargs) after each step of any optimizer."""
    return RemovableHandle(_after, hook)


def _hooked(step: F, is_ours: bool) -> F:
    """A `step` that calls the hooks, if there are any, and names unknown keywords if it is ours."""

    @wraps(step)
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        if kwargs and is_ours:
            kwargs = own_names("step", step, (self, *args), kwargs)
        if not self._has_step_hooks:
            return step(self, *args, **kwargs)
        never_replay()
        args = (self, *args)
        for hook in (*_before, *self._hooks["step_pre"]):
            found = hook(self, args, kwargs)
            if found is None:
                continue
            if not isinstance(found, tuple) or len(found) != 2:
                raise TypeError(
                    f"{type(self).__name__}.step: a hook returned a {type(found).__name__}; return "
                    "None, or the arguments as a pair (args, kwargs)"
                )
            args, kwargs = found
        result = step(*args, **kwargs)
        for hook in (*self._hooks["step_post"], *_after):
            hook(self, args, kwargs)
        return result

    return run  # type: ignore[return-value]
