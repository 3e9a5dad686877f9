"""Parametrizations of weights; `parametrize` has what they are made with."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from cltensor.autograd import no_grad
from cltensor.core.checks import axis_of, whole
from cltensor.core.tensor import Tensor
from cltensor.dtypes import real_of
from cltensor.errors import ShapeError
from cltensor.nn import functional as F
from cltensor.nn.module import Module
from cltensor.nn.utils import parametrize
from cltensor.nn.utils.spectral_norm import axis_of_outputs, matrix_of, unit_vector
from cltensor.nn.utils.weight_norm import directed, lengths
from cltensor.ops.create import eye, zeros_like
from cltensor.ops.elementwise.blend import isclose
from cltensor.ops.elementwise.parts import complex
from cltensor.ops.elementwise.rounding import sgn, sign
from cltensor.ops.elementwise.select import where
from cltensor.ops.linalg.functions import matrix_exp
from cltensor.ops.linalg.matmul import matmul
from cltensor.ops.linalg.qr import geqrf, orgqr, qr
from cltensor.ops.linalg.solve import solve
from cltensor.ops.random.draw import randn_like
from cltensor.ops.shape.join import concat, tril
from cltensor.ops.shape.parts import imag, real

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]

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

    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    >>> layer.parametrizations.weight.original0.shape
    Size([2, 1])
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

    >>> layer = nn.utils.parametrizations.spectral_norm(nn.Linear(3, 3), n_power_iterations=50)
    >>> abs(ct.linalg.svdvals(layer.weight)[0].item() - 1) < 1e-3
    True
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        kind = parametrize.type_before_parametrizations(module).__name__
        raise ValueError(f"spectral_norm: {kind} has no parameter {name!r}")
    axis = axis_of_outputs(module) if dim is None else dim
    norm = _SpectralNorm(weight, n_power_iterations, axis, eps)
    return parametrize.register_parametrization(module, name, norm)


#: How a matrix of numbers without bounds becomes an orthogonal one.
MAPS = ("matrix_exp", "cayley", "householder")


def _diagonal(x: Any) -> Any:
    """A view of the diagonals of matrices."""
    return x.diagonal(dim1=-2, dim2=-1)


def _tall(x: Any) -> tuple[Any, bool]:
    """The matrices with at least as many rows as columns, and whether they were transposed."""
    wide = x.shape[-2] < x.shape[-1]
    return (x.mT if wide else x), wide


def _columns(a: Any) -> Any:
    """Q of a = QR with a positive diagonal of R."""
    q, r = qr(a)
    return q * sgn(_diagonal(r)).unsqueeze(-2)


def _exp(a: Any) -> Any:
    """The exponential of square matrices; of a complex one as that of the real one that turns and
    stretches the plane as it does."""
    if a.dtype.kind != "c":
        return matrix_exp(a)
    x, y, n = real(a), imag(a), a.shape[-1]
    found = matrix_exp(concat([concat([x, -y], -1), concat([y, x], -1)], -2))
    return complex(found[..., :n, :n], found[..., n:, :n])


def _are_orthonormal(q: Any) -> bool:
    rows, columns = q.shape[-2:]
    bound = 10 * rows * float(np.finfo(real_of(q.dtype)).eps)
    like = eye(columns, dtype=q.dtype, device=q.device)
    return bool(isclose(matmul(q.mH, q), like, atol=bound).all().item())


class _Orthogonal(Module):
    base: Any

    def __init__(self, weight: Any, orthogonal_map: str, use_trivialization: bool = True) -> None:
        super().__init__()
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, x: Any) -> Any:
        """(..., m, n) -> the same, with orthonormal columns, or rows if m < n."""
        x, wide = _tall(x)
        q = self._reflected(x) if self.orthogonal_map == "householder" else self._mapped(x)
        if "base" in self._buffers:
            q = matmul(self.base, q)
        return q.mT if wide else q

    def _mapped(self, x: Any) -> Any:
        rows, columns = x.shape[-2:]
        x = tril(x)
        if rows != columns:
            more = (*x.shape[:-1], rows - columns)
            x = concat([x, x.new_zeros(more)], -1)
        skew = x - x.mH
        if self.orthogonal_map == "matrix_exp":
            q = _exp(skew)
        else:
            one = eye(rows, dtype=x.dtype, device=x.device)
            q = solve(one - 0.5 * skew, one + 0.5 * skew)
        return q[..., :columns]

    def _reflected(self, x: Any) -> Any:
        below = tril(x, -1)
        tau = 2.0 / (1.0 + (below * below).sum(-2))
        # Which of both signs is no matter of degree: the diagonal gets no gradient.
        return orgqr(below, tau) * sign(_diagonal(x).detach()).unsqueeze(-2)

    @no_grad()
    def right_inverse(self, value: Any) -> Any:
        """What forward makes `value` of, or the orthogonal matrix next in QR's sense."""
        if value.shape != self.shape:
            raise ShapeError(
                f"orthogonal: the weight has shape {tuple(value.shape)}; it takes "
                f"{tuple(self.shape)}"
            )
        q, wide = _tall(value.detach())
        rows, columns = q.shape[-2:]
        if "base" in self._buffers:
            if rows == columns:
                self.base = q.clone() if _are_orthonormal(q) else _columns(q)
            else:
                more = q.new_empty((*q.shape[:-1], rows - columns))
                self.base = _columns(concat([q, randn_like(more)], -1))
            start = zeros_like(value.detach())
            _diagonal(start).fill_(-1)
            return start
        if self.orthogonal_map != "householder":
            raise NotImplementedError(
                f"orthogonal: a weight cannot be assigned with orthogonal_map="
                f"{self.orthogonal_map!r} and use_trivialization=False; use True, or 'householder'"
            )
        found, tau = geqrf(q)
        signs = sign(_diagonal(found))
        _diagonal(found).copy_(where(tau == 0, -signs, signs))
        return found.mT if wide else found


