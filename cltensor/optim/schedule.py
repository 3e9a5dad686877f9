"""What all learning-rate schedules share.

The rates follow from the previous ones where the formula allows it, so that several schedules
can act on one optimizer, and a rate that is changed by hand stays changed.
"""

from __future__ import annotations

import functools
import types
import warnings
from collections.abc import Mapping
from typing import Any

from cltensor.core.changes import GuardedByName
from cltensor.optim.optimizer import Optimizer


class LRScheduler(GuardedByName):
    """Base of the schedules; a subclass defines `get_lr()`.

    Args:    last_epoch: number of the last finished epoch when training resumes, else -1.
    Raises:  KeyError when training resumes and a group lacks its 'initial_lr'.

    >>> optimizer = ct.optim.SGD(nn.Linear(2, 1).parameters(), lr=1.0)
    >>> schedule = ct.optim.lr_scheduler.StepLR(optimizer, step_size=1)
    >>> isinstance(schedule, ct.optim.lr_scheduler.LRScheduler)
    True
    """

    #: Whether `step` takes a number that says how good the training is.
    needs_metrics = False

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
        self._begin()

    def _begin(self) -> None:
        """Set the first rates, or when training resumes those that the optimizer has."""
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
        self._step_count += 1
        self._go_to(epoch)

    def _go_to(self, epoch: int | None) -> None:
        """Set the rates of an epoch, of the next one for None."""
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


def held_by(function: Any) -> dict[str, Any] | None:
    """What a callable object holds, for a state_dict; None for a function, which is code."""
    if function is None or isinstance(
        function, (types.FunctionType, types.MethodType, functools.partial)
    ):
        return None
    return dict(getattr(function, "__dict__", ())) or None  # built-in ones hold nothing


def one_a_group(operation: str, value: Any, optimizer: Optimizer) -> list[Any]:
    """`value` as a list with one entry a group; ValueError for a list of another length."""
    count = len(optimizer.param_groups)
    values = list(value) if isinstance(value, (list, tuple)) else [value] * count
    if len(values) != count:
        raise ValueError(f"{operation}: {len(values)} values for {count} parameter groups")
    return values


def check_momentum(operation: str, optimizer: Optimizer) -> None:
    """Raise ValueError for an optimizer without a momentum that could be moved."""
    if not ({"betas", "momentum"} & optimizer.param_groups[0].keys()):
        raise ValueError(f"{operation}: the optimizer has no momentum; pass cycle_momentum=False")


def set_momentum(group: dict[str, Any], momentum: float) -> None:
    """Set the momentum of a group, or the first of its betas."""
    if "betas" in group:
        group["betas"] = (momentum, *group["betas"][1:])
    else:
        group["momentum"] = momentum
