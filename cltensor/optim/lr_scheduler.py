"""Learning-rate schedules: each sets the lr of an optimizer's groups, once per `step()`.

The rates follow from the previous ones where the formula allows it, so that several schedules
can act on one optimizer, and a rate that is changed by hand stays changed.
"""

from __future__ import annotations

import functools
import math
import types
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from cltensor.optim.optimizer import Optimizer


class LRScheduler:
    """Base of the schedules; a subclass defines `get_lr()`.

    Args:    last_epoch: number of the last finished epoch when training resumes, else -1.
    Raises:  KeyError when training resumes and a group lacks its 'initial_lr'.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(self).__name__}: optimizer is a {type(optimizer).__name__}")
        for number, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(
                    f"{type(self).__name__}: group {number} has no 'initial_lr', which resuming "
                    f"at last_epoch={last_epoch} needs; load the optimizer's state_dict first"
                )
        self.optimizer = optimizer
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._step_count = 0
        self._initial = True
        try:
            self.step()
        finally:
            self._initial = False

    def get_lr(self) -> list[float]:
        """The rates for epoch `last_epoch`, one a group; to look at them, use `get_last_lr`."""
        raise NotImplementedError(f"{type(self).__name__}: the class defines no get_lr()")

    def get_last_lr(self) -> list[float]:
        """The rates that are set now, one a group."""
        return self._last_lr

    def step(self, epoch: int | None = None) -> None:
        """Go to the next epoch, or to a given one, and set its rates.

        Warns:   when it comes before the first `optimizer.step()`, which skips the first rate;
                 when an epoch is given, as PyTorch's does.
        """
        # The optimizer notes its steps; one that does not is believed.
        if self._step_count == 1 and not getattr(self.optimizer, "_opt_called", True):
            warnings.warn(
                f"{type(self).__name__}: step() was called before optimizer.step(), which skips "
                "the first rate of the schedule; call optimizer.step() first",
                stacklevel=2,
            )
        if epoch is not None:
            warnings.warn(
                f"{type(self).__name__}: step(epoch) is deprecated; call step() once an epoch",
                stacklevel=2,
            )
        before = self.last_epoch
        self.last_epoch = before + 1 if epoch is None else epoch
        self._within_step = True
        try:
            found = self._closed_form() if epoch is not None else None
            rates = self.get_lr() if found is None else found
        except BaseException:
            self.last_epoch = before  # a step that fails is none
            raise
        finally:
            self._within_step = False
        self._step_count += 1
        for group, lr in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = lr
        self._last_lr = self._rates()

    #: Whether the rates asked for are those of the start, which a resumed optimizer has already.
    _initial = False
    _within_step = False

    def _only_within_step(self) -> None:
        """Warn who looks at the rates by a call that computes the next ones."""
        if not self._within_step:
            warnings.warn(
                f"{type(self).__name__}: get_lr() computes the rates of the next step; "
                "use get_last_lr() to look at those that are set",
                stacklevel=3,
            )

    def _closed_form(self) -> list[float] | None:
        """The rates of `last_epoch` from the first ones; None where `get_lr` gives them."""
        return None

    def _rates(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def _scaled(self, factor: float) -> list[float]:
        return [lr * factor for lr in self._rates()]

    def state_dict(self) -> dict[str, Any]:
        """All that the schedule knows, its optimizer apart."""
        passing = ("optimizer", "_initial", "_within_step")
        return {key: value for key, value in self.__dict__.items() if key not in passing}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved state."""
        self.__dict__.update(state_dict)


class LambdaLR(LRScheduler):
    """The initial rate times `lr_lambda(epoch)`; a list gives one function a group."""

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
        if len(self.lr_lambdas) != groups:
            raise ValueError(
                f"LambdaLR: {len(self.lr_lambdas)} functions for {groups} parameter groups"
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
        state["lr_lambdas"] = [
            None if _is_code(function) else dict(getattr(function, "__dict__", {}))
            for function in self.lr_lambdas
        ]
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
    """Multiply the rate by `gamma` every `step_size` epochs."""

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
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
    """Multiply the rate by `gamma` at each of the epochs in `milestones`."""

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        last_epoch: int = -1,
    ) -> None:
        self.milestones = Counter(milestones)
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
    """Multiply the rate by `gamma` every epoch."""

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
    """

    def __init__(
        self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
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


class OneCycleLR(LRScheduler):
    """Raise the rate to `max_lr` and let it fall far below its start, in one cycle of steps.

    Call `step()` after every batch. The rate goes from max_lr/div_factor to max_lr in the first
    `pct_start` of the steps and then to max_lr/div_factor/final_div_factor; momentum (or
    beta1) goes the opposite way between max_momentum and base_momentum.

    Args:    total_steps, or epochs and steps_per_epoch: the length of the cycle;
             three_phase: fall symmetrically to the start first, then to the end.
    Raises:  ValueError when the length is not given, or step() is called more often.
    Source:  Smith and Topin 2018.
    """

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
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError("OneCycleLR: give total_steps, or epochs and steps_per_epoch")
            total_steps = epochs * steps_per_epoch
        if total_steps <= 0:
            raise ValueError(f"OneCycleLR: total_steps is {total_steps}; it must be positive")
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
            if cycle_momentum and not ({"betas", "momentum"} & groups[0].keys()):
                raise ValueError(
                    "OneCycleLR: the optimizer has no momentum; pass cycle_momentum=False"
                )
            for group, top, low_momentum, high_momentum in zip(
                groups,
                _each(max_lr, len(groups)),
                _each(base_momentum, len(groups)),
                _each(max_momentum, len(groups)),
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
                if "betas" in group:
                    group["betas"] = (momentum, *group["betas"][1:])
                else:
                    group["momentum"] = momentum
        return rates


def _is_code(function: Callable[[int], float]) -> bool:
    return isinstance(function, (types.FunctionType, types.MethodType, functools.partial))


def _each(value: float | list[float], count: int) -> list[float]:
    """`value` as a list with one entry a group."""
    values = list(value) if isinstance(value, (list, tuple)) else [value] * count
    if len(values) != count:
        raise ValueError(f"OneCycleLR: {len(values)} values for {count} parameter groups")
    return values
