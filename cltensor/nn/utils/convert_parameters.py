"""Parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cltensor.autograd import no_grad
from cltensor.core.tensor import Tensor
from cltensor.errors import ShapeError
from cltensor.ops.shape.join import concat


def parameters_to_vector(parameters: Iterable[Any]) -> Tensor:
    """The elements of all parameters, one after the other, in one vector. It is recorded.

    >>> nn.utils.parameters_to_vector(nn.Linear(2, 3).parameters()).shape
    Size([9])
    """
    return concat([param.reshape(-1) for param in parameters], 0)


def vector_to_parameters(vec: Tensor, parameters: Iterable[Any]) -> None:
    """Copy the parts of a vector, as `parameters_to_vector` gives it, into the parameters.

    Raises:  TypeError for no tensor, ShapeError for another number of elements; nothing is changed.

    >>> layer = nn.Linear(1, 2)
    >>> nn.utils.vector_to_parameters(ct.tensor([1.0, 2.0, 3.0, 4.0]), layer.parameters())
    >>> layer.bias.tolist()
    [3.0, 4.0]
    """
    name = "vector_to_parameters"
    if not isinstance(vec, Tensor):
        raise TypeError(f"{name}: vec is a {type(vec).__name__}; give a Tensor")
    listed = list(parameters)
    count = sum(param.size for param in listed)
    if vec.shape != (count,):
        raise ShapeError(
            f"{name}: vec has shape {tuple(vec.shape)}; the parameters take ({count},)"
        )
    start = 0
    with no_grad():
        for param in listed:
            part = vec[start : start + param.size].reshape(param.shape)
            param.copy_(part.to(param.device))
            start += param.size
