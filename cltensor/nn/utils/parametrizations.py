"""Parametrizations of weights; `parametrize` has what they are made with."""

from __future__ import annotations

from typing import Any, TypeVar

from cltensor.autograd import no_grad
from cltensor.core.checks import axis_of, whole
from cltensor.core.tensor import Tensor
from cltensor.nn import functional as F
from cltensor.nn.module import Module
from cltensor.nn.utils import parametrize
from cltensor.nn.utils.spectral_norm import axis_of_outputs, matrix_of, unit_vector
from cltensor.nn.utils.weight_norm import directed, lengths
from cltensor.ops.linalg.matmul import matmul

__all__ = ["spectral_norm", "weight_norm"]

M = TypeVar("M", bound=Module)


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Any, weight_v: Any) -> Any:
        """(length), (weight) -> (weight)."""
        return directed(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Any) -> tuple[Any, Any]:
        """(weight) -> (length), (weight)."""
        return lengths(weight, self.dim), weight

    def _older_names(self, prefix: str) -> dict[str, str]:
        """Files of the form that `nn.utils.weight_norm` gives can be read."""
        path, place = prefix.rsplit(".", 2)[:2] if "." in prefix[:-1] else (prefix, "")
        owner, found, name = path.rpartition("parametrizations.")
        if place != "0" or not found:
            return {}
        return {f"{owner}{name}_{old}": f"{path}.original{i}" for i, old in enumerate("gv")}


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Have a weight computed from its length and its direction.

        weight = g * v / |v|

    Args:    dim: the axis along which lengths are told apart, None for one length of all.
    State:   parametrizations.<name>.original0 (g), original1 (v), in place of <name>.
    Source:  Salimans and Kingma 2016.
    """
    return parametrize.register_parametrization(module, name, _WeightNorm(dim), unsafe=True)


class _SpectralNorm(Module):
    _u: Any
    _v: Any

    def __init__(
        self, weight: Any, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        super().__init__()
        count = whole("spectral_norm", "n_power_iterations", n_power_iterations, 1)
        self.dim = axis_of("spectral_norm", dim, weight.ndim)
        self.eps = eps
        if weight.ndim > 1:
            self.n_power_iterations = count
            matrix = matrix_of(weight.detach(), self.dim)
            for name, size in zip(("_u", "_v"), matrix.shape, strict=True):
                self.register_buffer(name, unit_vector(size, matrix, eps))
            self._iterate(matrix, 15)

    @no_grad()
    def _iterate(self, matrix: Any, count: int) -> None:
        for _ in range(count):
            self._u.copy_(F.normalize(matmul(matrix, self._v), dim=0, eps=self.eps))
            self._v.copy_(F.normalize(matmul(matrix.T, self._u), dim=0, eps=self.eps))

    def forward(self, weight: Any) -> Any:
        """(weight) -> (weight)."""
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = matrix_of(weight, self.dim)
        if self.training:
            self._iterate(matrix.detach(), self.n_power_iterations)
        u, v = self._u.clone(), self._v.clone()  # a later step changes those, not what is saved
        return weight / (u * matmul(matrix, v)).sum()

    def right_inverse(self, value: Any) -> Any:
        """(weight) -> the same."""
        return value


def spectral_norm(
    module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12,
    dim: int | None = None,
) -> M:  # fmt: skip
    """Have a weight divided by an estimate of its largest singular value, a vector by its length.

    Args:    n_power_iterations: steps of the power iteration at each reading in training; eps: the
             least length that is divided by; dim: the axis of the outputs, found if None.
    State:   parametrizations.<name>.original, parametrizations.<name>.0._u and ._v, in place of
             <name>.
    Source:  Miyato et al. 2018.
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        kind = parametrize.type_before_parametrizations(module).__name__
        raise ValueError(f"spectral_norm: {kind} has no parameter {name!r}")
    axis = axis_of_outputs(module) if dim is None else dim
    norm = _SpectralNorm(weight, n_power_iterations, axis, eps)
    return parametrize.register_parametrization(module, name, norm)
