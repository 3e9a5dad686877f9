"""Means of the weights of a training: stochastic weight averaging, and exponential ones."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, Literal

from cltensor.autograd import no_grad
from cltensor.core.tensor import Tensor
from cltensor.nn.layers.norm import _BatchNorm
from cltensor.nn.module import Module
from cltensor.ops.create import tensor
from cltensor.ops.elementwise.select import where
from cltensor.optim.optimizer import Optimizer
from cltensor.optim.options import takes_numbers
from cltensor.optim.schedule import LRScheduler, one_a_group

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]

#: (mean, new value, how many it is of) to the next mean.
Average = Callable[[Tensor, Tensor, Any], Tensor]
#: The same for lists, in place.
Averages = Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """A function for the next exponential mean: decay * mean + (1 - decay) * new.

    Raises:  ValueError for a decay outside [0, 1].

    >>> ct.optim.swa_utils.get_ema_avg_fn(0.9)(ct.tensor(1.0), ct.tensor(2.0), 1)
    tensor(1.1000)
    """
    if not 0 <= decay <= 1:
        raise ValueError(f"get_ema_avg_fn: decay is {decay}; it must be in [0, 1]")
    return lambda mean, new, number: decay * mean + (1 - decay) * new


def get_swa_avg_fn() -> Average:
    """A function for the next mean of all so far: mean + (new - mean) / (number + 1).

    >>> ct.optim.swa_utils.get_swa_avg_fn()(ct.tensor(1.0), ct.tensor(2.0), 1)
    tensor(1.5000)
    """
    return lambda mean, new, number: mean + (new - mean) / (number + 1)


def get_ema_multi_avg_fn(decay: float = 0.999) -> Averages:
    """`get_ema_avg_fn` for lists of means, which it changes in place.

    >>> mean = ct.optim.swa_utils.AveragedModel(
    ...     nn.Linear(1, 1), multi_avg_fn=ct.optim.swa_utils.get_ema_multi_avg_fn(0.9)
    ... )
    >>> mean.n_averaged.item()
    0
    """
    return _for_several(get_ema_avg_fn(decay))


def get_swa_multi_avg_fn() -> Averages:
    """`get_swa_avg_fn` for lists of means, which it changes in place.

    >>> mean = ct.optim.swa_utils.AveragedModel(
    ...     nn.Linear(1, 1), multi_avg_fn=ct.optim.swa_utils.get_swa_multi_avg_fn()
    ... )
    >>> mean.n_averaged.item()
    0
    """
    return _for_several(get_swa_avg_fn())


class _for_several:
    """A function of one mean for each of a list, in place."""

    def __init__(self, average: Average) -> None:
        self.average = average

    def __call__(self, means: Sequence[Tensor], news: Sequence[Tensor], number: Any) -> None:
        with no_grad():
            for mean, new in zip(means, news, strict=True):
                mean.copy_(self.average(mean, new, number))


class AveragedModel(Module):
    """A copy of a model whose weights are means of the weights that the model had.

    Call `update_parameters(model)` where a mean is to go on; the first call copies the weights. The
    functions get the number of weights so far as a tensor, which nothing waits for.

    Args:    device: where the copy is, the model's own if None; avg_fn: see `get_swa_avg_fn`, which
             is the default; multi_avg_fn: the same for lists, in place; use_buffers: take means
             of buffers too, instead of copying them.
    Raises:  ValueError where both functions are given.
    Source:  Izmailov et al. 2018.

    >>> model = nn.Linear(1, 1)
    >>> mean = ct.optim.swa_utils.AveragedModel(model)
    >>> mean.update_parameters(model)
    >>> bool((mean.module.weight == model.weight).all())
    True
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: Averages | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise ValueError("AveragedModel: avg_fn and multi_avg_fn were given; give one of them")
        self.module = copy.deepcopy(model)
        if device is not None:
            self.module.to(device)
        self.register_buffer("n_averaged", tensor(0, dtype="int64", device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the model of means gives."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the weights that `model` has now into the means."""
        means, news = self._pairs(model)
        averages = self.multi_avg_fn or _for_several(self.avg_fn or get_swa_avg_fn())
        with no_grad():
            for group_means, group_news in _alike(means, news):
                _average(group_means, group_news, self.n_averaged, averages)
            if not self.use_buffers:
                for own, other in zip(self.module.buffers(), model.buffers(), strict=True):
                    own.copy_(other.detach().to(own.device))
            self.n_averaged.add_(1)

    def _pairs(self, model: Module) -> tuple[list[Tensor], list[Tensor]]:
        """What there are means of, and what `model` has for it, on the device of the means."""
        own: Iterable[Tensor] = self.module.parameters()
        other: Iterable[Tensor] = model.parameters()
        if self.use_buffers:
            own, other = chain(own, self.module.buffers()), chain(other, model.buffers())
        means = [mean.detach() for mean in own]
        news = [new.detach().to(mean.device) for mean, new in zip(means, list(other), strict=True)]
        return means, news


def _average(means: list[Tensor], news: list[Tensor], number: Tensor, averages: Averages) -> None:
    """The next means, in place; where there is none yet, the new values as they are."""
    number = number.to(means[0].device)
    is_first = number == 0
    if isinstance(averages, _for_several):  # in one launch each
        for mean, new in zip(means, news, strict=True):
            following = averages.average(mean, new, number).to(mean.dtype)
            mean.copy_(where(is_first, new.to(mean.dtype), following))
        return
    averages(means, news, number)
    for mean, new in zip(means, news, strict=True):
        mean.copy_(where(is_first, new.to(mean.dtype), mean))


def _alike(means: list[Tensor], news: list[Tensor]) -> Iterable[tuple[list[Tensor], list[Tensor]]]:
    """Both lists by device and dtype."""
    groups: dict[Any, tuple[list[Tensor], list[Tensor]]] = {}
    for mean, new in zip(means, news, strict=True):
        first, second = groups.setdefault((mean.device.name, mean.dtype.name), ([], []))
        first.append(mean)
        second.append(new)
    return groups.values()


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Take the statistics of the batch normalizations of `model` anew, over all of `loader`.

    Args:    loader: batches, tensors or sequences that begin with one; device: where to move them.

    >>> model = nn.Sequential(nn.BatchNorm1d(2))
    >>> ct.optim.swa_utils.update_bn([ct.ones(4, 2)], model)
    >>> model[0].running_mean
    tensor([1., 1.])
    """
    layers = {layer: layer.momentum for layer in model.modules() if isinstance(layer, _BatchNorm)}
    if not layers:
        return
    was_training = model.training
    model.train()
    try:
        for layer in layers:
            layer.reset_running_stats()
            layer.momentum = None
        with no_grad():
            for batch in loader:
                first = batch[0] if isinstance(batch, (list, tuple)) else batch
                model(first if device is None else first.to(device))
    finally:
        for layer, momentum in layers.items():
            layer.momentum = momentum
        model.train(was_training)


class SWALR(LRScheduler):
    """Go from the rate of now to `swa_lr` in `anneal_epochs` epochs, and stay there.

    Args:    swa_lr: a rate, or one a group; anneal_strategy: "cos" or "linear".
    Raises:  ValueError for another strategy or negative epochs.

    >>> optimizer = ct.optim.SGD(nn.Linear(2, 1).parameters(), lr=1.0)
    >>> schedule = ct.optim.swa_utils.SWALR(optimizer, swa_lr=0.5, anneal_epochs=1)
    >>> optimizer.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    @takes_numbers
    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        last_epoch: int = -1,
    ) -> None:
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"SWALR: anneal_strategy is {anneal_strategy!r}; use 'cos' or 'linear'"
            )
        if anneal_epochs < 0 or anneal_epochs != int(anneal_epochs):
            raise ValueError(
                f"SWALR: anneal_epochs is {anneal_epochs}; give a whole number of at least 0"
            )
        rates = one_a_group("SWALR", swa_lr, optimizer)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["swa_lr"] = rate
        self.anneal_epochs = anneal_epochs
        self.anneal_strategy = anneal_strategy
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """See LRScheduler."""
        self._only_within_step()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._share(step - 1), self._share(step)
        found = []
        for group in self.optimizer.param_groups:
            end = group["swa_lr"]
            start = end if before == 1 else (group["lr"] - before * end) / (1 - before)
            found.append(end * now + start * (1 - now))
        return found

    def _share(self, step: int) -> float:
        part = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return part if self.anneal_strategy == "linear" else (1 - math.cos(math.pi * part)) / 2
