"""Recurrent layers beside their cells in NumPy, and their gradients beside differences."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

import cltensor as ct
from cltensor import nn
from cltensor.selftest.checks import Family, near, numbers, true
from cltensor.selftest.references import gru, lstm, rnn

RECURRENT = Family("recurrent layers")
_NAMES = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")


class _Array(np.ndarray):
    """An array that the cells' steps take for a parameter."""

    def detach(self) -> np.ndarray:
        return np.asarray(self)


def _outputs(kind: str, weights: Sequence[np.ndarray], x: np.ndarray, size: int) -> np.ndarray:
    """The states of all steps, in float64."""
    named = dict(zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), weights, strict=True))
    parts = {name: w.astype("float64").view(_Array) for name, w in named.items()}
    cell = SimpleNamespace(**parts, bias=True, nonlinearity="tanh")
    h = c = np.zeros((x.shape[1], size))
    found = []
    for step in x.astype("float64"):
        if kind == "LSTM":
            h, c = lstm(cell, step, h, c)
        else:
            h = (gru if kind == "GRU" else rnn)(cell, step, h)
        found.append(h)
    return np.stack(found)


@RECURRENT.each(*[(kind, sizes) for kind in ("RNN", "GRU", "LSTM")
                  for sizes in ((1, 1, 1, 1), (7, 3, 5, 8), (5, 9, 33, 17))])  # fmt: skip
def outputs_and_gradients(kind: str, sizes: tuple[int, int, int, int]) -> None:
    steps, batch, inputs, size = sizes
    layer: Any = getattr(nn, kind)(inputs, size)
    weights = [getattr(layer, name).detach().numpy() for name in _NAMES]
    x, g = numbers(steps, batch, inputs), numbers(steps, batch, size, seed=1)
    out, _ = layer(ct.tensor(x))
    near(out.detach(), _outputs(kind, weights, x, size), 1e-5, "float32")
    (out * ct.tensor(g)).sum().backward()
    # Along one direction in all parameters of a name, the change is that which the gradient says.
    for i, name in enumerate(_NAMES):
        way = numbers(*weights[i].shape, seed=2).astype("float64")
        ends = []
        for sign in (1, -1):
            moved = [w.astype("float64") + (sign * 1e-6 * way if i == j else 0)
                     for j, w in enumerate(weights)]  # fmt: skip
            ends.append((_outputs(kind, moved, x, size) * g).sum())
        slope = (ends[0] - ends[1]) / 2e-6
        grad = getattr(layer, name).grad.numpy().astype("float64")
        got, scale = float((grad * way).sum()), float(np.abs(grad * way).sum()) + 1e-3
        true(abs(got - slope) < 1e-4 * scale, f"{name}: the slope is {got}, by differences {slope}")


@RECURRENT.check()
def two_layers_both_ways() -> None:
    layer = nn.GRU(3, 5, num_layers=2, bidirectional=True)
    x = numbers(4, 2, 3)
    out, last = layer(ct.tensor(x))
    line = x
    for depth in range(2):
        found = []
        for suffix, order in ((f"l{depth}", 1), (f"l{depth}_reverse", -1)):
            weights = [
                getattr(layer, f"{name}_{suffix}").detach().numpy()
                for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            ]
            found.append(_outputs("GRU", weights, line[::order], 5)[::order])
        line = np.concatenate(found, -1)
    near(out.detach(), line, 1e-5, "float32")
    near(last[-1].detach(), line[0, :, 5:], 1e-5, "float32")
