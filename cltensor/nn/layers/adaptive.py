"""Softmax over very many classes, of which few are frequent."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from cltensor.core.checks import whole, wholes
from cltensor.errors import IndexingError, ShapeError
from cltensor.nn import functional as F
from cltensor.nn.layers.container import ModuleList, Sequential
from cltensor.nn.layers.linear import Linear
from cltensor.nn.module import Module
from cltensor.ops.elementwise.select import where
from cltensor.ops.index.gather import take_along_axis
from cltensor.ops.index.pick import take
from cltensor.ops.index.scatter import index_add
from cltensor.ops.reduce.fold import argmax
from cltensor.ops.shape.join import concat


class ASMoutput(NamedTuple):
    """output (N,): the log-probability of each target; loss: minus their mean."""

    output: Any
    loss: Any


class AdaptiveLogSoftmaxWithLoss(Module):
    """The log-probabilities of labels, frequent ones first, in clusters of which rare ones have
    smaller projections.

    Args:    in_features: size of an input; n_classes: number of labels; cutoffs: where clusters
             begin, increasing, from 1 to n_classes - 1; div_value: cluster i projects to
             in_features / div_value^(i + 1); head_bias: a bias for the first cluster.
    State:   head.weight (cutoffs[0] + clusters, in_features), head.bias; tail.i.0.weight,
             tail.i.1.weight: cluster i.
    Raises:  ShapeError for cutoffs that are none.
    Source:  Grave et al. 2017.

    >>> head = nn.AdaptiveLogSoftmaxWithLoss(8, 20, cutoffs=[5, 10])
    >>> head(ct.rand(4, 8), ct.tensor([0, 6, 12, 19])).output.shape
    Size([4])
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        kind = "AdaptiveLogSoftmaxWithLoss"
        self.in_features = whole(kind, "in_features", in_features, 1)
        self.n_classes = whole(kind, "n_classes", n_classes, 1)
        given = list(wholes(kind, "cutoffs", list(cutoffs), 1))
        if not given or given != sorted(set(given)) or given[-1] >= n_classes:
            raise ShapeError(
                f"{kind}: cutoffs are {cutoffs}; give increasing integers from 1 to {n_classes - 1}"
            )
        self.cutoffs = [*given, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = given[0]
        self.n_clusters = len(given)
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, head_bias, device, dtype)
        self.tail = ModuleList()
        for i, (low, high) in enumerate(pairwise(self.cutoffs)):
            size = int(in_features // div_value ** (i + 1))
            projection = Linear(in_features, size, False, device, dtype)
            self.tail.append(Sequential(projection, Linear(size, high - low, False, device, dtype)))

    def reset_parameters(self) -> None:
        """Draw new initial weights."""
        for layer in self.modules():
            if isinstance(layer, Linear):
                layer.reset_parameters()

    def forward(self, input_: Any, target_: Any) -> ASMoutput:
        """(N, in_features), (N,) -> ((N,), scalar); N may be left out of both.

        Waits for the device, to compute each cluster for its rows alone.

        Raises:  ShapeError for other shapes, IndexingError for a label out of range.
        """
        kind = "AdaptiveLogSoftmaxWithLoss"
        if target_.ndim > 1 or input_.shape != (*target_.shape, self.in_features):
            raise ShapeError(
                f"{kind}: an input of shape {tuple(input_.shape)} with targets of "
                f"{tuple(target_.shape)}; give (N, {self.in_features}) and (N,), or both without N"
            )
        x, target = input_.reshape(-1, self.in_features), target_.reshape(-1)
        first = target.clip(0, self.shortlist_size - 1)
        output, used = None, int(((target >= 0) & (target < self.shortlist_size)).sum().item())
        for i, (low, high) in enumerate(pairwise(self.cutoffs)):
            inside = (target >= low) & (target < high)
            rows = inside.nonzero().reshape(-1)
            if not rows.shape[0]:
                continue
            used += rows.shape[0]
            first = where(inside, self.shortlist_size + i, first)
            scores = F.log_softmax(self.tail[i](take(x, rows, 0)), 1)
            label = (take(target, rows, 0) - low).unsqueeze(1)
            found = take_along_axis(scores, label, 1).squeeze(1)
            zeros = found.new_zeros(target.shape) if output is None else output
            output = index_add(zeros, 0, rows, found)
        if used != target.shape[0]:
            raise IndexingError(
                f"{kind}: targets from {target.min().item()} to {target.max().item()}; give labels "
                f"from 0 to {self.n_classes - 1}"
            )
        head = F.log_softmax(self.head(x), 1)
        found = take_along_axis(head, first.unsqueeze(1), 1).squeeze(1)
        output = found if output is None else found + output
        return ASMoutput(output.reshape(target_.shape), -output.mean())

    def log_prob(self, input: Any) -> Any:
        """(N, in_features) -> (N, n_classes): the log-probabilities of all labels."""
        head = F.log_softmax(self.head(input), 1)
        parts = [head[:, : self.shortlist_size]]
        for i, tail in enumerate(self.tail):
            at = self.shortlist_size + i
            parts.append(F.log_softmax(tail(input), 1) + head[:, at : at + 1])
        return concat(parts, 1)

    def predict(self, input: Any) -> Any:
        """(N, in_features) -> (N,): the likeliest label of each.

        As in PyTorch, a cluster's labels are looked at only where a cluster is likelier than each
        frequent label.
        """
        output = argmax(self.head(input), 1)
        if not (output >= self.shortlist_size).any().item():
            return output
        return where(output < self.shortlist_size, output, argmax(self.log_prob(input), 1))
