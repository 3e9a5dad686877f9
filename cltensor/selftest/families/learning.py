"""Steps of optimizers beside their rules in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import cltensor as ct
from cltensor import nn, optim
from cltensor.selftest.checks import Family, near, numbers

OPTIMIZERS = Family("optimizers")
#: A rule: the new parameter, from the old one, its gradient, the step's number and the state.
Rule = Callable[[np.ndarray, np.ndarray, int, dict[str, Any]], np.ndarray]


def _mean(state: dict[str, Any], name: str, new: np.ndarray, beta: float) -> np.ndarray:
    state[name] = beta * state.get(name, 0.0) + (1 - beta) * new
    return state[name]


def _sgd(p: np.ndarray, g: np.ndarray, t: int, s: dict[str, Any]) -> np.ndarray:
    g = g + 0.01 * p
    s["m"] = 0.9 * s["m"] + g if t > 1 else g
    return p - 0.1 * (g + 0.9 * s["m"])


def _adam(p: np.ndarray, g: np.ndarray, t: int, s: dict[str, Any]) -> np.ndarray:
    m = _mean(s, "m", g, 0.9) / (1 - 0.9**t)
    v = _mean(s, "v", g * g, 0.999) / (1 - 0.999**t)
    return p - 0.05 * m / (np.sqrt(v) + 1e-8)


def _adamw(p: np.ndarray, g: np.ndarray, t: int, s: dict[str, Any]) -> np.ndarray:
    return _adam(p * (1 - 0.05 * 0.2), g, t, s)


def _rmsprop(p: np.ndarray, g: np.ndarray, t: int, s: dict[str, Any]) -> np.ndarray:
    return p - 0.02 * g / (np.sqrt(_mean(s, "v", g * g, 0.99)) + 1e-8)


def _adagrad(p: np.ndarray, g: np.ndarray, t: int, s: dict[str, Any]) -> np.ndarray:
    s["v"] = s.get("v", 0.0) + g * g
    return p - 0.1 * g / (np.sqrt(s["v"]) + 1e-10)


def _lion(p: np.ndarray, g: np.ndarray, t: int, s: dict[str, Any]) -> np.ndarray:
    way = np.sign(0.9 * s.get("m", 0.0) + 0.1 * g)
    _mean(s, "m", g, 0.99)
    return p - 0.01 * way


_RULES: dict[str, tuple[Rule, dict[str, Any]]] = {
    "SGD": (_sgd, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01, "nesterov": True}),
    "Adam": (_adam, {"lr": 0.05}),
    "AdamW": (_adamw, {"lr": 0.05, "weight_decay": 0.2}),
    "RMSprop": (_rmsprop, {"lr": 0.02}),
    "Adagrad": (_adagrad, {"lr": 0.1}),
    "Lion": (_lion, {"lr": 0.01}),
}


@OPTIMIZERS.each(*_RULES)
def steps(name: str) -> None:
    rule, options = _RULES[name]
    shapes = ((3, 4), (5,), (), (33, 17))
    starts = [numbers(*shape) for shape in shapes]
    params = [nn.Parameter(ct.tensor(x)) for x in starts]
    optimizer = getattr(optim, name)(params, **options)
    wanted = [x.astype("float64") for x in starts]
    states: list[dict[str, Any]] = [{} for _ in shapes]
    for t in range(1, 6):
        for i, (param, shape) in enumerate(zip(params, shapes, strict=True)):
            g = numbers(*shape, seed=t)
            param.grad = ct.tensor(g)
            wanted[i] = rule(wanted[i], g.astype("float64"), t, states[i])
        optimizer.step()
    for param, want in zip(params, wanted, strict=True):
        near(param.detach(), want, 2e-5, "float32")


@OPTIMIZERS.check()
def norms_are_clipped() -> None:
    shapes = ((3, 4), (50,))
    params = [nn.Parameter(ct.zeros(*shape)) for shape in shapes]
    grads = [numbers(*shape) for shape in shapes]
    for param, g in zip(params, grads, strict=True):
        param.grad = ct.tensor(g)
    total = np.sqrt(sum(float((g.astype("float64") ** 2).sum()) for g in grads))
    near(nn.utils.clip_grad_norm_(params, 1.0), total, 1e-5, "float32")
    for param, g in zip(params, grads, strict=True):
        near(param.grad, g / total, 1e-5, "float32")
