"""How a network is trained: what a setting of the image examples chooses beside the network."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from augmenting import Augment

import cltensor as ct
from cltensor import nn, optim
from cltensor.data import ImageDataset
from cltensor.nn import functional as F

Schedule = Callable[[float], float]


def cosine(progress: float) -> float:
    """From 1 down to 0 along half a cosine. progress: the share of all steps that is done."""
    return (1 + math.cos(math.pi * progress)) / 2


def warm(share: float, then: Schedule = cosine) -> Schedule:
    """From 0 to 1 in a straight line during the first `share` of the steps, then as `then`."""

    def factor(progress: float) -> float:
        if progress < share:
            return progress / share
        return then((progress - share) / (1 - share))

    return factor


def triangle(first: float, peak: float, last: float) -> Schedule:
    """In straight lines from `first` to 1, reached at the share `peak` of the steps, to `last`."""

    def factor(progress: float) -> float:
        if progress < peak:
            return first + (1 - first) * progress / peak
        return 1 + (last - 1) * (progress - peak) / (1 - peak)

    return factor


def adam(model: nn.Module, lr: float) -> optim.Optimizer:
    """Adam over all parameters."""
    return optim.Adam(model.parameters(), lr=lr)


def sgd(decay: float, momentum: float = 0.9) -> Callable[[nn.Module, float], optim.Optimizer]:
    """SGD with Nesterov's momentum and weight decay."""

    def make(model: nn.Module, lr: float) -> optim.Optimizer:
        return optim.SGD(
            model.parameters(), lr=lr, momentum=momentum, weight_decay=decay, nesterov=True
        )

    return make


def sgd_with_fast_shifts(
    decay: float, momentum: float, factor: float
) -> Callable[[nn.Module, float], optim.Optimizer]:
    """SGD as above, in which the shifts of normalizations have `factor` times the learning rate.
    What a step takes off a weight is `decay` times lr / its highest value, for both kinds."""

    def make(model: nn.Module, lr: float) -> optim.Optimizer:
        shifts = [p for module in model.modules() if isinstance(module, nn.BatchNorm2d)
                  for p in module.parameters() if p.requires_grad]  # fmt: skip
        known = {id(p) for p in shifts}
        others = [p for p in model.parameters() if p.requires_grad and id(p) not in known]
        groups = [
            {"params": shifts, "lr": lr * factor, "weight_decay": decay / (lr * factor)},
            {"params": others, "lr": lr, "weight_decay": decay / lr},
        ]
        return optim.SGD(groups, lr=lr, momentum=momentum, nesterov=True)

    return make


class Average:
    """A running mean of the weights and statistics of a model, `shown`, which is what is tested.

        mean = decay * mean + (1 - decay) * now, every so many steps

    decay: of the share of the steps done. feeds_back: the model goes on from the mean (Lookahead).
    Source: Polyak and Juditsky 1992; Zhang, Lucas, Hinton and Ba 2019.
    """

    def __init__(self, model: nn.Module, decay: Schedule, every: int, feeds_back: bool) -> None:
        self.shown = copy.deepcopy(model).eval()
        self.decay, self.every, self.feeds_back = decay, every, feeds_back
        self._pairs = list(zip(_state(self.shown), _state(model), strict=True))

    def step(self, number: int, progress: float) -> None:
        """After training step `number`, counted from 1."""
        if number % self.every:
            return
        share = 1 - self.decay(progress)
        with ct.no_grad():
            for mean, now in self._pairs:
                if mean.is_floating_point():
                    mean.lerp_(now, share)
                else:
                    mean.copy_(now)
                if self.feeds_back:
                    now.copy_(mean)


def _state(model: nn.Module) -> list[ct.Tensor]:
    return [t.detach() for t in model.state_dict().values()]


def mean_of_weights(decay: float) -> Callable[[nn.Module], Average]:
    """An exponential mean after every step, which trusts its first values less."""
    return lambda model: Average(
        model, lambda progress: decay if progress > 0.05 else 0.5, 1, False
    )


def lookahead(model: nn.Module) -> Average:
    """Every five steps the model goes on from the mean, which moves less and less towards it.
    Source: Jordan 2024."""
    return Average(model, lambda progress: 0.95**5 * progress**3, 5, True)


def plain(model: nn.Module, images: ct.Tensor) -> ct.Tensor:
    """The scores of the images as they are."""
    return model(images)


def mirrored(model: nn.Module, images: ct.Tensor) -> ct.Tensor:
    """The mean scores of the images and of their mirror images."""
    return (model(images) + model(images.flip(3))) / 2


def six_views(model: nn.Module, images: ct.Tensor) -> ct.Tensor:
    """Half of `mirrored`, and half of the same for the images one pixel up left and down right."""
    height, width = images.shape[2:]
    wider = F.pad(images, (1, 1, 1, 1), mode="reflect")
    moved = [wider[:, :, k : k + height, k : k + width] for k in (0, 2)]
    around = sum(mirrored(model, view) for view in moved) / len(moved)
    return (mirrored(model, images) + around) / 2


@dataclass(frozen=True)
class Setting:
    """A network and the training that suits it.

    lr: the highest learning rate; schedule: its factor by the share of all steps that is done;
    smoothing: of the labels; average: makes what is tested in place of the network; scores: by
    which views of the test images, in the last test; prepare: looks at the training images first.
    """

    build: Callable[[], nn.Module]
    lr: float
    batch_size: int = 64
    epochs: int = 5
    optimizer: Callable[[nn.Module, float], optim.Optimizer] = adam
    schedule: Schedule = cosine
    smoothing: float = 0.0
    augment: Augment | None = None
    average: Callable[[nn.Module], Average] | None = None
    scores: Callable[[nn.Module, ct.Tensor], ct.Tensor] = plain
    prepare: Callable[[nn.Module, ImageDataset], None] | None = None


def stepper(model: nn.Module, optimizer: optim.Optimizer, setting: Setting) -> Callable[..., Any]:
    """The training step, recorded and replayed: step(images, labels, turn) gives scores and
    loss; turn is 0 in even epochs and 1 in odd ones."""
    criterion = nn.CrossEntropyLoss(label_smoothing=setting.smoothing)
    augment = setting.augment

    @ct.jit
    def step(images: ct.Tensor, labels: ct.Tensor, turn: int) -> tuple[ct.Tensor, ct.Tensor]:
        if augment is not None:
            images = augment(images, turn)
        optimizer.zero_grad()
        scores = model(images)
        loss = criterion(scores, labels)
        loss.backward()
        optimizer.step()
        return scores.detach(), loss.detach()

    return step
