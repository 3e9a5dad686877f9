"""`ct.compile`: `ct.jit` where a replay is the same as a call, and the call itself elsewhere."""

from __future__ import annotations

from sys import modules as _modules
from typing import Any

from cltensor.core.names import name_all as _name_all
from cltensor.core.suggestions import suggest as _suggest
from cltensor.nn.module import Module
from cltensor.replay.compiled import Compiled

__all__ = ["Compiled", "CompiledModule", "compile", "disable", "is_compiling", "reset"]


class CompiledModule(Module):
    """A module whose forward is `Compiled`; `_orig_mod` is the module itself, as in PyTorch."""

    def __init__(self, module: Module) -> None:
        super().__init__()
        self._orig_mod = module
        self.__dict__["_compiled"] = Compiled(module)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module gives."""
        return self.__dict__["_compiled"](*args, **kwargs)

    def train(self, mode: bool = True) -> Any:
        """See Module."""
        self._orig_mod.train(mode)
        return super().train(mode)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("_orig_mod"), name)


def compile(
    model: Any = None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: Any = "inductor",
    mode: str | None = None,
    options: Any = None,
    disable: bool = False,
) -> Any:
    """A function or a module that runs from recorded launches where it can; see `Compiled`.

    Args:    model: what is called, or None, which gives a decorator; disable: give it back as it
             is. The others are PyTorch's and change nothing: kernels are generated as they are
             needed, with or without this, and every operation can be recorded.
    Raises:  TypeError for what cannot be called.

    >>> model = ct.compile(nn.Linear(2, 1))
    >>> model(ct.ones(3, 2)).shape
    Size([3, 1])
    """
    if model is None:
        return lambda function: compile(function, disable=disable)
    if not callable(model):
        raise TypeError(f"compile: a {type(model).__name__} cannot be called; give a function")
    if disable or isinstance(model, (Compiled, CompiledModule)):
        return model
    return CompiledModule(model) if isinstance(model, Module) else Compiled(model)


def disable(fn: Any = None, recursive: bool = True) -> Any:
    """`fn` itself, or a decorator that leaves functions as they are: calls are the default.

    >>> ct.compiler.disable(lambda x: x + 1)(2)
    3
    """
    return fn if fn is not None else lambda function: function


def is_compiling() -> bool:
    """False: a function runs as it is written, also while its launches are recorded.

    >>> ct.compiler.is_compiling()
    False
    """
    return False


def reset() -> None:
    """Accepted: each compiled function keeps what it recorded, which is bounded.

    >>> ct.compiler.reset()
    """


_name_all(globals(), ["compile", "disable"])
_suggest(_modules[__name__])
