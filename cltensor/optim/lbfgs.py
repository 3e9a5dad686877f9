"""LBFGS."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from cltensor.autograd import enable_grad, no_grad
from cltensor.core.checks import number
from cltensor.core.tensor import Tensor
from cltensor.ops.create import zeros
from cltensor.ops.shape.join import concatenate
from cltensor.ops.shape.parts import view_as_real
from cltensor.optim.optimizer import Optimizer, Params
from cltensor.optim.options import numbers_of, options_of
from cltensor.optim.wolfe import Point, strong_wolfe


class LBFGS(Optimizer):
    """Quasi-Newton steps, by the differences of the last gradients and steps.

        d = -H @ grad, H from the last history_size pairs (s, y) of differences of weights and
        gradients, beginning with (s . y) / (y . y)
        p = p + t * d, t = lr (min(1, 1 / sum(abs(grad))) * lr at first), or found by a line search

    A step goes up to max_iter iterations, each calling the closure at least once. The state is all
    parameters' and is kept with the first of them. How to go on is decided on the host: inside
    `ct.jit` a step raises DeviceError; jit the closure instead.

    Args:    params: tensors, one group; max_eval: calls of the closure at most, max_iter * 5 // 4
             if None; tolerance_grad: end where no part of the gradient is larger; tolerance_change:
             or where weights or loss change less; line_search_fn: None or "strong_wolfe".
    Raises:  ValueError for several groups, a negative lr or an unknown line_search_fn.
    Source:  Nocedal and Wright, Numerical Optimization, algorithm 7.4.

    >>> weight = nn.Parameter(ct.tensor([3.0]))
    >>> optimizer = ct.optim.LBFGS([weight], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = ((weight - 1) ** 2).sum()
    ...     loss.backward()
    ...     return loss
    ...
    >>> _ = optimizer.step(closure)
    >>> round(weight.item(), 4)
    1.0
    """

    _not_negative = ("lr",)

    def __init__(
        self,
        params: Params,
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        if max_eval is None:
            max_eval = max_iter * 5 // 4
        super().__init__(params, options_of(locals()))

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add the one group there may be."""
        if self.param_groups:
            raise ValueError("LBFGS: there is one group with one set of options; give one list")
        super().add_param_group(param_group)

    def _check_options(self, group: dict[str, Any]) -> None:
        super()._check_options(group)
        for name in ("max_iter", "max_eval", "tolerance_grad", "tolerance_change", "history_size"):
            number(self._name, name, group[name])
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise ValueError(
                f"LBFGS: line_search_fn is {group['line_search_fn']!r}; use None or 'strong_wolfe'"
            )

    def _shape(self, name: str, param: Tensor) -> tuple[int, ...] | None:
        return None  # the state is all parameters'

    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override]
        """Move all parameters.

        Args:    closure: computes the loss, gradients included; called several times.
        Returns: what the closure returned first.
        """
        with no_grad():
            return _Step(self, closure).taken()


