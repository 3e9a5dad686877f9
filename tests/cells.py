"""A step of each cell of recurrent layers, in NumPy."""

import numpy as np
from layers import host


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def parts(cell, x, h, count):
    """What inputs and state give to each gate."""
    ours = x @ host(cell.weight_ih).T
    theirs = h @ host(cell.weight_hh).T
    if cell.bias:
        ours, theirs = ours + host(cell.bias_ih), theirs + host(cell.bias_hh)
    return [np.split(y.astype(np.float64), count, -1) for y in (ours, theirs)]


def lstm(cell, x, h, c):
    i, f, g, o = (a + b for a, b in zip(*parts(cell, x, h, 4), strict=True))
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru(cell, x, h):
    (r, z, n), (r2, z2, n2) = parts(cell, x, h, 3)
    n = np.tanh(n + sigmoid(r + r2) * n2)
    return n + sigmoid(z + z2) * (h - n)


def plain(cell, x, h):
    ((a,), (b,)) = parts(cell, x, h, 1)
    return np.tanh(a + b) if cell.nonlinearity == "tanh" else np.maximum(a + b, 0)
