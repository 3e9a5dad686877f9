"""RNN, GRU and LSTM, a step after the other, with ONNX's order of gates and its activations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cltensor.nn import functional as F
from cltensor.nn.recurrence import recurrence
from cltensor.onnx.functions import main as ct
from cltensor.onnx.table import operator

#: Activations, by their names in small letters, with their alpha and beta and what these are.
_ACTIVATIONS: dict[str, tuple[Callable[..., Any], float, float]] = {
    "affine": (lambda x, a, b: a * x + b, 1.0, 0.0),
    "elu": (lambda x, a, b: F.elu(x, a), 1.0, 0.0),
    "hardsigmoid": (lambda x, a, b: ct.clamp(a * x + b, 0, 1), 0.2, 0.5),
    "leakyrelu": (lambda x, a, b: F.leaky_relu(x, a), 0.01, 0.0),
    "relu": (lambda x, a, b: ct.relu(x), 0.0, 0.0),
    "scaledtanh": (lambda x, a, b: a * ct.tanh(b * x), 1.0, 1.0),
    "sigmoid": (lambda x, a, b: ct.sigmoid(x), 0.0, 0.0),
    "softplus": (lambda x, a, b: ct.softplus(x), 0.0, 0.0),
    "softsign": (lambda x, a, b: x / (1 + ct.abs(x)), 0.0, 0.0),
    "tanh": (lambda x, a, b: ct.tanh(x), 0.0, 0.0),
    "thresholdedrelu": (lambda x, a, b: ct.where(x > a, x, 0), 1.0, 0.0),
}


def _activations(
    names: Sequence[str], alphas: Sequence[float] | None, betas: Sequence[float] | None,
    clip: float | None,
) -> list[Callable[[Any], Any]]:  # fmt: skip
    """The functions; alphas and betas are for those that take them, in their order."""
    alpha, beta = iter(alphas or ()), iter(betas or ())
    found: list[Callable[[Any], Any]] = []
    for name in names:
        if name.lower() not in _ACTIVATIONS:
            raise ValueError(f"an activation {name!r}")
        function, a, b = _ACTIVATIONS[name.lower()]
        takes_alpha = name.lower() in (
            "affine", "elu", "hardsigmoid", "leakyrelu", "scaledtanh", "thresholdedrelu",
        )  # fmt: skip
        a = next(alpha, a) if takes_alpha else a
        b = next(beta, b) if name.lower() in ("affine", "hardsigmoid", "scaledtanh") else b

        def call(x: Any, function: Any = function, a: float = a, b: float = b) -> Any:
            return function(x if clip is None else ct.clamp(x, -clip, clip), a, b)

        found.append(call)
    return found


class _Layer:
    """What the three share: directions, lengths, the order of axes, and the loop."""

    def __init__(
        self, x: Any, w: Any, r: Any, bias: Any, lengths: Any, states: list[Any], direction: str,
        layout: int, activations: list[str], alphas: Any, betas: Any, clip: float | None,
    ) -> None:  # fmt: skip
        if direction not in ("forward", "reverse", "bidirectional"):
            raise ValueError(f"direction is {direction!r}")
        self.x = ct.swapaxes(x, 0, 1) if layout else x
        self.w, self.r, self.bias, self.lengths, self.layout = w, r, bias, lengths, layout
        self.directions = w.shape[0]
        self.size = r.shape[-1]
        shape = (self.directions, self.x.shape[1], self.size)
        self.states = [
            ct.zeros(shape, dtype=x.dtype, device=x.device)
            if s is None
            else (ct.swapaxes(s, 0, 1) if layout else s)
            for s in states
        ]
        each = len(activations) // self.directions
        functions = _activations(activations, alphas, betas, clip)
        self.functions = [functions[i * each : i * each + each] for i in range(self.directions)]
        self.backward = [direction == "reverse", True]

    def biases(self, at: int) -> tuple[Any, Any]:
        """Those of the input and of the state, zero where there are none."""
        if self.bias is None:
            return 0, 0
        half = self.bias.shape[1] // 2
        return self.bias[at, :half], self.bias[at, half:]

    def fused(self, cell: str, order: Sequence[int]) -> tuple[Any, ...]:
        """The same by the kernels of the library's own layers, whose gates are in `order`."""
        steps, batch = self.x.shape[:2]
        rows, n = ct.reshape(self.x, (steps * batch, self.x.shape[2])), self.size

        def ordered(t: Any) -> Any:
            parts = [t[k * n : (k + 1) * n] for k in order]
            return ct.cat(parts, 0) if len(parts) > 1 else t

        outputs, finals = [], []
        for at in range(self.directions):
            wb, rb = self.biases(at) if self.bias is not None else (None, None)
            if wb is not None and cell != "gru":  # whose reset gate scales the second alone
                wb, rb = wb + rb, None
            states = [s[at] for s in self.states]
            found = recurrence(
                cell, rows, states[0], states[1] if cell == "lstm" else None, ordered(self.r[at]),
                None, None if rb is None else ordered(rb), [batch] * steps, self.backward[at],
                ordered(self.w[at]), None if wb is None else ordered(wb),
            )  # fmt: skip
            outputs.append(ct.reshape(found[0], (steps, batch, n)))
            finals.append(list(found[1 : 1 + len(states)]))
        return self._given(outputs, finals)

    def is_plain(self, names: Sequence[str], wanted: Sequence[str], clip: Any) -> bool:
        """Whether the library's own layers compute it: nothing but their activations."""
        plain = [name.lower() for name in names] == [*wanted] * self.directions
        return plain and clip is None and self.lengths is None and 0 not in self.x.shape

    def run(self, cell: Callable[..., Any]) -> tuple[Any, ...]:
        """All outputs and the last states of cell(direction, x, states), which gives states."""
        steps = self.x.shape[0]
        outputs, finals = [], []
        for at in range(self.directions):
            states = [s[at] for s in self.states]
            order = range(steps)
            found: list[Any] = [None] * steps
            for t in reversed(order) if self.backward[at] else order:
                new = cell(at, self.x[t], states)
                if self.lengths is None:
                    states, out = new, new[0]
                else:  # beyond its end a sequence keeps its states, and gives zeros
                    inside = ct.unsqueeze(self.lengths > t, 1)
                    states = [ct.where(inside, n, s) for n, s in zip(new, states, strict=True)]
                    out = ct.where(inside, new[0], 0)
                found[t] = out
            outputs.append(ct.stack(found))
            finals.append(states)
        return self._given(outputs, finals)

    def _given(self, outputs: list[Any], finals: list[list[Any]]) -> tuple[Any, ...]:
        """The results of all directions as ONNX has them."""
        y = ct.stack(outputs, 1)  # step, direction, batch, size
        last = [ct.stack([s[i] for s in finals]) for i in range(len(self.states))]
        if self.layout:
            y, last = ct.permute(y, (2, 0, 1, 3)), [ct.swapaxes(s, 0, 1) for s in last]
        return y, *last


