"""The orders in which deterministic results are summed, on the host, for tests to compare bits."""

from fractions import Fraction

import numpy as np


def leaves(n, most):
    """The beginnings and ends of the leaves of a tree over n elements."""
    depth = 0
    while n > most << depth:
        depth += 1
    return [(i * n >> depth, (i + 1) * n >> depth) for i in range(1 << depth)]


def tree(parts, merge):
    """What neighbours are merged to, and so on."""
    while len(parts) > 1:
        parts = [merge(parts[i], parts[i + 1]) for i in range(0, len(parts), 2)]
    return parts[0]


def nearest(exact):
    """The float32 nearest to a fraction, of two as near the even one."""
    guess = np.float32(float(exact))
    near = [np.nextafter(guess, np.float32(way)) for way in (-np.inf, np.inf)]
    return min(
        [guess, *near], key=lambda x: (abs(Fraction(float(x)) - exact), x.view(np.int32) & 1)
    )


def fma(a, b, c):
    """a * b + c of float32s, rounded once."""
    if not all(np.isfinite([a, b, c])):
        return np.float32(a * b + c)
    return nearest(Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c)))


def chain(a, b):
    """The leaf of a product."""
    total = np.float32(0)
    for x, y in zip(a, b, strict=True):
        total = fma(x, y, total)
    return total


def dot(a, b, leaf=16):
    """A result of a product of matrices."""
    parts = [chain(a[i:j], b[i:j]) for i, j in leaves(len(a), leaf)]
    return tree(parts, lambda x, y: np.float32(x + y))


def sparse(rows, places, count):
    """The sums of rows (n, ...) at places: trees over all rows, without those of other places."""
    merge = lambda x, y: y if x is None else x if y is None else x + y  # noqa: E731
    found = np.zeros((count, *rows.shape[1:]), rows.dtype)
    for place in set(places):
        own = [rows[i] if i < j and places[i] == place else None for i, j in leaves(len(rows), 1)]
        found[place] = tree(own, merge) + np.float32(0)
    return found


def parted(gradients, batch, ranks):
    """What so many ranks with equal parts of a batch, which is arrays, get for gradients of it."""
    parts = zip(*[np.split(x, ranks) for x in batch], strict=True)
    return [tree(list(each), np.add) for each in zip(*map(gradients, parts), strict=True)]


def same_bits(found, wanted):
    """Whether lists of arrays are the same, bit for bit."""
    pairs = zip(found, wanted, strict=True)
    return all(x.shape == y.shape and x.tobytes() == y.tobytes() for x, y in pairs)


def fold(x, merge, start, lanes, leaf):
    """x (n, ...) reduced over its first axis."""
    parts = []
    for begin, end in leaves(len(x), leaf):
        if not lanes:
            total = np.full(x.shape[1:], start, x.dtype)
            for each in x[begin:end]:
                total = merge(total, each)
            parts.append(total)
            continue
        rows = x[begin:end]
        spare = np.full((-len(rows) % lanes, *x.shape[1:]), start, x.dtype)
        total = np.full((lanes, *x.shape[1:]), start, x.dtype)
        for each in np.concatenate([rows, spare]).reshape(-1, lanes, *x.shape[1:]):
            total = merge(total, each)
        parts.append(tree(list(total), merge))
    return tree(parts, merge)
