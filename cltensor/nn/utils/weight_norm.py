"""A weight as a direction and a length of each output, in PyTorch's older form: computed before
each forward from `<name>_g` and `<name>_v`. The newer one is in `parametrizations`."""

from __future__ import annotations

from typing import Any, TypeVar

from cltensor.nn.module import Module
from cltensor.nn.parameter import Parameter
from cltensor.nn.utils.recomputed import Recomputed
from cltensor.ops.linalg.norms import vector_norm

M = TypeVar("M", bound=Module)


def lengths(weight: Any, dim: int) -> Any:
    """The norms over all axes but `dim`, each kept as 1; over all for -1."""
    if dim == -1:
        return vector_norm(weight)
    axes = tuple([d for d in range(weight.ndim) if d != dim % weight.ndim])
    return vector_norm(weight, 2, axes, True)


def directed(v: Any, g: Any, dim: int) -> Any:
    """v, as long as g says."""
    return v * (g / lengths(v, dim))


class WeightNorm(Recomputed):
    """The hook of `weight_norm`."""

    def __init__(self, name: str, dim: int | None) -> None:
        super().__init__(name)
        self.dim = -1 if dim is None else dim

    def compute_weight(self, module: Module) -> Any:
        """The weight from its length and direction."""
        v, g = [getattr(module, f"{self.name}_{part}") for part in "vg"]
        return directed(v, g, self.dim)

    def split(self, module: Module, weight: Any) -> None:
        """See Recomputed."""
        module.register_parameter(f"{self.name}_g", Parameter(lengths(weight.detach(), self.dim)))
        module.register_parameter(f"{self.name}_v", Parameter(weight.detach()))

    def parts(self) -> list[str]:
        """See Recomputed."""
        return [f"{self.name}_g", f"{self.name}_v"]


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Have a weight computed, before each forward, from its length and its direction.

        weight = g * v / |v|

    Args:    dim: the axis along which lengths are told apart, None for one length of all.
    State:   <name>_g, <name>_v in place of <name>.
    Source:  Salimans and Kingma 2016.

    >>> layer = nn.utils.weight_norm(nn.Linear(2, 3))
    >>> [name for name, _ in layer.named_parameters()]
    ['bias', 'weight_g', 'weight_v']
    """
    WeightNorm(name, dim).attach(module)
    return module


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """Make the weight a parameter again. Raises ValueError if there is no such one.

    >>> layer = nn.utils.remove_weight_norm(nn.utils.weight_norm(nn.Linear(2, 3)))
    >>> [name for name, _ in layer.named_parameters()]
    ['bias', 'weight']
    """
    WeightNorm.remove(module, name)
    return module
