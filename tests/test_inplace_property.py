"""In-place operations are differentiable as PyTorch's: drawn recorded programs beside torch.

Each statement is done with both libraries; what requires a gradient, what is a leaf, the values,
the first and second derivatives, and whether an error is raised must be the same. A failure prints
the seed; `CLTENSOR_DRAWS=20000` draws more programs.
"""

import os

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import GradientError, ShapeError

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # PyTorch's

DRAWS = int(os.environ.get("CLTENSOR_DRAWS", "0"))
SHAPES = [(3,), (2, 3), (2, 2), (3, 1), (2, 1, 2)]


class Different(AssertionError):
    """The libraries disagree."""


class Pair:
    """A tensor of each library."""

    def __init__(self, ours, its):
        self.both = ours, its

    @property
    def shape(self):
        return self.both[0].shape


class Program:
    """A drawn sequence of statements on a pool of pairs."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.pool = []
        self.leaves = []
        self.log = []
        self.over = False
        for _ in range(2):
            self.leaf()
        self.pool.append(
            Pair(*self.both("x * 1", lambda lib, x: x * 1, self.pool[0], recorded=True))
        )

    def draw(self, options):
        return options[self.rng.integers(len(options))]

    def below(self, n):
        return int(self.rng.integers(n))

    def run(self, statements):
        kinds = [self.leaf, self.view, self.view, self.view, self.compute, self.compute]
        kinds += [self.change, self.change, self.change, self.assign, self.assign, self.detach]
        kinds += [self.gradients, self.backward]
        try:
            for _ in range(statements):
                self.draw(kinds)()
                if self.over:
                    return
                self.check()
            self.gradients()
            if not self.over:
                self.backward()
        except AssertionError as error:
            raise Different("\n".join(self.log)) from error

    def both(self, text, function, *pairs, permissive=False, recorded=False):
        """function(library, *tensors) with each; None where both refuse."""
        quiet = not recorded and self.below(6) == 0
        self.log.append(text + " (no_grad)" * quiet)
        results, errors = [], []
        for k, library in enumerate((ct, torch)):
            try:
                if quiet:
                    with library.no_grad():
                        results.append(function(library, *[p.both[k] for p in pairs]))
                else:
                    results.append(function(library, *[p.both[k] for p in pairs]))
                errors.append(None)
            except (GradientError, ShapeError, RuntimeError) as error:
                results.append(None)
                errors.append(error)
        ours, its = errors
        self.over = ours is not None or its is not None
        if not (ours is None and its is not None and permissive):
            assert (ours is None) == (its is None), f"ours: {ours!r}; torch: {its!r}"
        return None if self.over else results

    def check(self):
        for p in self.pool:
            x, y = p.both
            assert x.requires_grad == y.requires_grad, (p.shape, y.requires_grad)
            assert x.is_leaf == y.is_leaf, (p.shape, y.is_leaf)
            close(x, y)

    # -- statements ----------------------------------------------------------------------------

    def leaf(self):
        a = self.rng.uniform(-1, 1, self.draw(SHAPES))
        records = self.below(3) > 0
        p = Pair(
            ct.tensor(a, requires_grad=records),
            torch.tensor(a, requires_grad=records),
        )
        self.log.append(f"leaf {a.shape} {records}")
        self.pool.append(p)
        if records:
            self.leaves.append(p)

    def view(self):
        p = self.draw(self.pool)
        n, i = len(p.shape), self.below(2)
        views = [
            ("reshape", lambda lib, x: x.reshape(-1)),
            ("unsqueeze", lambda lib, x: x.unsqueeze(0)),
            ("squeeze", lambda lib, x: x.squeeze()),
            ("itself", lambda lib, x: x.contiguous() if x.ndim < 2 else x.to(x.dtype)),
        ]
        if n:
            views += [
                ("[0]", lambda lib, x: x[0]),
                ("[i:]", lambda lib, x: x[i:]),
                ("[::2]", lambda lib, x: x[::2]),
                ("expand", lambda lib, x: x.expand(2, *x.shape)),
                ("narrow", lambda lib, x: x.narrow(0, 0, 1)),
            ]
            # PyTorch forbids to change these in place, though the gradient is that of a slice.
            views += [
                ("chunk", lambda lib, x: x.chunk(2)[0] if lib is ct else x[: (len(x) + 1) // 2]),
                ("split", lambda lib, x: x.split(1)[-1] if lib is ct else x[len(x) - 1 :]),
                ("unbind", lambda lib, x: x.unbind(0)[-1] if lib is ct else x[-1]),
            ]
        if n >= 2:
            views += [
                ("transpose", lambda lib, x: x.transpose(0, 1)),
                ("permute", lambda lib, x: x.permute(*reversed(range(n)))),
                ("diagonal", lambda lib, x: x.diagonal()),
                ("[:, i]", lambda lib, x: x[:, min(i, x.shape[1] - 1)]),
            ]
        if n < 4 and 0 not in p.shape:
            name, function = self.draw(views)
            # PyTorch says of a view made under no_grad that it requires a gradient.
            made = self.both(f"{name} of {self.pool.index(p)}", function, p, recorded=True)
            if made:
                self.pool.append(Pair(*made))

    def compute(self):
        p = self.draw(self.pool)
        q = self.draw([q for q in self.pool if broadcasts(q.shape, p.shape)])
        name, function = self.draw([
            ("x * y", lambda lib, x, y: x * y),
            ("x + y", lambda lib, x, y: x * 0.5 + y),
            ("sin", lambda lib, x, y: x.sin()),
            ("exp", lambda lib, x, y: (-x * x).exp()),
            ("sigmoid", lambda lib, x, y: x.sigmoid()),
            ("clone", lambda lib, x, y: x.clone()),
            ("square", lambda lib, x, y: x**2 * 0.5),
            ("sum", lambda lib, x, y: x.sum(0, keepdim=True) if x.ndim else x * 1),
        ])  # fmt: skip
        if small(p) and small(q):
            places = self.pool.index(p), self.pool.index(q)
            self.pool.append(Pair(*self.both(f"{name} of {places}", function, p, q)))

    def detach(self):
        p = self.draw(self.pool)
        made = self.both(f"detach {self.pool.index(p)}", lambda lib, x: x.detach() * 1, p)
        if self.below(3) == 0:
            made = self.both(f"detach {self.pool.index(p)}", lambda lib, x: x.detach(), p)
        self.pool.append(Pair(*made))

    def target(self):
        """Something to change, seldom a leaf that refuses."""
        p = self.draw(self.pool)
        x = p.both[1]
        base = x if x._base is None else x._base
        if base.requires_grad and base.is_leaf and self.below(8):
            return self.target()
        return p

    def source(self, p, shape):
        """What to write into p, None if nothing fits. PyTorch does not see all overlaps."""
        place = p.both[1].untyped_storage().data_ptr()
        fit = [
            q for q in self.pool if broadcasts(q.shape, shape)
            and (q is p or q.both[1].untyped_storage().data_ptr() != place)
        ]  # fmt: skip
        return self.draw(fit) if fit else None

    def change(self):
        p = self.target()
        q = self.source(p, p.shape)
        changes = [
            ("zero_", lambda lib, x, y: x.zero_()),
            ("fill_", lambda lib, x, y: x.fill_(0.5)),
            ("copy_", lambda lib, x, y: x.copy_(y)),
            ("clamp_", lambda lib, x, y: x.clamp_(-0.4, 0.6)),
            ("sin_", lambda lib, x, y: x.sin_()),
            ("sigmoid_", lambda lib, x, y: x.sigmoid_()),
            ("tanh_", lambda lib, x, y: x.tanh_()),
            ("mul_ 2", lambda lib, x, y: x.mul_(0.9)),
            ("neg_", lambda lib, x, y: x.neg_()),
        ]
        if small(p) and small(q):
            changes += [
                ("add_", lambda lib, x, y: x.add_(y)),
                ("mul_", lambda lib, x, y: x.mul_(y)),
                ("-=", lambda lib, x, y: x.__isub__(y)),
                ("*=", lambda lib, x, y: x.__imul__(y)),
                ("pow_", lambda lib, x, y: x.pow_(2)),
                ("masked_fill_", lambda lib, x, y: x.masked_fill_(x.detach() > y.detach(), 0.3)),
            ]
        if 0 in p.both[0].strides:  # PyTorch fills what is expanded
            changes = changes[3:9]
        name, function = self.draw(changes)
        places = self.pool.index(p), self.pool.index(q)
        self.both(f"{name} on {places}", function, p, q, permissive=True)

    def assign(self):
        p = self.target()
        if not p.shape or 0 in p.shape:
            return
        n = p.shape[0]
        key = self.draw([
            0, slice(1, None), slice(None, None, 2), ..., -1, None,
            [self.below(n), self.below(n)], [True] + [False] * (n - 1),
        ])  # fmt: skip
        if isinstance(key, list) and type(key[0]) is int and len(set(key)) < len(key):
            key = [0, 2] if n > 2 else key[:1]  # of two values for one place PyTorch derives both
        shape = np.zeros(p.shape)[key].shape
        q = self.source(p, shape)
        if 0 in p.both[0].strides and (isinstance(key, list) or q is p):  # PyTorch goes on
            return
        kind = self.below(3) if q is not None and small(q) and small(p) else 0

        def function(lib, x, y=None):
            if kind == 0:
                x[key] = 0.7
            elif kind == 1:
                x[key] = y
            else:
                x[key] += y

        places = [self.pool.index(r) for r in (p, q) if r is not None]
        text = f"x[{key}] {['= 0.7', '= y', '+= y'][kind]} on {places}"
        pairs = (p,) if q is None else (p, q)
        self.both(text, function, *pairs, permissive=True)

    def loss(self, places, weights):
        def function(lib, *xs):
            x = sum((x * w).sum() for x, w in zip(xs[: len(places)], weights, strict=True))
            return x * 0.3

        return function

    def chosen(self):
        recorded = [p for p in self.pool if p.both[1].requires_grad]
        if not recorded:
            return None
        return [self.draw(recorded) for _ in range(1 + self.below(2))]

    def gradients(self):
        """autograd.grad, twice."""
        outputs = self.chosen()
        if outputs is None:
            return
        weights = [float(w) for w in self.rng.uniform(0.5, 1.5, len(outputs))]
        count = len(outputs)
        again = self.below(2)

        def function(lib, *xs):
            with lib.enable_grad():
                loss = sum((x * w).sum() for x, w in zip(xs[:count], weights, strict=True))
                options = {"retain_graph": True, "allow_unused": True}
                first = lib.autograd.grad(loss, xs[count:], create_graph=bool(again), **options)
                found = list(first)
                if again:
                    second = sum([(g * g).sum() for g in first if g is not None])
                    if second.requires_grad:
                        found += lib.autograd.grad(second, xs[count:], **options)
                    else:  # PyTorch's gradient of what was overwritten is not recorded: zeros
                        found += [None] * len(first)
            return found

        text = f"grad of {[self.pool.index(p) for p in outputs]}, again {again}"
        found = self.both(text, function, *outputs, *self.leaves, permissive=True)
        if found:
            for k, (a, b) in enumerate(zip(*found, strict=True)):
                if k >= len(self.leaves) and (a is None) != (b is None):
                    assert not (b if a is None else a).any()
                    continue
                assert (a is None) == (b is None), (a, b)
                if a is not None:
                    close(a, b)

    def backward(self):
        outputs = self.chosen()
        if outputs is None:
            return

        def function(lib, *xs):
            with lib.enable_grad():
                sum([(x * 0.3).sum() for x in xs]).backward(retain_graph=True)

        text = f"backward from {[self.pool.index(p) for p in outputs]}"
        self.both(text, function, *outputs, permissive=True)
        if not self.over:
            for p in self.leaves:
                a, b = [x.grad for x in p.both]
                assert (a is None) == (b is None), (a, b)
                if a is not None:
                    close(a, b)


def broadcasts(shape, to):
    try:
        return np.broadcast_shapes(shape, to) == to
    except ValueError:
        return False


def small(p):
    x = p.both[1].detach()
    return x.numel() == 0 or float(x.abs().max()) < 3


def close(x, y):
    np.testing.assert_allclose(x.detach().numpy(), y.detach().numpy(), rtol=1e-9, atol=1e-9)


def run(seeds, statements=18):
    for seed in seeds:
        try:
            Program(seed).run(statements)
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error


@pytest.mark.usefixtures("fp64")
def test_drawn_recorded_programs():
    run(range(DRAWS or 60))
