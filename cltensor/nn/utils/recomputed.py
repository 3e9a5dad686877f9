"""Weights that a hook computes before each forward: what the older `weight_norm` and
`spectral_norm` share."""

from __future__ import annotations

from typing import Any

from cltensor.autograd import no_grad
from cltensor.core.hooks import RemovableHandle
from cltensor.nn.hooks import Recomputing
from cltensor.nn.module import Module
from cltensor.nn.parameter import Parameter


class Recomputed(Recomputing):
    """A hook before forward that sets a module's weight from others."""

    _handle: RemovableHandle

    def __init__(self, name: str) -> None:
        self.name = self.recomputed = name

    def compute_weight(self, module: Module) -> Any:
        """The weight."""
        raise NotImplementedError

    def split(self, module: Module, weight: Any) -> None:
        """Register what the weight is computed from."""
        raise NotImplementedError

    def parts(self) -> list[str]:
        """The names of that."""
        raise NotImplementedError

    def attach(self, module: Module) -> None:
        """Take the weight's place. Raises ValueError if there is none, or it is taken."""
        kind = type(self).__name__
        hooks: list[Any] = module._forward_pre_hooks
        if any(isinstance(h, type(self)) and h.name == self.name for h in hooks):
            raise ValueError(f"{kind}: {self.name!r} of {type(module).__name__} has one already")
        weight = module._parameters.get(self.name)
        if weight is None:
            raise ValueError(f"{kind}: {type(module).__name__} has no parameter {self.name!r}")
        del module._parameters[self.name]
        module._note_change()
        self.split(module, weight)
        self(module, ())
        self._handle = module.register_forward_pre_hook(self)

    def __call__(self, module: Module, args: Any) -> None:
        # Not an attribute that is set anew: to recorded calls the module is as before.
        module.__dict__[self.name] = self.compute_weight(module)

    @classmethod
    def remove(cls, module: Module, name: str) -> None:
        """Give the weight back to the module that has such a hook."""
        for hook in list(module._forward_pre_hooks):
            if type(hook) is cls and hook.name == name:
                break
        else:
            raise ValueError(f"{cls.__name__}: {type(module).__name__} has none on {name!r}")
        training, module.__dict__["training"] = module.training, False
        with no_grad():
            weight = hook.compute_weight(module)
        module.__dict__["training"] = training
        delattr(module, name)
        for part in hook.parts():
            delattr(module, part)
        module.register_parameter(name, Parameter(weight.detach()))
        hook._handle.remove()
