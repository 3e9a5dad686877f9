"""Learning-rate schedules: each sets the lr of an optimizer's groups, once per `step()`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cltensor.core.checks import number
from cltensor.optim.optimizer import Optimizer
from cltensor.optim.options import takes_numbers
from cltensor.optim.schedule import LRScheduler, held_by
from cltensor.optim.schedule_cycles import CosineAnnealingWarmRestarts, CyclicLR, OneCycleLR
from cltensor.optim.schedule_joins import ChainedScheduler, SequentialLR
from cltensor.optim.schedule_plateau import ReduceLROnPlateau

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]

#: What PyTorch called it, and public programs derive from.
_LRScheduler = LRScheduler


class LambdaLR(LRScheduler):
    """The initial rate times `lr_lambda(epoch)`; a list gives one function a group.

    >>> optimizer = ct.optim.SGD(nn.Linear(2, 1).parameters(), lr=1.0)
    >>> schedule = ct.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.5**epoch)
    >>> optimizer.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    @takes_numbers
    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        groups = len(optimizer.param_groups)
        self.lr_lambdas = (
            list(lr_lambda) if isinstance(lr_lambda, (list, tuple)) else [lr_lambda] * groups
        )
        for function in self.lr_lambdas:
            if not callable(function):
                raise TypeError(
                    f"{type(self).__name__}: lr_lambda is {lr_lambda!r}; give a function of the "
                    "epoch, or a list of them"
                )
        if len(self.lr_lambdas) != groups:
            raise ValueError(
                f"{type(self).__name__}: {len(self.lr_lambdas)} functions for {groups} "
                "parameter groups"
            )
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """See LRScheduler."""
        self._only_within_step()
        return [
            base * function(self.last_epoch)
            for base, function in zip(self.base_lrs, self.lr_lambdas, strict=True)
        ]

    def state_dict(self) -> dict[str, Any]:
        """The state; of the functions only what callable objects hold, since code is no data."""
        state = super().state_dict()
        state["lr_lambdas"] = [held_by(function) for function in self.lr_lambdas]
        return state

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved state; callable objects take over what they held."""
        state = dict(state_dict)
        held = state.pop("lr_lambdas", ())
        super().load_state_dict(state)
        for function, attributes in zip(self.lr_lambdas, held, strict=False):
            if attributes is not None:
                function.__dict__.update(attributes)


class StepLR(LRScheduler):
    """Multiply the rate by `gamma` every `step_size` epochs.

    >>> optimizer = ct.optim.SGD(nn.Linear(2, 1).parameters(), lr=1.0)
    >>> schedule = ct.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    >>> for _ in range(2):
    ...     optimizer.step()
    ...     schedule.step()
    ...
    >>> schedule.get_last_lr()
    [0.5]
    """

    @takes_numbers
    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        if step_size <= 0:
            raise ValueError(f"StepLR: step_size is {step_size}; give a number of epochs above 0")
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """See LRScheduler."""
        self._only_within_step()
        due = not self._initial and self.last_epoch % self.step_size == 0
        return self._scaled(self.gamma) if due else self._rates()

    def _closed_form(self) -> list[float]:
        return [base * self.gamma ** (self.last_epoch // self.step_size) for base in self.base_lrs]


class MultiStepLR(LRScheduler):
    """Multiply the rate by `gamma` at each of the epochs in `milestones`.

    >>> optimizer = ct.optim.SGD(nn.Linear(2, 1).parameters(), lr=1.0)
    >>> schedule = ct.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[1, 2], gamma=0.5)
    >>> optimizer.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    @takes_numbers
    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        last_epoch: int = -1,
    ) -> None:
        if not isinstance(milestones, Iterable):
            raise TypeError(f"MultiStepLR: milestones is {milestones!r}; give a list of epochs")
        self.milestones = Counter(number("MultiStepLR", "milestones", n) for n in milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """See LRScheduler."""
        self._only_within_step()
        times = 0 if self._initial else self.milestones[self.last_epoch]
        return self._scaled(self.gamma**times) if times else self._rates()

    def _closed_form(self) -> list[float]:
        passed = sum(times for when, times in self.milestones.items() if when <= self.last_epoch)
        return [base * self.gamma**passed for base in self.base_lrs]


class ExponentialLR(LRScheduler):
    """Multiply the rate by `gamma` every epoch.

    >>> optimizer = ct.optim.SGD(nn.Linear(2, 1).parameters(), lr=1.0)
    >>> schedule = ct.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    >>> optimizer.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    @takes_numbers
    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """See LRScheduler."""
        self._only_within_step()
        return self._rates() if self._initial else self._scaled(self.gamma)

    def _closed_form(self) -> list[float]:
        return [base * self.gamma**self.last_epoch for base in self.base_lrs]


class CosineAnnealingLR(LRScheduler):
    """Lower the rate to `eta_min` along half a cosine of `T_max` epochs, and up again after.

        lr(t) = eta_min + (initial - eta_min) * (1 + cos(pi * t / T_max)) / 2

    Source:  Loshchilov and Hutter 2017, without the restarts.

    >>> optimizer = ct.optim.SGD(nn.Linear(2, 1).parameters(), lr=1.0)
    >>> schedule = ct.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=2)
    >>> optimizer.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    @takes_numbers
    def __init__(
        self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        if T_max <= 0:
            raise ValueError(
                f"CosineAnnealingLR: T_max is {T_max}; give a number of epochs above 0"
            )
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """See LRScheduler."""
        self._only_within_step()
        epoch, period, low = self.last_epoch, self.T_max, self.eta_min
        if self._initial:
            return self._rates()
        if (epoch - 1 - period) % (2 * period) == 0:
            # The previous rate was the lowest one: no ratio to it tells how far to climb.
            rise = (1 - math.cos(math.pi / period)) / 2
            pairs = zip(self._rates(), self.base_lrs, strict=True)
            return [lr + (base - low) * rise for lr, base in pairs]
        ratio = (1 + math.cos(math.pi * epoch / period)) / (
            1 + math.cos(math.pi * (epoch - 1) / period)
        )
        return [low + (lr - low) * ratio for lr in self._rates()]

    def _closed_form(self) -> list[float]:
        part = (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2
        return [self.eta_min + (base - self.eta_min) * part for base in self.base_lrs]


class MultiplicativeLR(LambdaLR):
    """Multiply the rate by `lr_lambda(epoch)` every epoch; a list gives one function a group.

    >>> optimizer = ct.optim.SGD(nn.Linear(2, 1).parameters(), lr=1.0)
    >>> schedule = ct.optim.lr_scheduler.MultiplicativeLR(optimizer, lambda epoch: 0.5)
    >>> optimizer.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    def get_lr(self) -> list[float]:
        """See LRScheduler."""
        self._only_within_step()
        if self._initial:
            return self._rates()
        pairs = zip(self._rates(), self.lr_lambdas, strict=True)
        return [lr * function(self.last_epoch) for lr, function in pairs]


class LinearLR(LRScheduler):
    """Change a factor of the rate from `start_factor` to `end_factor` in `total_iters` epochs.

    Raises:  ValueError for a start_factor outside (0, 1] or an end_factor outside [0, 1].

    >>> optimizer = ct.optim.SGD(nn.Linear(2, 1).parameters(), lr=1.0)
    >>> schedule = ct.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> schedule.get_last_lr()
    [0.5]
    """

    @takes_numbers
    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0 < start_factor <= 1:
            raise ValueError(f"LinearLR: start_factor is {start_factor}; it must be in (0, 1]")
        if not 0 <= end_factor <= 1:
            raise ValueError(f"LinearLR: end_factor is {end_factor}; it must be in [0, 1]")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """See LRScheduler."""
        self._only_within_step()
        if self.last_epoch == 0:
            return self._scaled(self.start_factor)
        if self._initial or self.last_epoch > self.total_iters:
            return self._rates()
        rise = self.end_factor - self.start_factor
        before = self.total_iters * self.start_factor + (self.last_epoch - 1) * rise
        return self._scaled(1.0 + rise / before)

    def _closed_form(self) -> list[float]:
        part = min(self.total_iters, self.last_epoch) / self.total_iters
        factor = self.start_factor + (self.end_factor - self.start_factor) * part
        return [base * factor for base in self.base_lrs]


class ConstantLR(LRScheduler):
    """Multiply the rate by `factor` for the first `total_iters` epochs.

    Raises:  ValueError for a factor outside [0, 1].

    >>> optimizer = ct.optim.SGD(nn.Linear(2, 1).parameters(), lr=1.0)
    >>> schedule = ct.optim.lr_scheduler.ConstantLR(optimizer, factor=0.5, total_iters=2)
    >>> schedule.get_last_lr()
    [0.5]
    """

    @takes_numbers
    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 1.0 / 3,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0 <= factor <= 1:
            raise ValueError(f"ConstantLR: factor is {factor}; it must be in [0, 1]")
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """See LRScheduler."""
        self._only_within_step()
        if self.last_epoch == 0:
            return self._scaled(self.factor)
        if self._initial or self.last_epoch != self.total_iters:
            return self._rates()
        # No factor undoes a multiplication by zero.
        return self._scaled(1.0 / self.factor) if self.factor else list(self.base_lrs)

    def _closed_form(self) -> list[float]:
        factor = 1.0 if self.last_epoch >= self.total_iters else self.factor
        return [base * factor for base in self.base_lrs]


class PolynomialLR(LRScheduler):
    """Lower the rate to 0 in `total_iters` epochs: lr = initial * (1 - t / total_iters)**power.

    >>> optimizer = ct.optim.SGD(nn.Linear(2, 1).parameters(), lr=1.0)
    >>> schedule = ct.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=4)
    >>> optimizer.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.75]
    """

    @takes_numbers
    def __init__(
        self,
        optimizer: Optimizer,
        total_iters: int = 5,
        power: float = 1.0,
        last_epoch: int = -1,
    ) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """See LRScheduler."""
        self._only_within_step()
        total, epoch = self.total_iters, self.last_epoch
        if self._initial or epoch > total:
            return self._rates()
        return self._scaled(((1.0 - epoch / total) / (1.0 - (epoch - 1) / total)) ** self.power)

    def _closed_form(self) -> list[float]:
        part = 1.0 - min(self.total_iters, self.last_epoch) / self.total_iters
        return [base * part**self.power for base in self.base_lrs]