@operator("RNN", since=7)
def _rnn(x, w, r, b=None, lengths=None, initial_h=None, *,
         activation_alpha: list[float] | None = None,
         activation_beta: list[float] | None = None, activations: list[str] | None = None,
         clip: float | None = None, direction: str = "forward", hidden_size: int | None = None,
         layout: int = 0):  # fmt: skip
    names = activations or ["Tanh"] * w.shape[0]
    layer = _Layer(x, w, r, b, lengths, [initial_h], direction, layout, names[: w.shape[0]],
                   activation_alpha, activation_beta, clip)  # fmt: skip

    kind = names[0].lower()
    if kind in ("tanh", "relu") and layer.is_plain(names[: w.shape[0]], [kind], clip):
        return layer.fused(kind, (0,))

    def cell(at: int, x: Any, states: list[Any]) -> list[Any]:
        wb, rb = layer.biases(at)
        (f,) = layer.functions[at]
        return [f(ct.matmul(x, w[at].T) + ct.matmul(states[0], r[at].T) + wb + rb)]

    return layer.run(cell)


@operator("GRU", since=7)
def _gru(x, w, r, b=None, lengths=None, initial_h=None, *,
         activation_alpha: list[float] | None = None,
         activation_beta: list[float] | None = None, activations: list[str] | None = None,
         clip: float | None = None, direction: str = "forward", hidden_size: int | None = None,
         layout: int = 0, linear_before_reset: bool = False):  # fmt: skip
    names = activations or ["Sigmoid", "Tanh"] * w.shape[0]
    layer = _Layer(x, w, r, b, lengths, [initial_h], direction, layout, names, activation_alpha,
                   activation_beta, clip)  # fmt: skip
    n = layer.size
    if linear_before_reset and layer.is_plain(names, ["sigmoid", "tanh"], clip):
        return layer.fused("gru", (1, 0, 2))

    def cell(at: int, x: Any, states: list[Any]) -> list[Any]:
        (h,), (wb, rb) = states, layer.biases(at)
        f, g = layer.functions[at]
        from_x = ct.matmul(x, w[at].T) + wb
        rows, hidden = r[at], rb if layer.bias is None else rb[2 * n :]
        gates = rb if layer.bias is None else rb[: 2 * n]
        both = f(from_x[:, : 2 * n] + ct.matmul(h, rows[: 2 * n].T) + gates)
        update, reset = both[:, :n], both[:, n:]
        if linear_before_reset:
            inner = reset * (ct.matmul(h, rows[2 * n :].T) + hidden)
        else:
            inner = ct.matmul(reset * h, rows[2 * n :].T) + hidden
        new = g(from_x[:, 2 * n :] + inner)
        return [(1 - update) * new + update * h]

    return layer.run(cell)


@operator("LSTM", since=7)
def _lstm(x, w, r, b=None, lengths=None, initial_h=None, initial_c=None, p=None, *,
          activation_alpha: list[float] | None = None, activation_beta: list[float] | None = None,
          activations: list[str] | None = None, clip: float | None = None,
          direction: str = "forward", hidden_size: int | None = None, input_forget: bool = False,
          layout: int = 0):  # fmt: skip
    names = activations or ["Sigmoid", "Tanh", "Tanh"] * w.shape[0]
    layer = _Layer(x, w, r, b, lengths, [initial_h, initial_c], direction, layout, names,
                   activation_alpha, activation_beta, clip)  # fmt: skip
    n = layer.size
    plain = p is None and not input_forget
    if plain and layer.is_plain(names, ["sigmoid", "tanh", "tanh"], clip):
        return layer.fused("lstm", (0, 2, 3, 1))

    def cell(at: int, x: Any, states: list[Any]) -> list[Any]:
        (hidden, state), (wb, rb) = states, layer.biases(at)
        f, g, h = layer.functions[at]
        gates = ct.matmul(x, w[at].T) + ct.matmul(hidden, r[at].T) + wb + rb
        i, o, e, c = (gates[:, k * n : (k + 1) * n] for k in range(4))
        if p is not None:  # the gates look at the state
            i, e = i + p[at, :n] * state, e + p[at, 2 * n :] * state
        i = f(i)
        forget = 1 - i if input_forget else f(e)
        new = forget * state + i * g(c)
        o = f(o if p is None else o + p[at, n : 2 * n] * new)
        return [o * h(new), new]

    return layer.run(cell)
