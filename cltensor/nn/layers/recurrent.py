"""Recurrent layers over whole sequences."""

from __future__ import annotations

import math
import warnings
from functools import lru_cache
from itertools import accumulate
from typing import Any

import numpy as np

from cltensor.core.casting import casting
from cltensor.core.checks import number
from cltensor.errors import ShapeError
from cltensor.nn import functional as F
from cltensor.nn import init
from cltensor.nn.layers.recurrent_cells import biases_of
from cltensor.nn.module import Module
from cltensor.nn.parameter import Parameter
from cltensor.nn.recurrence import GATES, recurrence
from cltensor.nn.utils.rnn import PackedSequence
from cltensor.ops.elementwise.cast import full
from cltensor.ops.index.pick import index_select
from cltensor.ops.shape.join import concat, stack
from cltensor.ops.shape.view import reshape, swapaxes, unsqueeze

#: The cell that each mode stands for.
_CELLS = {"LSTM": "lstm", "GRU": "gru", "RNN_TANH": "tanh", "RNN_RELU": "relu"}


@lru_cache(maxsize=256)
def _backwards(sizes: tuple[int, ...]) -> np.ndarray:
    """For each row of packed sequences that of the same sequence, counted from its end."""
    starts = [0, *accumulate(sizes)]
    lengths = (np.asarray(sizes) > np.arange(sizes[0])[:, None]).sum(1)
    found = np.empty(starts[-1], np.int64)
    for t, rows in enumerate(sizes):
        which = np.arange(rows)
        found[starts[t] : starts[t + 1]] = np.asarray(starts)[lengths[:rows] - 1 - t] + which
    return found


