"""Views write through, and writes happen in program order: drawn programs beside NumPy.

Every Tensor has an array beside it that shares memory with others exactly where the Tensor does,
and each statement is done to both. Elements are small whole numbers, so results are equal bit for
bit. A failure prints the seed; `CLTENSOR_DRAWS=20000` draws more programs.
"""

import os
import sys

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import ShapeError
from cltensor.lazy import fusion
from cltensor.runtime.device import get

DRAWS = int(os.environ.get("CLTENSOR_DRAWS", "0"))
SHAPES = [(), (1,), (5,), (2, 3), (4, 4), (3, 1, 2), (2, 2, 3), (0, 2), (6, 5)]


class Program:
    """A drawn sequence of statements on a pool of pairs: a Tensor and the array that mirrors it."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.dtype = self.draw(["float32", "float32", "int32", "float64", "int8"])
        if self.dtype == "float64" and not get().fp64:
            self.dtype = "float32"
        self.pool = []
        self.log = []
        self.create()

    def draw(self, options):
        return options[self.rng.integers(len(options))]

    def below(self, n):
        return int(self.rng.integers(n))

    def pair(self):
        return self.draw(self.pool)

    def run(self, statements):
        kinds = [self.create, self.view, self.view, self.view, self.compute, self.reduce]
        kinds += [self.change, self.change, self.assign, self.assign, self.overlap, self.read]
        kinds += [self.forget, self.show]
        for _ in range(statements):
            self.draw(kinds)()
        for x, a in self.pool:
            self.check(x, a)

    def keep(self, x, a):
        assert x.shape == a.shape, (x.shape, a.shape)
        self.pool.append((x, a))

    def check(self, x, a):
        found = x.numpy()
        assert found.dtype == a.dtype
        np.testing.assert_array_equal(found, a, "\n".join(self.log))

    # -- statements ----------------------------------------------------------------------------

    def create(self):
        a = self.rng.integers(-4, 5, self.draw(SHAPES)).astype(self.dtype)
        self.keep(ct.tensor(a), a)

    def forget(self):
        if len(self.pool) > 3:
            del self.pool[self.below(len(self.pool))]

    def read(self):
        self.check(*self.pair())

    def view(self):
        x, a = self.pair()
        name = self.draw([n for n in dir(self) if n.startswith("view_")])
        made = getattr(self, name)(x, a)
        if made is not None:
            self.log.append(f"{name} of {a.shape} {a.strides}")
            self.keep(*made)

    def compute(self):
        (x, a), (y, b) = self.pair(), self.pair()
        try:
            shape = np.broadcast_shapes(a.shape, b.shape)
        except ValueError:
            y, b = x, a
            shape = a.shape
        if np.prod(shape) < 500 and small(a) and small(b):
            self.log.append(f"compute {a.shape} + {b.shape}")
            result, its = self.draw([
                (x - y, a - b), (x * 2 + y, a * 2 + b), (x.clip(-3, 3) * y, a.clip(-3, 3) * b),
                (-x, -a), (x.clone(), a.copy()), (ct.maximum(x, y), np.maximum(a, b)),
            ])  # fmt: skip
            self.keep(result, np.array(its, order="C"))

    def reduce(self):
        x, a = self.pair()
        if a.ndim and a.size and small(a):
            axis = self.below(a.ndim)
            self.log.append(f"max {a.shape} {axis}")
            self.keep(ct.max(x, axis=axis), np.array(a.max(axis), order="C"))

    def change(self):
        """An operation in place."""
        x, a = self.pair()
        y, b = self.other(a)
        n = self.below(7) - 3
        changes = [
            ("zero_", lambda x: x.zero_(), lambda a: a * 0),
            ("fill_", lambda x: x.fill_(n), lambda a: a * 0 + n),
            ("copy_", lambda x: x.copy_(y), lambda a: a * 0 + b),
            ("clamp_", lambda x: x.clamp_(-2, 2), lambda a: a.clip(-2, 2)),
            ("masked_fill_", lambda x: x.masked_fill_(x > n, n), lambda a: np.minimum(a, n)),
        ]
        if small(a) and small(b):
            changes += [
                ("add_", lambda x: x.add_(y), lambda a: a + b),
                ("add_ n", lambda x: x.add_(n), lambda a: a + n),
                ("mul_", lambda x: x.mul_(2), lambda a: a * 2),
                ("-=", lambda x: x.__isub__(y), lambda a: a - b),
                ("*=", lambda x: x.__imul__(n), lambda a: a * n),
                ("add_ 2 y", lambda x: x.add_(y * 2 + x), lambda a: a + (b * 2 + a)),
            ]
        name, ours, its = self.draw(changes)
        self.log.append(f"{name} on {a.shape} {a.strides} by {b.shape} {b.strides}")
        self.write(lambda: ours(x), a, its(a))

    def write(self, ours, a, result):
        if is_expanded(a):
            before = a.copy()
            with pytest.raises(ShapeError, match="one place in memory"):
                ours()
            np.testing.assert_array_equal(a, before)
        else:
            ours()
            a[...] = result

    def other(self, a):
        """A pair that broadcasts to the shape of a."""
        fit = [p for p in self.pool if broadcasts(p[1].shape, a.shape)]
        return self.draw(fit)

    def assign(self):
        """x[key] = value, or an augmented one."""
        x, a = self.pair()
        key, target = self.key(a)
        part = a[key]
        y = n = self.below(7) - 3
        b = np.array(n, self.dtype)
        fit = [p for p in self.pool if broadcasts(p[1].shape, part.shape) and small(p[1])]
        refused = is_expanded(target)
        if fit and self.below(2) and not refused:
            y, b = self.draw(fit)
        augmented = bool(small(a) and self.below(2))
        self.log.append(f"x[{key}] {'+' * augmented}= {b.shape} on {a.shape} {a.strides}")

        def ours():
            if augmented:
                x[key] += y
            else:
                x[key] = y

        if refused:
            with pytest.raises(ShapeError, match="one place in memory"):
                ours()
        else:
            ours()
            a[key] = part + b if augmented else b.copy()

    def key(self, a):
        """A key for a, and the view in which it selects elements."""
        kind = self.below(5)
        if kind == 0 and a.ndim:
            picked = self.rng.integers(-a.shape[0], a.shape[0], 3) if a.shape[0] else []
            return (picked,), a
        if kind == 1:
            return self.rng.integers(0, 2, a.shape).astype(bool), a
        if kind == 2 and a.ndim >= 2 and a.shape[1]:
            return (slice(None, None, 2), self.rng.integers(0, a.shape[1], 2)), a[::2]
        key = (*self.basic_key(a), ...)
        return key, a[key]

    def basic_key(self, a):
        key = []
        for n in a.shape[: self.below(a.ndim + 1)]:
            if n and self.below(3) == 0:
                key.append(self.below(2 * n) - n)
            else:
                step = self.draw([1, 1, 2, -1, -2])
                bounds = sorted((self.below(n + 1), self.below(n + 1)))
                if self.below(2):
                    key.append(slice(None, None, step))
                elif step > 0:
                    key.append(slice(*bounds, step))
                else:
                    key.append(slice(bounds[1], bounds[0] - 1 if bounds[0] else None, step))
        if self.below(3) == 0:
            key.insert(self.below(len(key) + 1), None)
        return tuple(key)

    def overlap(self):
        """A source that overlaps its target."""
        x, a = self.pair()
        if not a.ndim or is_expanded(a):
            return
        self.log.append(f"overlap on {a.shape} {a.strides}")
        kind = self.below(4)
        if kind == 0:
            x[::-1] = x
            a[::-1] = a.copy()
        elif kind == 1:
            x[1:] = x[:-1]
            a[1:] = a[:-1].copy()
        elif kind == 2 and a.ndim == 2 and a.shape[0] == a.shape[1]:
            x.copy_(x.T)
            a[...] = a.T.copy()
        elif small(a):
            x[:-1] += x[1:] * 2
            a[:-1] += a[1:].copy() * 2

    def show(self):
        """`.data =` shows the elements of another."""
        place = self.below(len(self.pool))
        x, a = self.pool[place]
        y, b = self.pair()
        if b.shape == a.shape and sum(x is other for other, _ in self.pool) == 1:
            self.log.append(f"data = of {a.shape} {b.strides}")
            x.data = y
            self.pool[place] = x, b

    # -- views ---------------------------------------------------------------------------------

    def view_slice(self, x, a):
        key = self.basic_key(a)
        return x[key], a[(*key, ...)]

    def view_permute(self, x, a):
        axes = self.rng.permutation(a.ndim).tolist()
        return x.permute(*axes) if axes else x.permute(()), a.transpose(axes)

    def view_transpose(self, x, a):
        if a.ndim >= 2:
            i, j = self.below(a.ndim), self.below(a.ndim)
            return x.transpose(i, j), np.swapaxes(a, i, j)
        return None

    def view_t(self, x, a):
        if a.ndim == 2:
            return x.T, a.T
        return None

    def view_reshape(self, x, a):
        shapes = {(a.size,), (-1, 1), (1, a.size), (2, -1), (-1, 3), a.shape[::-1], (*a.shape, 1)}
        shapes = [s for s in sorted(shapes) if fits(a, s)]
        shape = self.draw(shapes)
        return x.reshape(shape), a.reshape(shape)

    def view_squeeze(self, x, a):
        return x.squeeze(), a.squeeze()

    def view_unsqueeze(self, x, a):
        axis = self.below(a.ndim + 1)
        return x.unsqueeze(axis), np.expand_dims(a, axis)

    def view_expand(self, x, a):
        if a.ndim < 4:
            shape = (2, *[2 if n == 1 else n for n in a.shape])
            strides = (0, *[0 if n == 1 else s for n, s in zip(a.shape, a.strides, strict=True)])
            return x.expand(*shape), np.lib.stride_tricks.as_strided(a, shape, strides)
        return None

    def view_diagonal(self, x, a):
        if a.ndim >= 2:
            offset = self.below(3) - 1
            its = a.diagonal(offset)
            its.flags.writeable = True
            return x.diagonal(offset), its
        return None

    def view_flip(self, x, a):
        backwards = (*[slice(None, None, -1)] * a.ndim, ...)
        return x[backwards], a[backwards]

    def view_chunk(self, x, a):
        if a.ndim:
            axis = self.below(a.ndim)
            parts = x.chunk(2, axis)
            n = parts[0].shape[axis]
            its = [np.swapaxes(np.swapaxes(a, 0, axis)[i * n : (i + 1) * n], 0, axis)
                   for i in range(len(parts))]  # fmt: skip
            i = self.below(len(parts))
            return parts[i], its[i]
        return None

    def view_split(self, x, a):
        if a.ndim and a.shape[0] > 1:
            return x.split([1, a.shape[0] - 1])[1], a[1:]
        return None

    def view_unbind(self, x, a):
        if a.ndim and a.shape[-1]:
            i = self.below(a.shape[-1])
            return x.unbind(-1)[i], a[..., i]
        return None

    def view_detach(self, x, a):
        return x.detach(), a

    def view_data(self, x, a):
        return x.data, a

    def view_itself(self, x, a):
        return self.draw([x.to(x.dtype), x.view_as(x), x.realize()]), a


def small(a):
    return a.size == 0 or np.abs(a.astype(np.int64)).max() <= 20


def is_expanded(a):
    return a.size > 0 and any(s == 0 and n > 1 for s, n in zip(a.strides, a.shape, strict=True))


def broadcasts(shape, to):
    try:
        return np.broadcast_shapes(shape, to) == to
    except ValueError:
        return False


def fits(a, shape):
    try:
        a.reshape(shape)
    except ValueError:
        return False
    return True


def run(seeds, statements=25):
    for seed in seeds:
        try:
            Program(seed).run(statements)
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error


def test_drawn_programs():
    run(range(DRAWS or 120))


def test_drawn_programs_eagerly(monkeypatch):
    monkeypatch.setattr(fusion.Eager, "on", True)
    run(range(120, 140 + DRAWS // 10))


def test_drawn_programs_while_locals_are_held():
    def trace(frame, event, argument):
        held.append(dict(frame.f_locals))
        del held[:-20]
        return trace

    held = []
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run(range(140, 148 + DRAWS // 100))
    finally:
        sys.settrace(before)
