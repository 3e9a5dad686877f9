"""A weight divided by its largest singular value, in PyTorch's older form: computed before each
forward from `<name>_orig`. The newer one is in `parametrizations`."""

from __future__ import annotations

from typing import Any, TypeVar

from cltensor.autograd import no_grad
from cltensor.core.checks import whole
from cltensor.nn import functional as F
from cltensor.nn.module import Module
from cltensor.nn.utils.recomputed import Recomputed
from cltensor.ops.linalg.matmul import matmul
from cltensor.ops.random.draw import normal

M = TypeVar("M", bound=Module)


def axis_of_outputs(module: Module) -> int:
    """The axis of a layer's weight that its outputs are along."""
    return 1 if getattr(module, "transposed", False) else 0


def matrix_of(weight: Any, dim: int) -> Any:
    """The weight as a matrix whose rows are along its axis `dim`."""
    if dim:
        weight = weight.permute(dim, *[d for d in range(weight.ndim) if d != dim])
    return weight.reshape(weight.shape[0], -1)


def unit_vector(size: int, like: Any, eps: float) -> Any:
    """A random one of length 1."""
    return F.normalize(normal(0.0, 1.0, (size,), like.dtype, like.device), dim=0, eps=eps)


class SpectralNorm(Recomputed):
    """The hook of `spectral_norm`."""

    def __init__(
        self, name: str = "weight", n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        super().__init__(name)
        self.dim, self.eps = dim, eps
        count = whole("spectral_norm", "n_power_iterations", n_power_iterations, 1)
        self.n_power_iterations = count

    def compute_weight(self, module: Module) -> Any:
        """The weight; while training, after steps of the power iteration."""
        weight, u, v = [getattr(module, part) for part in self.parts()]
        matrix = matrix_of(weight, self.dim)
        if module.training:
            with no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(F.normalize(matmul(matrix.T, u), dim=0, eps=self.eps))
                    u.copy_(F.normalize(matmul(matrix, v), dim=0, eps=self.eps))
                u, v = u.clone(), v.clone()  # a later step changes those, not what is saved
        return weight / (u * matmul(matrix, v)).sum()

    def split(self, module: Module, weight: Any) -> None:
        """See Recomputed."""
        rows, columns = matrix_of(weight, self.dim).shape
        module.register_parameter(f"{self.name}_orig", weight)
        module.register_buffer(f"{self.name}_u", unit_vector(rows, weight, self.eps))
        module.register_buffer(f"{self.name}_v", unit_vector(columns, weight, self.eps))

    def parts(self) -> list[str]:
        """See Recomputed."""
        return [f"{self.name}_{part}" for part in ("orig", "u", "v")]


def spectral_norm(
    module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12,
    dim: int | None = None,
) -> M:  # fmt: skip
    """Have a weight divided, before each forward, by an estimate of its largest singular value.

    Args:    n_power_iterations: steps of the power iteration in each forward of training; eps: the
             least length that is divided by; dim: the axis of the outputs, found if None.
    State:   <name>_orig, <name>_u, <name>_v in place of <name>.
    Source:  Miyato et al. 2018.

    >>> layer = nn.utils.spectral_norm(nn.Linear(2, 3))
    >>> [name for name, _ in layer.named_parameters()]
    ['bias', 'weight_orig']
    """
    axis = axis_of_outputs(module) if dim is None else dim
    SpectralNorm(name, n_power_iterations, axis, eps).attach(module)
    return module


def remove_spectral_norm(module: M, name: str = "weight") -> M:
    """Make the weight a parameter again. Raises ValueError if there is no such one.

    >>> layer = nn.utils.remove_spectral_norm(nn.utils.spectral_norm(nn.Linear(2, 3)))
    >>> [name for name, _ in layer.named_parameters()]
    ['bias', 'weight']
    """
    SpectralNorm.remove(module, name)
    return module