def _is_flag(name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise TypeError(f"{name} should be of type bool, got: {type(value).__name__}")


def _is_size(name: str, value: Any) -> None:
    if not isinstance(value, int):
        raise TypeError(f"{name} should be of type int, got: {type(value).__name__}")
    if value <= 0:
        raise ValueError(f"{name} must be greater than zero, got {value}")


class RNNBase(Module):
    """What the recurrent layers share: sequences go through num_layers layers, each of which also
    goes backwards where bidirectional, joining both outputs.

    Args:    mode: "LSTM", "GRU", "RNN_TANH" or "RNN_RELU"; input_size: I; hidden_size: H;
             batch_first: sequences are (N, T, I); dropout: probability of a zero between layers
             while training; proj_size: P, to which an LSTM maps its H outputs, 0 for none.
    State:   for each layer k, and with _reverse at the end where bidirectional: weight_ih_lk
             (G H, I, later D P), weight_hh_lk (G H, P), bias_ih_lk and bias_hh_lk (G H,), with a
             projection weight_hr_lk (P, H). All start uniform in +-1/sqrt(H). G is 4, 3, or 1.

    >>> isinstance(nn.LSTM(2, 3), nn.RNNBase)
    True
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        kind = type(self).__name__
        if mode not in _CELLS:
            raise ValueError(f"{kind}: mode is {mode!r}; it is one of {', '.join(_CELLS)}")
        if isinstance(dropout, bool) or not 0 <= number(kind, "dropout", dropout) <= 1:
            raise ValueError(f"{kind}: dropout is {dropout!r}; give a probability from 0 to 1")
        _is_flag("bias", bias)
        _is_flag("batch_first", batch_first)
        for name, size in (("input_size", input_size), ("hidden_size", hidden_size)):
            _is_size(name, size)
        _is_size("num_layers", num_layers)
        if not 0 <= proj_size < hidden_size or (proj_size and mode != "LSTM"):
            raise ValueError(
                f"{kind}: proj_size is {proj_size}; it is for LSTM, and less than the hidden_size "
                f"of {hidden_size}"
            )
        if dropout > 0 and num_layers == 1:
            warnings.warn(
                f"{kind}: dropout is between layers, and there is one; give num_layers=2 or more, "
                "or dropout=0",
                stacklevel=3,
            )
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._all_weights: list[list[str]] = []
        for layer in range(num_layers):
            for suffix in ("", "_reverse") if bidirectional else ("",):
                shapes = self._shapes(layer)
                for name, shape in shapes.items():
                    made = Parameter(init.empty(shape, dtype, device))
                    self.register_parameter(f"{name}_l{layer}{suffix}", made)
                self._all_weights.append([f"{name}_l{layer}{suffix}" for name in shapes])
        self.reset_parameters()

    def _shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        """The weights of one layer in one direction."""
        rows = GATES[_CELLS[self.mode]] * self.hidden_size
        width = self.proj_size or self.hidden_size
        into = width * (1 + self.bidirectional) if layer else self.input_size
        found: dict[str, tuple[int, ...]] = {"weight_ih": (rows, into), "weight_hh": (rows, width)}
        if self.bias:
            found |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        if self.proj_size:
            found["weight_hr"] = (width, self.hidden_size)
        return found

    @property
    def all_weights(self) -> list[list[Any]]:
        """The weights of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def flatten_parameters(self) -> None:
        """Nothing: PyTorch's way of telling cuDNN where the weights are."""

    def reset_parameters(self) -> None:
        """Draw new initial weights."""
        bound = 1 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        """See Module."""
        text = f"{self.input_size}, {self.hidden_size}"
        usual = {
            "proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0,
            "bidirectional": False,
        }  # fmt: skip
        for name, value in usual.items():
            if getattr(self, name) != value:
                text += f", {name}={getattr(self, name)}"
        return text

    # -- the sequences -----------------------------------------------------------------------

    def _check(self, x: Any, states: Any, samples: int) -> None:
        """Raise ShapeError for an input or first states of the wrong size."""
        kind, count = type(self).__name__, self.num_layers * (1 + self.bidirectional)
        if x.shape[-1] != self.input_size:
            raise ShapeError(
                f"{kind}: input has shape {tuple(x.shape)}; its last size must be the layer's "
                f"input_size, {self.input_size}"
            )
        weight = getattr(self, self._all_weights[0][0])
        if x.dtype != weight.dtype and casting.dtypes is None:
            raise ValueError(
                f"{kind}: input is {x.dtype.name} and the weights {weight.dtype.name}; convert "
                f"one, for example the input with .to({weight.dtype.name!r})"
            )
        sizes = (self.proj_size or self.hidden_size, self.hidden_size)
        for k, (state, size) in enumerate(zip(states or (), sizes, strict=False)):
            wanted = (count, samples, size)
            if tuple(state.shape) != wanted:
                name = f"hx[{k}]" if self.mode == "LSTM" else "hx"
                raise ShapeError(f"{kind}: {name} has shape {tuple(state.shape)}; give {wanted}")

    def _sequences(self, x: Any, states: Any) -> tuple[Any, Any]:
        """Outputs and last states of an input in any of its forms; states are a tuple, or None."""
        kind = type(self).__name__
        if isinstance(x, PackedSequence):
            return self._packed(x, states)
        if x.ndim not in (2, 3):
            raise ShapeError(
                f"{kind}: input has shape {tuple(x.shape)}; give (T, I), or a batch of 3 dimensions"
            )
        if any(state.ndim != x.ndim for state in states or ()):
            raise ShapeError(
                f"{kind}: input of shape {tuple(x.shape)} goes with states of as many dimensions, "
                f"given {[tuple(state.shape) for state in states]}"
            )
        if x.ndim == 2:
            states = None if states is None else tuple([unsqueeze(s, 1) for s in states])
            out, last = self._sequences(unsqueeze(x, 0 if self.batch_first else 1), states)
            return out[0] if self.batch_first else out[:, 0], tuple([s[:, 0] for s in last])
        x = swapaxes(x, 0, 1) if self.batch_first else x
        steps, samples = x.shape[:2]
        self._check(x, states, samples)
        if not steps:
            raise ShapeError(f"{kind}: input has no time steps; give sequences of one or more")
        rows = reshape(x, (steps * samples, self.input_size))
        out, last = self._layers(rows, states, (samples,) * steps)
        out = reshape(out, (steps, samples, out.shape[-1]))
        return swapaxes(out, 0, 1) if self.batch_first else out, last

    def _packed(self, x: PackedSequence, states: Any) -> tuple[Any, Any]:
        """The same for packed sequences, the states being in the order of the sequences given."""
        if x.data.ndim != 2:
            raise ShapeError(
                f"{type(self).__name__}: the packed data have shape {tuple(x.data.shape)}; give "
                f"sequences of shape (T, {self.input_size})"
            )
        self._check(x.data, states, x.sizes[0])
        if states is not None and x.order is not None:
            states = tuple([index_select(s, 1, x.order) for s in states])
        out, last = self._layers(x.data, states, x.sizes)
        if x.order is not None:
            last = tuple([index_select(s, 1, np.argsort(x.order)) for s in last])
        return x.with_data(out), last

    def _layers(self, rows: Any, states: Any, sizes: tuple[int, ...]) -> tuple[Any, Any]:
        """The outputs (N, D P) of the last layer, and the last states (L D, B, ...)."""
        width, samples = self.proj_size or self.hidden_size, sizes[0]
        directions, lasts = 1 + self.bidirectional, []
        if states is None:
            widths = (width, self.hidden_size)[: 2 if self.mode == "LSTM" else 1]
            zeros = [full((samples, n), 0, rows.dtype, rows.device) for n in widths]
            count = self.num_layers * directions
            states = [[zero] * count for zero in zeros]
        for layer in range(self.num_layers):
            if layer and self.dropout:
                rows = F.dropout(rows, self.dropout, self.training)
            found = []
            for k in range(layer * directions, (layer + 1) * directions):
                first = [state[k] for state in states]
                out, *last = self._one_way(rows, first, sizes, k)
                found.append(out)
                lasts.append(last)
            rows = found[0] if len(found) == 1 else concat(found, -1)
        return rows, tuple([stack(each) for each in zip(*lasts, strict=True)])

    def _one_way(self, x: Any, states: Any, sizes: tuple[int, ...], k: int) -> tuple[Any, ...]:
        """Outputs and last states of a layer in one direction, the k-th."""
        cell, weights = _CELLS[self.mode], dict(zip(self._shapes(0), self._weights(k), strict=True))
        reverse = k % 2 == 1 and self.bidirectional
        ragged = sizes[0] != sizes[-1]
        if reverse and ragged:
            x = index_select(x, 0, _backwards(sizes))
        biases = weights.get("bias_ih"), weights.get("bias_hh")
        of_input, bias = biases_of(cell, *biases)
        h, c = states if cell == "lstm" else (states[0], None)
        out, last, c = recurrence(
            cell, x, h, c, weights["weight_hh"], weights.get("weight_hr"), bias, sizes,
            reverse and not ragged, weights["weight_ih"], of_input,
        )  # fmt: skip
        if reverse and ragged:
            out = index_select(out, 0, _backwards(sizes))
        return (out, last) if c is None else (out, last, c)

    def _weights(self, k: int) -> list[Any]:
        return [getattr(self, name) for name in self._all_weights[k]]


class RNN(RNNBase):
    """The plain recurrent layer: h' = tanh(weight_ih x + bias_ih + weight_hh h + bias_hh).

    Args:    nonlinearity: "tanh" or "relu"; others see RNNBase.
    Source:  Elman 1990.

    >>> out, h = nn.RNN(3, 5, batch_first=True)(ct.ones(2, 7, 3))
    >>> out.shape, h.shape
    (Size([2, 7, 5]), Size([1, 2, 5]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"RNN: nonlinearity is {nonlinearity!r}; it is 'tanh' or 'relu'")
        super().__init__(
            f"RNN_{nonlinearity.upper()}", input_size, hidden_size, num_layers, bias, batch_first,
            dropout, bidirectional, proj_size, device, dtype,
        )  # fmt: skip
        self.nonlinearity = nonlinearity

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """(T, N, I), (N, T, I) where batch_first, (T, I) or a PackedSequence, and first states
        (L D, N, H) or (L D, H), zeros without -> (outputs alike, of size D H; last states)."""
        out, last = self._sequences(input, None if hx is None else (hx,))
        return out, last[0]


class GRU(RNNBase):
    """Layers of gated recurrent units; `GRUCell` has the formula.

    Args:    see RNNBase.
    Source:  Cho et al. 2014.

    >>> out, h = nn.GRU(3, 5, batch_first=True)(ct.ones(2, 7, 3))
    >>> out.shape, h.shape
    (Size([2, 7, 5]), Size([1, 2, 5]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            "GRU", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            proj_size, device, dtype,
        )  # fmt: skip

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """(T, N, I), (N, T, I) where batch_first, (T, I) or a PackedSequence, and first states
        (L D, N, H) or (L D, H), zeros without -> (outputs alike, of size D H; last states)."""
        out, last = self._sequences(input, None if hx is None else (hx,))
        return out, last[0]


class LSTM(RNNBase):
    """Layers of long short-term memory; `LSTMCell` has the formula, and a projection maps its
    outputs h' by weight_hr.

    Args:    see RNNBase.
    Source:  Hochreiter and Schmidhuber 1997, with forget gates.

    >>> out, (h, c) = nn.LSTM(3, 5, num_layers=2, batch_first=True)(ct.ones(2, 7, 3))
    >>> out.shape, h.shape
    (Size([2, 7, 5]), Size([2, 2, 5]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            "LSTM", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            proj_size, device, dtype,
        )  # fmt: skip

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, tuple[Any, Any]]:
        """(T, N, I), (N, T, I) where batch_first, (T, I) or a PackedSequence, and a pair of first
        states, (L D, N, P) and (L D, N, H), both without N for one sequence, zeros without them ->
        (outputs alike, of size D P; the pair of last states)."""
        out, (h, c) = self._sequences(input, None if hx is None else tuple(hx))
        return out, (h, c)
