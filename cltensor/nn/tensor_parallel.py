"""Tensor parallelism: Linear layers of which each rank has a part, for Sequential models."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from cltensor.autograd import Function
from cltensor.core.tensor import Tensor
from cltensor.distributed.collectives import all_reduce
from cltensor.distributed.groups import ProcessGroup, in_group
from cltensor.distributed.reducing import parts_of
from cltensor.errors import ShapeError
from cltensor.nn import functional as F
from cltensor.nn.layers.activation import ELU, GELU, LeakyReLU, Mish, ReLU, Sigmoid, SiLU, Tanh
from cltensor.nn.layers.container import Sequential
from cltensor.nn.layers.linear import Identity, Linear
from cltensor.nn.module import Module
from cltensor.nn.parameter import Parameter

#: Layers that see each element alone, and so work on a part of them.
_ELEMENTWISE = (ELU, GELU, Identity, LeakyReLU, Mish, ReLU, SiLU, Sigmoid, Tanh)


class _Shared(Function):
    """The same x for the parts of all ranks; its gradient is the sum of theirs."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, group: ProcessGroup) -> Tensor:
        ctx.group = group
        return x.clone()

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        g = g.clone()
        all_reduce(g, group=ctx.group)
        return g, None


class _Summed(Function):
    """The sum of all ranks' x, of which each has the gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, group: ProcessGroup) -> Tensor:
        out = x.clone()
        all_reduce(out, group=group)
        return out

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        return g, None


class _Part(Module):
    """A share of the weight of `linear`, a copy, along dimension `dim`."""

    def __init__(self, linear: Linear, group: ProcessGroup | None, dim: int) -> None:
        super().__init__()
        self.group = in_group(type(self).__name__, group)
        count = linear.weight.shape[dim]
        if count < self.group.size():
            raise ShapeError(
                f"{type(self).__name__}: a weight of shape {tuple(linear.weight.shape)} has "
                f"{count} parts at most for {self.group.size()} ranks; use fewer"
            )
        counts = parts_of(count, self.group.size())
        rank = self.group.rank()
        start = [0, *accumulate(counts)][rank]
        self._part = slice(start, start + counts[rank])
        weight = linear.weight.detach()
        weight = weight[self._part] if dim == 0 else weight[:, self._part]
        self.weight = Parameter(weight.clone())


class ColumnParallelLinear(_Part):
    """x W^T + b of which each rank computes a part of the features, from the same x in all."""

    def __init__(self, linear: Linear, group: ProcessGroup | None = None) -> None:
        super().__init__(linear, group, 0)
        bias = linear.bias
        self.bias = None if bias is None else Parameter(bias.detach()[self._part].clone())

    def forward(self, x: Any) -> Any:
        """(..., in_features) -> (..., this rank's part of out_features)."""
        return F.linear(_Shared.apply(x, self.group), self.weight, self.bias)


class RowParallelLinear(_Part):
    """x W^T + b of which each rank has a part of the features of x; all get the whole result."""

    def __init__(self, linear: Linear, group: ProcessGroup | None = None) -> None:
        super().__init__(linear, group, 1)
        bias = linear.bias
        self.bias = None if bias is None else Parameter(bias.detach().clone())

    def forward(self, x: Any) -> Any:
        """(..., this rank's part of in_features) -> (..., out_features)."""
        out = _Summed.apply(F.linear(x, self.weight), self.group)
        return out if self.bias is None else out + self.bias


def tensor_parallel(model: Sequential, process_group: ProcessGroup | None = None) -> Sequential:
    """`model` with its Linear layers shared out: of each two with nothing but elementwise layers
    between them, the first by columns and the second by rows, so that one sum over the ranks
    follows. Other layers are whole in every rank; all ranks get the same inputs.

    Args:    process_group: None for all ranks.
    Returns: a new Sequential, whose other layers are those of `model`.
    """
    group = in_group("tensor_parallel", process_group)
    layers = list(model)
    for place, layer in enumerate(layers):
        if type(layer) is not Linear:
            continue
        after = place + 1
        while after < len(layers) and isinstance(layers[after], _ELEMENTWISE):
            after += 1
        second = layers[after] if after < len(layers) else None
        if type(second) is Linear:
            layers[place] = ColumnParallelLinear(layer, group)
            layers[after] = RowParallelLinear(second, group)
    return Sequential(*layers)
