"""Schedules that rise and fall: one cycle, many, and a cosine with restarts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal

from cltensor.optim.optimizer import Optimizer
from cltensor.optim.options import takes_numbers
from cltensor.optim.schedule import (
    LRScheduler,
    check_momentum,
    held_by,
    one_a_group,
    set_momentum,
)


class OneCycleLR(LRScheduler):
    """Raise the rate to `max_lr` and let it fall far below its start, in one cycle of steps.

    Call `step()` after every batch. The rate goes from max_lr/div_factor to max_lr in the first
    `pct_start` of the steps and then to max_lr/div_factor/final_div_factor; momentum (or
    beta1) goes the opposite way between max_momentum and base_momentum.

    Args:    total_steps, or epochs and steps_per_epoch: the length of the cycle;
             three_phase: fall symmetrically to the start first, then to the end.
    Raises:  ValueError when the length is not given, or step() is called more often.
    Source:  Smith and Topin 2018.

    >>> optimizer = ct.optim.SGD(nn.Linear(2, 1).parameters(), lr=0.1, momentum=0.9)
    >>> schedule = ct.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=10)
    >>> round(schedule.get_last_lr()[0], 6)
    0.04
    """

    @takes_numbers
    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        total_steps = _length(total_steps, epochs, steps_per_epoch)
        if not 0 <= pct_start <= 1:
            raise ValueError(f"OneCycleLR: pct_start is {pct_start}; it must be in [0, 1]")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"OneCycleLR: anneal_strategy is {anneal_strategy!r}; use 'cos' or 'linear'"
            )
        self.total_steps = total_steps
        self.anneal_strategy = anneal_strategy
        self.cycle_momentum = cycle_momentum
        # (last step of the phase, where lr ends, where momentum ends)
        peak = pct_start * total_steps - 1
        last = total_steps - 1
        self._phases = (
            [
                (peak, "max_lr", "base_momentum"),
                (2 * peak, "initial_lr", "max_momentum"),
                (last, "min_lr", "max_momentum"),
            ]
            if three_phase
            else [(peak, "max_lr", "base_momentum"), (last, "min_lr", "max_momentum")]
        )
        if last_epoch == -1:
            groups = optimizer.param_groups
            if cycle_momentum:
                check_momentum("OneCycleLR", optimizer)
            for group, top, low_momentum, high_momentum in zip(
                groups,
                one_a_group("OneCycleLR", max_lr, optimizer),
                one_a_group("OneCycleLR", base_momentum, optimizer),
                one_a_group("OneCycleLR", max_momentum, optimizer),
                strict=True,
            ):
                group["initial_lr"] = top / div_factor
                group["max_lr"] = top
                group["min_lr"] = group["initial_lr"] / final_div_factor
                if cycle_momentum:
                    group["base_momentum"] = low_momentum
                    group["max_momentum"] = high_momentum
        super().__init__(optimizer, last_epoch)

    def _between(self, start: float, end: float, part: float) -> float:
        if self.anneal_strategy == "cos":
            return end + (start - end) / 2.0 * (1 + math.cos(math.pi * part))
        return start + (end - start) * part

    def get_lr(self) -> list[float]:
        """See LRScheduler; sets the momentum on the way."""
        self._only_within_step()
        now = self.last_epoch
        # The usual loop ends with a step after the last batch, whose rate nobody uses.
        if now > self.total_steps:
            raise ValueError(
                f"OneCycleLR: step() was called {now} times for a cycle of {self.total_steps} "
                "steps; give total_steps as many as there are batches in all epochs"
            )
        number = 0
        while number < len(self._phases) - 1 and now > self._phases[number][0]:
            number += 1
        end, lr_to, momentum_to = self._phases[number]
        start, lr_from, momentum_from = (
            self._phases[number - 1] if number else (0, "initial_lr", "max_momentum")
        )
        part = (now - start) / (end - start) if end != start else 1.0
        rates = []
        for group in self.optimizer.param_groups:
            rates.append(self._between(group[lr_from], group[lr_to], part))
            if self.cycle_momentum:
                momentum = self._between(group[momentum_from], group[momentum_to], part)
                set_momentum(group, momentum)
        return rates


def _length(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    """The steps of one cycle, as OneCycleLR is told them."""
    if total_steps is None:
        if epochs is None or steps_per_epoch is None:
            raise ValueError("OneCycleLR: give total_steps, or epochs and steps_per_epoch")
        total_steps = epochs * steps_per_epoch
    if total_steps <= 0:
        raise ValueError(f"OneCycleLR: total_steps is {total_steps}; it must be positive")
    return total_steps


class CyclicLR(LRScheduler):
    """Move the rate to and fro between `base_lr` and `max_lr`, and momentum the opposite way.

    Call `step()` after every batch. With t steps done and a cycle of up + down steps:

        lr = base_lr + (max_lr - base_lr) * height(t) * scale(cycle or t)

    Args:    step_size_up, step_size_down (as many unless given): the steps of a rise and a fall;
             mode: "triangular" keeps the height, "triangular2" halves it each cycle, "exp_range"
             multiplies it by gamma**t;  scale_fn with scale_mode ("cycle" or "iterations"): another
             function of the cycle, counted from 1, or of t.
    Raises:  ValueError for an unknown mode or an optimizer without momentum.
    Source:  Smith 2017.

    >>> optimizer = ct.optim.SGD(nn.Linear(2, 1).parameters(), lr=1.0, momentum=0.9)
    >>> schedule = ct.optim.lr_scheduler.CyclicLR(
    ...     optimizer, base_lr=0.1, max_lr=0.5, step_size_up=4
    ... )
    >>> optimizer.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.2]
    """

    @takes_numbers
    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: Literal["cycle", "iterations"] = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        if scale_fn is None and mode not in ("triangular", "triangular2", "exp_range"):
            raise ValueError(
                f"CyclicLR: mode is {mode!r}; use 'triangular', 'triangular2' or 'exp_range'"
            )
        base_lrs = one_a_group("CyclicLR", base_lr, optimizer)
        self.max_lrs = one_a_group("CyclicLR", max_lr, optimizer)
        down = step_size_up if step_size_down is None else step_size_down
        if step_size_up < 0 or down < 0 or step_size_up + down == 0:
            raise ValueError(
                f"CyclicLR: step_size_up is {step_size_up} and step_size_down {down}; give numbers "
                "of steps, not both 0"
            )
        self.total_size = float(step_size_up + down)
        self.step_ratio = step_size_up / self.total_size
        self.mode = mode
        self.gamma = gamma
        self._scale_fn = scale_fn
        self.scale_mode = scale_mode
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            check_momentum("CyclicLR", optimizer)
            self.base_momentums = one_a_group("CyclicLR", base_momentum, optimizer)
            self.max_momentums = one_a_group("CyclicLR", max_momentum, optimizer)
        if last_epoch == -1:
            for group, lr in zip(optimizer.param_groups, base_lrs, strict=True):
                group["lr"] = lr
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """The share of the height in cycle, or at step, x."""
        if self._scale_fn is not None:
            return self._scale_fn(x)
        if self.mode == "exp_range":
            return self.gamma**x
        return 1.0 if self.mode == "triangular" else 1 / 2.0 ** (x - 1)

    def get_lr(self) -> list[float]:
        """See LRScheduler; sets the momentum on the way."""
        self._only_within_step()
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        place = 1.0 + self.last_epoch / self.total_size - cycle
        rising = place <= self.step_ratio
        height = place / self.step_ratio if rising else (place - 1) / (self.step_ratio - 1)
        by_steps = self.scale_mode == "iterations" or (
            self._scale_fn is None and self.mode == "exp_range"
        )
        scale = self.scale_fn(self.last_epoch if by_steps else cycle)
        if self.cycle_momentum:
            groups = self.optimizer.param_groups
            limits = zip(groups, self.base_momentums, self.max_momentums, strict=True)
            for group, low, high in limits:
                set_momentum(group, high - (high - low) * height * scale)
        pairs = zip(self.base_lrs, self.max_lrs, strict=True)
        return [low + (high - low) * height * scale for low, high in pairs]

    def state_dict(self) -> dict[str, Any]:
        """The state; of scale_fn only what a callable object holds."""
        return {**super().state_dict(), "_scale_fn": held_by(self._scale_fn)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved state."""
        state = dict(state_dict)
        held = state.pop("_scale_fn", None)
        super().load_state_dict(state)
        if held is not None and self._scale_fn is not None:
            self._scale_fn.__dict__.update(held)


