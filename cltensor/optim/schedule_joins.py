"""Schedules made of schedules: one after the other, and all at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from cltensor.optim.optimizer import Optimizer
from cltensor.optim.schedule import LRScheduler


class _Joined(LRScheduler):
    """What both share: the schedules of one optimizer, and their states."""

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None) -> None:
        name = type(self).__name__
        if not schedulers:
            raise ValueError(f"{name}: no schedule was given; give at least one")
        self.optimizer = schedulers[0].optimizer if optimizer is None else optimizer
        for number, scheduler in enumerate(schedulers):
            if scheduler.needs_metrics:
                raise ValueError(
                    f"{name}: schedule {number} is a {type(scheduler).__name__}, whose step() "
                    "needs a number; call it beside the others"
                )
            if scheduler.optimizer is not self.optimizer:
                raise ValueError(
                    f"{name}: schedule {number}, a {type(scheduler).__name__}, belongs to another "
                    "optimizer; make all with the same one"
                )
        self._schedulers = list(schedulers)

    def state_dict(self) -> dict[str, Any]:
        """All that the schedules know, their optimizer apart."""
        parts = [scheduler.state_dict() for scheduler in self._schedulers]
        return {**super().state_dict(), "_schedulers": parts}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved state."""
        state = dict(state_dict)
        parts = state.pop("_schedulers")
        super().load_state_dict(state)
        for scheduler, part in zip(self._schedulers, parts, strict=True):
            scheduler.load_state_dict(part)


class SequentialLR(_Joined):
    """Follow one schedule after the other; the next begins at each of `milestones`.

    Raises:  ValueError unless there is one milestone less than schedules, all of one optimizer.

    >>> optimizer = ct.optim.SGD(nn.Linear(2, 1).parameters(), lr=1.0)
    >>> warm = ct.optim.lr_scheduler.ConstantLR(optimizer, factor=0.1, total_iters=1)
    >>> then = ct.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
    >>> schedule = ct.optim.lr_scheduler.SequentialLR(optimizer, [warm, then], milestones=[1])
    >>> schedule.get_last_lr()
    [0.1]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: list[LRScheduler],
        milestones: list[int],
        last_epoch: int = -1,
    ) -> None:
        super().__init__(schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                f"SequentialLR: {len(milestones)} milestones for {len(schedulers)} schedules; "
                "give one less than schedules"
            )
        self._milestones = list(milestones)
        self.last_epoch = last_epoch + 1
        # Making the schedules took a step of each; only the first one's counts.
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        self._undo(self)
        first = self._schedulers[bisect_right(self._milestones, 0)]
        first._begin()
        self._last_lr = first.get_last_lr()

    def _undo(self, scheduler: LRScheduler) -> None:
        if isinstance(scheduler, _Joined):
            for part in scheduler._schedulers:
                self._undo(part)
        else:
            scheduler.last_epoch -= 1

    def step(self, epoch: int | None = None) -> None:
        """Go to the next epoch of the schedule whose turn it is."""
        if epoch is not None:
            raise ValueError("SequentialLR: step() takes no epoch; call it once an epoch")
        self.last_epoch += 1
        number = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[number]
        if number > 0 and self._milestones[number - 1] == self.last_epoch:
            scheduler._go_to(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


class ChainedScheduler(_Joined):
    """Let several schedules act on the rates, each on what the one before it gave.

    Raises:  ValueError for schedules of different optimizers.

    >>> optimizer = ct.optim.SGD(nn.Linear(2, 1).parameters(), lr=1.0)
    >>> schedule = ct.optim.lr_scheduler.ChainedScheduler(
    ...     [
    ...         ct.optim.lr_scheduler.ConstantLR(optimizer, factor=0.5, total_iters=2),
    ...         ct.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5),
    ...     ]
    ... )
    >>> optimizer.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.25]
    """

    def __init__(
        self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None
    ) -> None:
        super().__init__(schedulers, optimizer)
        self._last_lr = self._rates()

    def step(self, epoch: int | None = None) -> None:
        """Go to the next epoch of every schedule."""
        if epoch is not None:
            raise ValueError("ChainedScheduler: step() takes no epoch; call it once an epoch")
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = self._rates()
