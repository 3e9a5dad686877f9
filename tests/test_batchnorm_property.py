"""Layers of batch norm as drawn programs beside PyTorch's: batches that read what moves, statistics
that are shared, parts of one, replaced or taken away, switches that are turned, steps under jit.

A failure prints the seed; `CLTENSOR_DRAWS=2000` draws more programs.
"""

import copy
import os

import numpy as np
import pytest

import cltensor as ct

torch = pytest.importorskip("torch")

DRAWS = int(os.environ.get("CLTENSOR_DRAWS", "0"))
LAYERS = {2: "BatchNorm1d", 3: "BatchNorm1d", 4: "BatchNorm2d", 5: "BatchNorm3d"}
MOMENTA = (0.1, 0.5, 1.0, 0.0, None)
#: What a batch is made of: drawn numbers, and statistics of the layer.
BATCHES = (
    lambda x, mean, var: x,
    lambda x, mean, var: x * 2 + 1,
    lambda x, mean, var: x.exp().tanh(),
    lambda x, mean, var: x.transpose(0, 1).contiguous().transpose(0, 1),
    lambda x, mean, var: x if mean is None else x + mean,
    lambda x, mean, var: x if mean is None else x + mean.flip(1),
    lambda x, mean, var: x if var is None else x * var.detach().clone(),
)


class Program:
    """A drawn sequence of statements on a layer and PyTorch's."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.ndim, self.channels = 2 + self.below(4), 1 + self.below(5)
        options = {"momentum": self.draw(MOMENTA), "affine": self.below(2) == 0}
        options["track_running_stats"] = self.below(4) > 0
        self.log = [f"{LAYERS[self.ndim]} {self.channels} {options}"]
        self.pair = [
            getattr(mod.nn, LAYERS[self.ndim])(self.channels, dtype=mod.float64, **options)
            for mod in (ct, torch)
        ]
        self.jitted = {} if self.below(3) == 0 else None
        self.held = []

    def below(self, n):
        return int(self.rng.integers(n))

    def draw(self, options):
        return options[self.below(len(options))]

    def run(self, statements):
        kinds = [self.forward] * 6 + [self.turn, self.hold, self.replace, self.take, self.copy]
        try:
            for _ in range(statements):
                self.draw(kinds)()
                ours, its = (layer.state_dict() for layer in self.pair)
                assert set(ours) == set(its)
                for mine, theirs in [*[(ours[name], its[name]) for name in its], *self.held]:
                    close(mine, theirs)
        except Exception as error:
            raise AssertionError("\n".join(self.log)) from error

    def forward(self):
        shape = (2 + self.below(3), self.channels, *[1 + self.below(5)] * (self.ndim - 2))
        a, kind, recorded = self.rng.normal(3, 2, shape), self.below(len(BATCHES)), self.below(3)
        self.log.append(f"forward {kind} {shape} {'recorded' if recorded else ''}")
        ours, its = self.pair
        pending = [m.running_mean * 2 for m in self.pair if m.running_mean is not None]
        x, y = ct.tensor(a, requires_grad=True), torch.tensor(a, requires_grad=True)
        with torch.set_grad_enabled(bool(recorded)):
            want = self.through(its, kind, y)
        call = lambda x: self.through(ours, kind, x)  # noqa: E731
        if self.jitted is not None:
            call = self.jitted.setdefault((kind, recorded), ct.jit(call))
        with ct.set_grad_enabled(bool(recorded)):
            found = call(x)
        if recorded and self.below(2):
            g = self.rng.normal(size=shape)
            (found * ct.tensor(g)).sum().backward()
            (want * torch.tensor(g)).sum().backward()
            pairs = zip([x, *ours.parameters()], [y, *its.parameters()], strict=True)
            for mine, theirs in pairs:
                close(mine.grad, theirs.grad)
                mine.grad = theirs.grad = None
        close(found, want)
        if pending:
            close(*pending)

    def through(self, layer, kind, x):
        ones = (1, -1, *[1] * (self.ndim - 2))
        stats = (layer.running_mean, layer.running_var)
        mean, var = (None if s is None else s.reshape(ones) for s in stats)
        return layer(BATCHES[kind](x, mean, var))

    def turn(self):
        name = self.draw(("training", "track_running_stats", "momentum"))
        value = self.draw(MOMENTA) if name == "momentum" else self.below(2) == 0
        self.log.append(f"{name} = {value}")
        for layer in self.pair:
            setattr(layer, name, value)

    def hold(self):
        if self.pair[1].running_mean is not None:
            self.log.append("hold")
            self.held.append(tuple([layer.running_mean[::2] for layer in self.pair]))

    def replace(self):
        its = self.pair[1]
        if its.running_mean is None:
            return
        kind, a = self.below(6), np.abs(self.rng.normal(size=2 * self.channels)) + 0.5
        self.log.append(f"replace {kind}")
        for layer, mod in zip(self.pair, (ct, torch), strict=True):
            both = mod.tensor(a)
            if kind == 0:
                layer.running_mean = both[::2]
            elif kind == 1:
                layer.running_mean, layer.running_var = both[: self.channels], both[self.channels :]
            elif kind == 2:
                layer.running_mean = layer.running_var = both[: self.channels]
            elif kind == 3:
                layer.running_mean = layer.running_mean * 2
            elif kind == 4:
                layer.running_var.copy_(both[: self.channels])
            elif layer.num_batches_tracked is not None:
                layer.num_batches_tracked += 3

    def take(self):
        kind = self.below(8)  # rarely, as nothing brings them back
        for layer in self.pair:
            if kind == 0:
                layer.num_batches_tracked = None
            elif kind == 1:
                layer.running_mean = layer.running_var = None
        self.log.append(f"take {kind}")

    def copy(self):
        self.log.append("copy")
        self.pair = [copy.deepcopy(layer) for layer in self.pair]
        self.held = []
        if self.jitted is not None:
            self.jitted = {}


def close(ours, its):
    found, want = ours.detach().numpy(), its.detach().numpy()
    assert found.dtype == want.dtype
    np.testing.assert_allclose(found, want, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("seed", range(DRAWS or 12))
def test_drawn_programs(fp64, seed):
    Program(seed).run(14)