class CosineAnnealingWarmRestarts(LRScheduler):
    """Lower the rate along half a cosine, again and again, each time for `T_mult` times as long.

        lr = eta_min + (initial - eta_min) * (1 + cos(pi * T_cur / T_i)) / 2

    Args:    T_0: epochs of the first fall; `step(epoch)` takes fractions of epochs, too.
    Raises:  ValueError for a T_0 or T_mult that is no integer of 1 or more.
    Source:  Loshchilov and Hutter 2017.

    >>> optimizer = ct.optim.SGD(nn.Linear(2, 1).parameters(), lr=1.0)
    >>> schedule = ct.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=2)
    >>> optimizer.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    @takes_numbers
    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,
        T_mult: int = 1,
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        for name, value in (("T_0", T_0), ("T_mult", T_mult)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(
                    f"CosineAnnealingWarmRestarts: {name} is {value!r}; give an integer of 1 or "
                    "more"
                )
        self.T_0 = self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        self._epoch: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def step(self, epoch: float | None = None) -> None:
        """Go to the next epoch, or to a given one or part of one, and set its rates."""
        place = self._epoch + 1 if epoch is None else epoch
        if place < 0:
            raise ValueError(
                f"CosineAnnealingWarmRestarts: epoch is {epoch}; give a number of 0 or more"
            )
        self._epoch = place
        self.T_i, self.T_cur = self.T_0, place
        if self.T_mult == 1:
            self.T_cur = place % self.T_0
        while self.T_cur >= self.T_i:
            self.T_cur -= self.T_i
            self.T_i *= self.T_mult
        # The formula needs no epoch: going to the whole one keeps the count that others read.
        self._step_count += 1
        self.last_epoch = math.floor(place) - 1
        self._go_to(None)

    def get_lr(self) -> list[float]:
        """See LRScheduler."""
        self._only_within_step()
        part = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base - self.eta_min) * part for base in self.base_lrs]
