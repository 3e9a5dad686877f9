"""Keys of x[key] drawn at random: slices, integers, new axes, ..., index arrays and masks."""

import numpy as np

import cltensor as ct


class Wrapped:
    """An array that becomes a tensor where tensors are indexed."""

    def __init__(self, array):
        self.array = array

    def __repr__(self):
        return f"tensor({self.array!r})"


def _array(rng, n, shape):
    """Index arrays of several kinds, which broadcast with `shape`."""
    sizes = tuple([1 if rng.random() < 0.3 else m for m in shape])[int(rng.random() < 0.15) :]
    found = rng.integers(-n, n, sizes) if n else np.zeros((0,), "int64")
    kind = rng.random()
    if kind < 0.3:
        return Wrapped(found)
    if kind < 0.45:
        return found.tolist()
    return Wrapped(found.astype("int32")) if kind < 0.55 else found


def _slice(rng, n):
    ends = [None if rng.random() < 0.3 else int(rng.integers(-n - 2, n + 3)) for _ in range(2)]
    return slice(*ends, int(rng.choice([-3, -2, -1, 1, 2, 3])) if rng.random() < 0.6 else None)


def draw_key(rng, shape):
    """A key that fits `shape`, or sometimes does not."""
    items, axis, dots = [], 0, False
    common = tuple(rng.integers(1, 4, int(rng.integers(0, 3))).tolist())
    while axis < len(shape) or rng.random() < 0.3:
        what = rng.random()
        if what < 0.08:
            items.append(None)
        elif what < 0.14 and not dots and axis <= len(shape):
            items.append(...)
            dots, axis = True, axis + int(rng.integers(0, len(shape) - axis + 1))
        elif what < 0.17:
            items.append(bool(rng.integers(2)))
        elif axis >= len(shape) or what > 0.95:
            break
        elif what < 0.4:
            items.append(_slice(rng, shape[axis]))
            axis += 1
        elif what < 0.52:
            n = shape[axis]
            items.append(int(rng.integers(-n, n)) if n else 0)
            axis += 1
        elif what < 0.8:
            items.append(_array(rng, shape[axis], common))
            axis += 1
        else:
            width = min(int(rng.integers(1, 3)), len(shape) - axis)
            mask = rng.random(shape[axis : axis + width]) < 0.4
            items.append(Wrapped(mask) if rng.random() < 0.5 else mask)
            axis += width
    return tuple(items)


def for_numpy(key):
    return tuple([k.array if isinstance(k, Wrapped) else k for k in key])


def for_tensors(key):
    return tuple([ct.tensor(k.array) if isinstance(k, Wrapped) else k for k in key])


def draw_sizes(rng, most=5):
    """Sizes of none to `most` axes, a few of them 0."""
    count = int(rng.integers(0, most + 1))
    return tuple([int(rng.integers(0 if rng.random() < 0.1 else 1, 5)) for _ in range(count)])
