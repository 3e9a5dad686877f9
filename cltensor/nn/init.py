"""Initial values: each function fills a tensor in place, unrecorded, and returns it.

The numbers come from the library's own generator, so `ct.manual_seed` fixes a network's initial
weights, the same on every device.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, Literal

import numpy as np

from cltensor import dtypes
from cltensor.autograd import no_grad
from cltensor.core.checks import number, whole
from cltensor.core.op import require_tensor
from cltensor.core.tensor import Tensor
from cltensor.errors import ShapeError
from cltensor.ops import create
from cltensor.ops.elementwise.cast import astype
from cltensor.ops.elementwise.rounding import sign
from cltensor.ops.elementwise.select import clip, where
from cltensor.ops.linalg.qr import qr
from cltensor.ops.random import draw
from cltensor.ops.random.generator import Generator
from cltensor.ops.sort import argsort

__all__ = [
    "calculate_gain",
    "constant",
    "constant_",
    "dirac",
    "dirac_",
    "eye",
    "eye_",
    "kaiming_normal",
    "kaiming_normal_",
    "kaiming_uniform",
    "kaiming_uniform_",
    "normal",
    "normal_",
    "ones_",
    "orthogonal",
    "orthogonal_",
    "sparse",
    "sparse_",
    "trunc_normal_",
    "uniform",
    "uniform_",
    "xavier_normal",
    "xavier_normal_",
    "xavier_uniform",
    "xavier_uniform_",
    "zeros_",
]

Mode = Literal["fan_in", "fan_out"]

_GAINS = {
    "linear": 1.0,
    "identity": 1.0,
    "conv1d": 1.0,
    "conv2d": 1.0,
    "conv3d": 1.0,
    "conv_transpose1d": 1.0,
    "conv_transpose2d": 1.0,
    "conv_transpose3d": 1.0,
    "sigmoid": 1.0,
    "tanh": 5.0 / 3.0,
    "relu": math.sqrt(2.0),
    "selu": 3.0 / 4.0,
}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor that keeps a signal's variance through that function (torch's table).

    `param` is the slope of leaky_relu, 0.01 if not given.

    >>> nn.init.calculate_gain("leaky_relu", 1.0)
    1.0
    """
    if nonlinearity == "leaky_relu":
        return math.sqrt(2.0 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity not in _GAINS:
        raise ValueError(
            f"calculate_gain: no gain is known for {nonlinearity!r}; "
            f"use one of {', '.join([*_GAINS, 'leaky_relu'])}"
        )
    return _GAINS[nonlinearity]


#: Within `skipped`: whether initialisers leave tensors as they are.
_skipping: ContextVar[bool] = ContextVar("_skipping", default=False)


@contextmanager
def skipped() -> Iterator[None]:
    """Within the block initialisers change nothing, and draw no numbers."""
    token = _skipping.set(True)
    try:
        yield
    finally:
        _skipping.reset(token)


def _write(operation: str, tensor: Any, values: Callable[..., Any]) -> Any:
    """Fill `tensor`, or the part of another that it shows, with values(shape, dtype, device)."""
    require_tensor(operation, "tensor", tensor)
    if not _skipping.get():
        with no_grad():
            tensor.copy_(values(tensor.shape, tensor.dtype, tensor.device))
    return tensor


def uniform_(
    tensor: Any, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Any:
    """Fill with numbers spread evenly over [a, b).

    >>> nn.init.uniform_(ct.empty(3), 2.0, 2.5).min().item() >= 2
    True
    """
    return _write(
        "uniform_",
        tensor,
        lambda size, dtype, device: draw.uniform(a, b, size, dtype, device, generator),
    )


def normal_(
    tensor: Any, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Any:
    """Fill with normally distributed numbers.

    >>> nn.init.normal_(ct.empty(2, 3), std=0.1).shape
    Size([2, 3])
    """
    return _write(
        "normal_",
        tensor,
        lambda size, dtype, device: draw.normal(mean, std, size, dtype, device, generator),
    )


def trunc_normal_(
    tensor: Any,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Any:
    """Fill with normally distributed numbers, drawn again while they lie outside [a, b].

    What still lies outside after the last draw is set to the nearer bound. With the bounds two
    standard deviations off that is one number in 10^10; bounds that leave out most of the
    distribution are not what this is made for.

    >>> nn.init.trunc_normal_(ct.empty(100)).abs().max().item() <= 2
    True
    """

    def inside(size: Any, dtype: Any, device: Any) -> Any:
        values = draw.normal(mean, std, size, dtype, device, generator)
        for _ in range(7):
            again = draw.normal(mean, std, size, dtype, device, generator)
            values = where((values < a) | (values > b), again, values).realize()
        return clip(values, a, b)

    return _write("trunc_normal_", tensor, inside)


def constant_(tensor: Any, val: float) -> Any:
    """Fill with one value.

    >>> nn.init.constant_(ct.empty(3), 0.5)
    tensor([0.5000, 0.5000, 0.5000])
    """
    return _write("constant_", tensor, lambda *kind: create.full(kind[0], val, *kind[1:]))


def zeros_(tensor: Any) -> Any:
    """Fill with zeros.

    >>> nn.init.zeros_(ct.empty(2))
    tensor([0., 0.])
    """
    return constant_(tensor, 0.0)


def ones_(tensor: Any) -> Any:
    """Fill with ones.

    >>> nn.init.ones_(ct.empty(2))
    tensor([1., 1.])
    """
    return constant_(tensor, 1.0)


def eye_(tensor: Any) -> Any:
    """Fill a matrix with ones on its diagonal and zeros elsewhere.

    >>> nn.init.eye_(ct.empty(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    if tensor.ndim != 2:
        raise ShapeError(f"eye_: shape {tuple(tensor.shape)} is not that of a matrix")
    return _write("eye_", tensor, lambda shape, *kind: create.eye(*shape, *kind))


def dirac_(tensor: Any, groups: int = 1) -> Any:
    """Fill the weight of a convolution so that it passes on as many of its input channels as it
    can, in each group: ones at the centre where the output is the input's number, zeros elsewhere.

    Raises:  ShapeError unless the weight has 3, 4 or 5 dimensions, and groups divide its outputs.

    >>> nn.init.dirac_(ct.empty(1, 1, 3))
    tensor([[[0., 1., 0.]]])
    """
    require_tensor("dirac_", "tensor", tensor)
    groups = whole("dirac_", "groups", groups, 1)
    shape = tuple(tensor.shape)
    if not 3 <= len(shape) <= 5:
        raise ShapeError(f"dirac_: shape {shape} is not that of a convolution's weight")
    if shape[0] % groups:
        raise ShapeError(f"dirac_: groups={groups} does not divide the {shape[0]} outputs")
    values = np.zeros(shape, np.float32)
    each = shape[0] // groups
    channels = np.arange(min(each, shape[1]))
    for first in range(0, shape[0], each or 1):
        values[(first + channels, channels, *[n // 2 for n in shape[2:]])] = 1
    return _write(
        "dirac_",
        tensor,
        lambda _, dtype, device: astype(create.tensor(values, device=device), dtype),
    )


def orthogonal_(tensor: Any, gain: float = 1, generator: Generator | None = None) -> Any:
    """Fill with gain times a random (semi-)orthogonal matrix, evenly distributed among those; all
    dimensions but the first count as one.

    Raises:  ShapeError for fewer than two dimensions.
    Source:  Saxe et al. 2013.

    >>> Q = nn.init.orthogonal_(ct.empty(2, 2))
    >>> ct.allclose(Q @ Q.T, ct.eye(2), atol=1e-6)
    True
    """
    require_tensor("orthogonal_", "tensor", tensor)
    gain = number("orthogonal_", "gain", gain)
    if tensor.ndim < 2:
        raise ShapeError(f"orthogonal_: shape {tuple(tensor.shape)} has fewer than two dimensions")
    if not tensor.size:
        return tensor

    def values(shape: Any, dtype: Any, device: Any) -> Any:
        rows = shape[0]
        columns = math.prod(shape[1:])
        drawn = draw.normal(0.0, 1.0, (rows, columns), dtype, device, generator)
        q, r = qr(drawn.mT if rows < columns else drawn)
        # The signs make the factors those of one distribution, whichever way they are computed.
        q = q * sign(r.diagonal()) * gain
        return (q.mT if rows < columns else q).reshape(shape)

    return _write("orthogonal_", tensor, values)


def sparse_(
    tensor: Any, sparsity: float, std: float = 0.01, generator: Generator | None = None
) -> Any:
    """Fill a matrix with normally distributed numbers, but for a share of each column, rounded up,
    that is zero.

    Raises:  ShapeError for what is no matrix, ValueError for a sparsity outside [0, 1].
    Source:  Martens 2010.

    >>> nn.init.sparse_(ct.empty(4, 3), sparsity=0.5).count_nonzero(0).tolist()
    [2, 2, 2]
    """
    require_tensor("sparse_", "tensor", tensor)
    if tensor.ndim != 2:
        raise ShapeError(f"sparse_: shape {tuple(tensor.shape)} is not that of a matrix")
    if not 0 <= number("sparse_", "sparsity", sparsity) <= 1:
        raise ValueError(f"sparse_: sparsity is {sparsity}; it is a share between 0 and 1")
    zeros = math.ceil(sparsity * tensor.shape[0])

    def values(shape: Any, dtype: Any, device: Any) -> Any:
        found = draw.normal(0.0, std, shape, dtype, device, generator)
        order = argsort(draw.uniform(0.0, 1.0, shape, dtypes.float32, device, generator), 0)
        return where(order < zeros, 0, found)

    return _write("sparse_", tensor, values)


def _fans(operation: str, shape: tuple[int, ...]) -> tuple[int, int]:
    """How many inputs one output sees, and how many outputs one input reaches."""
    if len(shape) < 2:
        raise ShapeError(f"{operation}: shape {tuple(shape)} has fewer than two dimensions")
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


def _calculate_fan_in_and_fan_out(tensor: Any) -> tuple[int, int]:
    """PyTorch's name, which programs call although it is none for them."""
    return _fans("_calculate_fan_in_and_fan_out", tensor.shape)


def xavier_uniform_(tensor: Any, gain: float = 1.0, generator: Generator | None = None) -> Any:
    """Uniform in +-gain * sqrt(6 / (fan_in + fan_out)).

    Source: Glorot and Bengio 2010.

    >>> nn.init.xavier_uniform_(ct.empty(3, 3)).abs().max().item() <= 1
    True
    """
    bound = gain * math.sqrt(6.0 / sum(_fans("xavier_uniform_", tensor.shape)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Any, gain: float = 1.0, generator: Generator | None = None) -> Any:
    """Normal with deviation gain * sqrt(2 / (fan_in + fan_out)).

    Source: Glorot and Bengio 2010.

    >>> nn.init.xavier_normal_(ct.empty(64, 64)).std().item() < 0.2
    True
    """
    deviation = gain * math.sqrt(2.0 / sum(_fans("xavier_normal_", tensor.shape)))
    return normal_(tensor, 0.0, deviation, generator)


def _kaiming(operation: str, tensor: Any, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"{operation}: mode is {mode!r}; use 'fan_in' or 'fan_out'")
    fan = _fans(operation, tensor.shape)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan) if fan else 0.0


def kaiming_uniform_(
    tensor: Any,
    a: float = 0,
    mode: Mode = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Any:
    """Uniform in +-gain * sqrt(3 / fan).

    Source: He et al. 2015.

    >>> nn.init.kaiming_uniform_(ct.empty(4, 6)).abs().max().item() <= 1
    True
    """
    bound = math.sqrt(3.0) * _kaiming("kaiming_uniform_", tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Any,
    a: float = 0,
    mode: Mode = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Any:
    """Normal with deviation gain / sqrt(fan).

    Source: He et al. 2015.

    >>> nn.init.kaiming_normal_(ct.empty(64, 50)).std().item() < 0.25
    True
    """
    deviation = _kaiming("kaiming_normal_", tensor, a, mode, nonlinearity)
    return normal_(tensor, 0.0, deviation, generator)


def default_(weight: Any, bias: Any) -> None:
    """The initial values of a linear or convolution layer: uniform in +-1 / sqrt(fan_in)."""
    fan_in, _ = _fans("default_", weight.shape)
    bound = 1 / math.sqrt(fan_in) if fan_in else 0.0
    uniform_(weight, -bound, bound)
    if bias is not None:
        uniform_(bias, -bound, bound)


def empty(shape: tuple[int, ...], dtype: Any, device: Any) -> Tensor:
    """Room for values that an initialiser sets: zeros that take no memory of their own."""
    return create.full(shape, 0, dtype or dtypes.default_float, device)


def _older(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function under the name that it had before PyTorch 0.4."""
    name = function.__name__.rstrip("_")

    @wraps(function)
    def old(*args: Any, **kwargs: Any) -> Any:
        warnings.warn(
            f"nn.init.{name} is deprecated; use nn.init.{name}_", FutureWarning, stacklevel=3
        )
        return function(*args, **kwargs)

    old.__name__ = name
    return old


constant, eye, dirac = _older(constant_), _older(eye_), _older(dirac_)
orthogonal, sparse = _older(orthogonal_), _older(sparse_)
normal, uniform = _older(normal_), _older(uniform_)
kaiming_normal, kaiming_uniform = _older(kaiming_normal_), _older(kaiming_uniform_)
xavier_normal, xavier_uniform = _older(xavier_normal_), _older(xavier_uniform_)