class _Step:
    """One step: the options, the state that it goes on from, and what it knows on its way."""

    def __init__(self, optimizer: LBFGS, closure: Callable[[], Any]) -> None:
        (group,) = optimizer.param_groups
        self.options = numbers_of(group)
        self.closure = closure
        self.params: list[Tensor] = group["params"]
        state: dict[str, Any] = next(entry for _, entry, _ in optimizer._entries())
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        self.state = state
        self.calls = 0

    def evaluate(self) -> Any:
        """What the closure returns; the gradients are then those of the weights of now."""
        self.calls += 1
        self.state["func_evals"] += 1
        with enable_grad():
            return self.closure()

    def taken(self) -> Any:
        """Take the step; gives what the closure returned first."""
        first = self.evaluate()
        loss, gradient = float(first), self.gradient()
        iteration = 0
        while iteration < self.options["max_iter"] and not self.is_flat(gradient):
            iteration += 1
            self.state["n_iter"] += 1
            self.turn(gradient)
            self.state["prev_flat_grad"], self.state["prev_loss"] = gradient, loss
            slope = float(gradient.dot(self.state["d"]).item())
            step = self.options["lr"]
            total = float(gradient.abs().sum().item()) if self.state["n_iter"] == 1 else 0.0
            if total > 1:
                step /= total
            self.state["t"] = step
            if slope > -self.options["tolerance_change"]:
                break
            if self.options["line_search_fn"]:
                loss, gradient = self.search(Point(0.0, loss, gradient, slope), step)
            else:
                self.move(step)
                if iteration != self.options["max_iter"]:  # nobody uses that gradient
                    loss, gradient = float(self.evaluate()), self.gradient()
            if iteration == self.options["max_iter"] or self.is_done(loss):
                break
        return first

    def is_flat(self, gradient: Tensor) -> bool:
        return float(gradient.abs().max().item()) <= self.options["tolerance_grad"]

    def is_done(self, loss: float) -> bool:
        """Whether the calls are used up, or nothing changes any longer."""
        least = self.options["tolerance_change"]
        if self.calls >= self.options["max_eval"]:
            return True
        way = float(self.state["d"].abs().max().item()) * abs(self.state["t"])
        return way <= least or abs(loss - self.state["prev_loss"]) < least

    def turn(self, gradient: Tensor) -> None:
        """Set the direction: minus the gradient, times what is known of the inverse Hessian."""
        state = self.state
        if state["n_iter"] == 1:
            state["d"], state["H_diag"] = -gradient, 1
            state["old_dirs"], state["old_stps"], state["ro"] = [], [], []
            return
        changes, steps, ro = state["old_dirs"], state["old_stps"], state["ro"]
        change = (gradient - state["prev_flat_grad"]).realize()
        step = (state["d"] * state["t"]).realize()
        product = change.dot(step)
        if product.item() > 1e-10:
            if len(changes) == self.options["history_size"]:
                for kept in (changes, steps, ro):
                    kept.pop(0)
            changes.append(change)
            steps.append(step)
            ro.append((1.0 / product).realize())
            state["H_diag"] = (product / change.dot(change)).realize()
        # Computed at every turn, so that all turns are the same two kernels.
        direction = -gradient
        # PyTorch has them among the state, too.
        shares: list[Any] = [None] * max(len(changes), self.options["history_size"])
        state["al"] = shares
        for i in reversed(range(len(changes))):
            shares[i] = (steps[i].dot(direction) * ro[i]).realize()
            direction = (direction - changes[i] * shares[i]).realize()
        direction = (direction * state["H_diag"]).realize()
        for i in range(len(changes)):
            share = (changes[i].dot(direction) * ro[i]).realize()
            direction = (direction + steps[i] * (shares[i] - share)).realize()
        state["d"] = direction

    def search(self, start: Point, step: float) -> tuple[float, Tensor]:
        """Go along the direction to where the strong Wolfe conditions hold; loss and gradient
        there."""
        places = [param.detach().clone() for param in self.params]

        def at(t: float) -> Point:
            self.move(t)
            loss, gradient = float(self.evaluate()), self.gradient()
            for param, place in zip(self.params, places, strict=True):
                param.detach().copy_(place)
            return Point(t, loss, gradient, float(gradient.dot(self.state["d"]).item()))

        longest = float(self.state["d"].abs().max().item())
        smallest = self.options["tolerance_change"] / longest if longest else float("inf")
        rounds = self.options["max_eval"] - self.calls
        found, _ = strong_wolfe(at, start, step, rounds, smallest)
        self.state["t"] = found.at
        self.move(found.at)
        return found.value, found.gradient

    def gradient(self) -> Tensor:
        """The gradients of all parameters in a row, complex ones as their parts."""
        parts = []
        for param in self.params:
            gradient = param.grad
            if gradient is None:
                gradient = zeros(param.shape, dtype=param.dtype, device=param.device)
            parts.append(_real(gradient.detach()).reshape(-1))
        return concatenate(parts).clone().realize()

    def move(self, step: float) -> None:
        """Move the parameters along the direction."""
        first = 0
        for param in self.params:
            target = _real(param.detach())
            size = prod(target.shape)
            part = self.state["d"][first : first + size].reshape(target.shape)
            target.copy_(target + part * step)
            first += size


def _real(x: Tensor) -> Tensor:
    return view_as_real(x) if x.dtype.kind == "c" else x
