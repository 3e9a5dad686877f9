"""One step of a recurrent layer, for loops of one's own."""

from __future__ import annotations

import math
from typing import Any

from cltensor.core.checks import whole
from cltensor.errors import ShapeError
from cltensor.nn import init
from cltensor.nn.module import Module
from cltensor.nn.parameter import Parameter
from cltensor.nn.recurrence import GATES, recurrence
from cltensor.ops.elementwise.cast import full
from cltensor.ops.shape.view import squeeze, unsqueeze


def biases_of(cell: str, b_ih: Any, b_hh: Any) -> tuple[Any, Any]:
    """The bias that goes with the inputs of a cell, and the one that its loop is to add."""
    if b_ih is None or cell == "gru":  # whose reset gate scales the recurrent part, bias included
        return b_ih, b_hh
    if b_ih.shape != b_hh.shape:
        raise ShapeError(
            f"recurrent: bias_ih has shape {tuple(b_ih.shape)} and bias_hh {tuple(b_hh.shape)}; "
            "both have an element for each gate of each unit"
        )
    return b_ih + b_hh, None


class RNNCellBase(Module):
    """What the cells share.

    State:   weight_ih (G H, I), weight_hh (G H, H), bias_ih and bias_hh (G H,), all of which start
             uniform in +-1/sqrt(H), for the G gates of H units of I inputs.

    >>> isinstance(nn.GRUCell(2, 3), nn.RNNCellBase)
    True
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        kind = type(self).__name__
        self.input_size = whole(kind, "input_size", input_size)
        self.hidden_size = whole(kind, "hidden_size", hidden_size)
        self.bias = bias
        rows = num_chunks * self.hidden_size
        shapes: dict[str, tuple[int, ...] | None] = {
            "weight_ih": (rows, self.input_size),
            "weight_hh": (rows, self.hidden_size),
            "bias_ih": (rows,) if bias else None,
            "bias_hh": (rows,) if bias else None,
        }
        for name, shape in shapes.items():
            made = None if shape is None else Parameter(init.empty(shape, dtype, device))
            self.register_parameter(name, made)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial weights."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        """See Module."""
        text = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            text += f", nonlinearity={self.nonlinearity}"
        return text

    def _step(self, cell: str, x: Any, states: tuple[Any, ...] | None) -> tuple[Any, ...]:
        """The next states: one for each of `states`; zeros stand for None."""
        kind, several = type(self).__name__, 2 if cell == "lstm" else 1
        if x.ndim not in (1, 2) or x.shape[-1] != self.input_size:
            raise ShapeError(
                f"{kind}: input has shape {tuple(x.shape)}; give ({self.input_size},) or (N, "
                f"{self.input_size})"
            )
        wanted = (*x.shape[:-1], self.hidden_size)
        if states is None:
            states = (full(wanted, 0, x.dtype, x.device),) * several
        for state in states:
            if tuple(state.shape) != wanted:
                raise ShapeError(
                    f"{kind}: a state has shape {tuple(state.shape)}; for input of shape "
                    f"{tuple(x.shape)} give {wanted}"
                )
        if x.ndim == 1:
            found = self._step(cell, unsqueeze(x, 0), tuple([unsqueeze(s, 0) for s in states]))
            return tuple([squeeze(s, 0) for s in found])
        of_input, bias = biases_of(cell, self.bias_ih, self.bias_hh)
        h, c = states if cell == "lstm" else (states[0], None)
        out, _, c = recurrence(
            cell, x, h, c, self.weight_hh, None, bias, x.shape[:1], False, self.weight_ih, of_input
        )
        return (out, c) if cell == "lstm" else (out,)


class RNNCell(RNNCellBase):
    """h' = tanh(weight_ih x + bias_ih + weight_hh h + bias_hh).

    Args:    input_size, hidden_size: I and H; nonlinearity: "tanh" or "relu".
    State:   see RNNCellBase, of 1 gate.

    >>> nn.RNNCell(3, 5)(ct.ones(2, 3)).shape
    Size([2, 5])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Any, hx: Any = None) -> Any:
        """(N, I) or (I,), (N, H) or (H,) -> (N, H) or (H,)."""
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(
                f"RNNCell: nonlinearity is {self.nonlinearity!r}; it is 'tanh' or 'relu'"
            )
        return self._step(self.nonlinearity, input, None if hx is None else (hx,))[0]


class LSTMCell(RNNCellBase):
    """A step of an LSTM.

        i, f, g, o = the quarters of weight_ih x + bias_ih + weight_hh h + bias_hh
        c' = sigmoid(f) * c + sigmoid(i) * tanh(g);  h' = sigmoid(o) * tanh(c')

    Args:    input_size, hidden_size: I and H.
    State:   see RNNCellBase, of 4 gates.
    Source:  Hochreiter and Schmidhuber 1997, with forget gates.

    >>> h, c = nn.LSTMCell(3, 5)(ct.ones(2, 3))
    >>> h.shape
    Size([2, 5])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, GATES["lstm"], device, dtype)

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """(N, I) or (I,), a pair (h, c) of (N, H) or (H,) -> the next pair."""
        h, c = self._step("lstm", input, None if hx is None else tuple(hx))
        return h, c


class GRUCell(RNNCellBase):
    """A step of a GRU.

        r, z, n = the thirds of weight_ih x + bias_ih; R, Z, N = those of weight_hh h + bias_hh
        n = tanh(n + sigmoid(r + R) * N);  h' = n + sigmoid(z + Z) * (h - n)

    Args:    input_size, hidden_size: I and H.
    State:   see RNNCellBase, of 3 gates.
    Source:  Cho et al. 2014.

    >>> nn.GRUCell(3, 5)(ct.ones(2, 3)).shape
    Size([2, 5])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, GATES["gru"], device, dtype)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """(N, I) or (I,), (N, H) or (H,) -> (N, H) or (H,)."""
        return self._step("gru", input, None if hx is None else (hx,))[0]
