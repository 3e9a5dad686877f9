"""Layers whose values somebody else sets."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from cltensor.nn import init
from cltensor.nn.module import Module

M = TypeVar("M", bound=Module)


def skip_init(module_cls: Callable[..., M], *args: Any, **kwargs: Any) -> M:
    """A layer made by its class without initial values, for one whose state is loaded next. No
    random numbers are drawn.

    Args:    module_cls: the class, whose arguments are the others.
    Raises:  TypeError for what is no class of modules, or one that takes no `device`.
    """
    if not isinstance(module_cls, type) or not issubclass(module_cls, Module):
        raise TypeError(f"skip_init: {module_cls!r} is no class of modules")
    if "device" not in inspect.signature(module_cls).parameters:
        raise TypeError(
            f"skip_init: {module_cls.__name__} takes no 'device', by which layers tell that they "
            "can be made without initial values; make it as usual"
        )
    with init.skipped():
        return module_cls(*args, **kwargs)
