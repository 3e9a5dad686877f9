"""Hooks of all modules at once: `nn.modules.module.register_module_forward_hook` and the others.

While there are any, calling a module is another method; without them, calls ask for nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cltensor.core.hooks import HookList, RemovableHandle, watchers
from cltensor.core.names import name_all as _name_all
from cltensor.nn.hooks import EVERYWHERE, special
from cltensor.nn.module import Module

__all__ = [
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

_plain_call = Module.__call__


def _watched_call(self: Module, *args: Any, **kwargs: Any) -> Any:
    for watch in watchers:
        watch((self,))
    return self._call_hooked(args, kwargs)


def _changed() -> None:
    EVERYWHERE.changes += 1
    Module.__call__ = _watched_call if EVERYWHERE.all() else _plain_call  # type: ignore[method-assign]


def _add(hooks: HookList, hook: Any) -> RemovableHandle:
    return RemovableHandle(hooks, hook, _changed)


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, args)` before the forward of every module, before the module's own hooks;
    what it returns (if not None) replaces the arguments.

    Returns: a handle whose `remove`, or the end of its `with` block, takes the hook out.
    """
    return _add(EVERYWHERE.forward_pre, hook)


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call `hook(module, args, output)` after the forward of every module, before the module's own
    hooks; what it returns (if not None) replaces the output.

    Args:    with_kwargs, always_call: see Module.register_forward_hook.
    Returns: a handle whose `remove`, or the end of its `with` block, takes the hook out.
    """
    return _add(EVERYWHERE.forward, special(hook, with_kwargs, always_call))


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, grad_output)` for every module; see
    Module.register_full_backward_pre_hook.

    Returns: a handle whose `remove`, or the end of its `with` block, takes the hook out.
    """
    return _add(EVERYWHERE.backward_pre, hook)


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, grad_input, grad_output)` for every module; see
    Module.register_full_backward_hook.

    Returns: a handle whose `remove`, or the end of its `with` block, takes the hook out.
    """
    return _add(EVERYWHERE.backward, hook)


def register_module_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """PyTorch's older hook, which is refused as Module.register_backward_hook is.

    Raises:  NotImplementedError.
    """
    raise NotImplementedError(
        "register_module_backward_hook: its grad_input depends on how forward is computed; use "
        "register_module_full_backward_hook"
    )


def register_module_parameter_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, name, parameter)` when any module gets a parameter; what it returns (if
    not None) is the parameter that it gets.

    Returns: a handle whose `remove`, or the end of its `with` block, takes the hook out.
    """
    return RemovableHandle(EVERYWHERE.registration["_parameters"], hook)


def register_module_buffer_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, name, buffer)` when any module gets a buffer, a None too; what it returns
    (if not None) is the buffer that it gets.

    Returns: a handle whose `remove`, or the end of its `with` block, takes the hook out.
    """
    return RemovableHandle(EVERYWHERE.registration["_buffers"], hook)


def register_module_module_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, name, child)` when any module gets a child, a None too; what it returns
    (if not None) is the child that it gets.

    Returns: a handle whose `remove`, or the end of its `with` block, takes the hook out.
    """
    return RemovableHandle(EVERYWHERE.registration["_modules"], hook)


_name_all(globals(), __all__)
