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

    >>> nn.utils.skip_init(nn.Linear, 2, 3)
    Linear(in_features=2, out_features=3, bias=True)
    """
    kind: Any = module_cls  # the callable that its class is
    if not isinstance(kind, type) or not issubclass(kind, Module):
        raise TypeError(f"skip_init: {kind!r} is no class of modules")
    if "device" not in inspect.signature(kind).parameters:
        raise TypeError(
            f"skip_init: {kind.__name__} takes no 'device', by which layers tell that they "
            "can be made without initial values; make it as usual"
        )
    with init.skipped():
        made: M = module_cls(*args, **kwargs)
    return made