def orthogonal(
    module: M,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> M:
    """Have a weight that is an orthogonal (complex: unitary) matrix, or a batch (..., m, n) of
    those: with orthonormal columns if m >= n, else rows.

        matrix_exp   exp(A), A = X - X^H of the lower triangle X of what is trained
        cayley       (1 + A / 2) (1 - A / 2)^-1
        householder  a product of reflections

    It begins with the weight as it is if that is square and orthogonal, else with Q of its QR
    factors; without use_trivialization only "householder" does.

    Args:    orthogonal_map: one of those; matrix_exp for square and complex matrices and
             householder for others if None; use_trivialization: multiply with a fixed matrix, with
             which training begins at zero.
    State:   parametrizations.<name>.original, and with use_trivialization
             parametrizations.<name>.0.base, in place of <name>.
    Raises:  ValueError for an unknown name or map, or householder for complex numbers; ShapeError
             for fewer than two dimensions.
    Source:  Lezcano-Casado 2019.

    >>> layer = nn.utils.parametrizations.orthogonal(nn.Linear(3, 3))
    >>> ct.allclose(layer.weight @ layer.weight.T, ct.eye(3), atol=1e-5)
    True
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        kind = parametrize.type_before_parametrizations(module).__name__
        raise ValueError(f"orthogonal: {kind} has no parameter {name!r}")
    if weight.ndim < 2:
        raise ShapeError(f"orthogonal: shape {tuple(weight.shape)} has fewer than two dimensions")
    is_complex = weight.dtype.kind == "c"
    if orthogonal_map is None:
        square = weight.shape[-2] == weight.shape[-1]
        orthogonal_map = "matrix_exp" if square or is_complex else "householder"
    if orthogonal_map not in MAPS:
        raise ValueError(
            f"orthogonal: orthogonal_map is {orthogonal_map!r}; use one of {', '.join(MAPS)}"
        )
    if is_complex and orthogonal_map == "householder":
        raise ValueError(
            "orthogonal: orthogonal_map='householder' is for real numbers; use 'matrix_exp' or "
            "'cayley'"
        )
    made = _Orthogonal(weight, orthogonal_map, use_trivialization)
    return parametrize.register_parametrization(module, name, made, unsafe=True)
