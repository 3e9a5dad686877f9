"""Programs drawn at random, whose results must be the same bits on every device.

    python tests/reproducible_programs.py 0 100 [--way jit] [--each]

prints for each of the seeds 0..99 what its program gave, as a line of JSON: the sha256 of all
results and gradients, "refused", or the kind of another error. `--each` prints the sha256 of every
step, too, and what it was. With CLTENSOR_PLAYED the device plays a GPU (played.py).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import warnings

import numpy as np
import played
from reproducible_steps import FOR_COMPLEX, STEPS, doubtful, kept

import cltensor as ct
from cltensor.errors import DeterminismError
from cltensor.lazy.values import Eager

WAYS = ("lazy", "eager", "jit")
DTYPES = ["float32"] * 6 + ["float16", "float16", "bfloat16", "bfloat16", "float64", "complex64"]


class Draw:
    """What a program draws: the same in every run, with the tensors and modules of the first."""

    def __init__(self, seed: int, made: list) -> None:
        self.rng = np.random.default_rng((seed, 1))
        self.seed, self.made, self.place = seed, made, 0
        self.dtype = getattr(ct, self.one(*DTYPES))
        self.leaves, self.outs, self.log = [], [], []

    def size(self, low, high):
        """A whole number, both included."""
        return int(self.rng.integers(low, high + 1))

    def chance(self, share):
        """True in a share of all cases."""
        return bool(self.rng.random() < share)

    def one(self, *options):
        """One of them."""
        return options[self.rng.integers(len(options))]

    def formula(self, formulas, x, **names):
        """What one of them is of x, and of what has other names."""
        text, call = self.one(*formulas)
        self.log.append(text)
        return call(x, **names)

    def _kept(self, make):
        """What the first run made at this place."""
        if self.place == len(self.made):
            self.made.append(make(np.random.default_rng((self.seed, 2, self.place))))
        self.place += 1
        return self.made[self.place - 1]

    def tensor(self, *shape, leaf=False):
        """Numbers that are the same wherever NumPy is."""
        dtype = self.dtype
        wide = {ct.float64: "float64", ct.complex64: "complex64"}.get(dtype, "float32")

        def make(rng):
            drawn = 3 * rng.random(shape) - 1.5
            if dtype is ct.complex64:
                drawn = drawn + 1j * (2 * rng.random(shape) - 1)
            return ct.tensor(np.asarray(drawn, wide)).to(dtype).requires_grad_(leaf)

        return self._kept(make)

    def leaf(self, *shape):
        """Of which a gradient is asked for."""
        self.leaves.append(self.tensor(*shape, leaf=True))
        return self.leaves[-1]

    def like(self, x):
        """Of the shape of x: some leaves."""
        return self.leaf(*x.shape) if self.chance(0.3) else self.tensor(*x.shape)

    def integers(self, high, *shape):
        """Whole numbers below."""
        return self._kept(lambda rng: ct.tensor(rng.integers(0, high, shape)))

    def ordered(self, high, count):
        """Whole numbers below, in order, the first of them 0."""
        return self._kept(
            lambda rng: ct.tensor(np.sort(np.append(0, rng.integers(0, high, count))))
        )

    def permutation(self, n):
        """Of the whole numbers below n."""
        return self._kept(lambda rng: ct.tensor(rng.permutation(n)))

    def module(self, formula, **names):
        """A module, whose parameters are leaves."""
        self.log.append(formula.text)
        found = self._kept(lambda rng: formula.call(**names).to(self.dtype))
        self.leaves += found.parameters()
        return found


def run(seed: int, made: list, watch=None):
    """The results of the program of a seed, and gradients; watch(log, x) is told of every step."""
    draw = Draw(seed, made)
    x = draw.leaf(*[draw.size(1, 7) for _ in range(draw.size(0, 3))])
    draw.log.append(str(draw.dtype))
    steps = FOR_COMPLEX if draw.dtype is ct.complex64 else STEPS
    if draw.chance(0.1):
        steps = [*steps, doubtful, doubtful, doubtful]
    for _ in range(draw.size(2, 6)):
        step = draw.one(*steps)
        draw.log.append(step.__name__)
        x = kept(step(draw, x))
        if draw.chance(0.3):
            draw.outs.append(x.detach())
        if watch:
            watch(draw.log, x)
            draw.log.clear()
    found = [x.detach(), *draw.outs]
    orders = draw.one(0, 1, 1, 1, 2) if x.requires_grad else 0
    if orders:
        total = (x * draw.tensor(*x.shape).to(x.dtype)).sum()
        total = total.abs() if total.is_complex() else total
        slopes = _gradients(total, draw.leaves, orders > 1)
        found += [g.detach() for g in slopes]
        if orders > 1 and any(g.requires_grad for g in slopes):
            total = sum([(g.abs().square() if g.is_complex() else g * g).sum() for g in slopes])
            found += _gradients(total, draw.leaves, False)
    if watch:
        for each in found:
            watch(["result"], each)
    return found


def _gradients(total, leaves, create_graph):
    found = ct.autograd.grad(total, leaves, create_graph=create_graph, allow_unused=True)
    return [g for g in found if g is not None]


def digest(x) -> bytes:
    """The sha256 of a tensor; NaN has any bits."""
    x = x.detach()
    x = (x.float() if x.dtype in (ct.float16, ct.bfloat16) else x).numpy()
    parts = x.view(x.real.dtype) if x.dtype.kind == "c" and x.ndim else x
    if parts.dtype.kind == "f":
        parts = np.where(np.isnan(parts), np.nan, parts)
    whole = hashlib.sha256(str((x.shape, x.dtype.str)).encode())
    whole.update(np.ascontiguousarray(parts).tobytes())
    return whole.digest()


def result(seed: int, way: str = "lazy", watch=None, made=None) -> list[str]:
    """What a program gives, each time that it is run: one digest, or the kind of its error."""
    made = [] if made is None else made
    before, found = Eager.on, []
    Eager.on = before or way == "eager"
    try:
        ct.manual_seed(seed)
        if not made:
            run(seed, made)
        program = ct.jit(run) if way == "jit" else run
        for _ in range(3 if way == "jit" else 1):
            ct.manual_seed(seed)
            parts = [digest(x) for x in program(seed, made, watch)]
            found.append(hashlib.sha256(b"".join(parts)).hexdigest()[:16])
    except Exception as error:
        refused = isinstance(error, (DeterminismError, RuntimeWarning))
        found.append("refused" if refused else type(error).__name__)
        if watch:
            watch([str(error)], None)
    finally:
        Eager.on = before
    return sorted(set(found))


def main() -> None:
    """See above."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("first", type=int)
    parser.add_argument("end", type=int)
    parser.add_argument("--way", choices=WAYS, default="lazy")
    parser.add_argument("--each", action="store_true")
    parser.add_argument("--warn", action="store_true", help="go on where float32 is another")
    given = parser.parse_args()
    if os.environ.get("CLTENSOR_PLAYED"):
        played.Playing(played.read(os.environ["CLTENSOR_PLAYED"])).install()
    warnings.simplefilter("ignore")
    warnings.filterwarnings("error", ".* is not the same bits", RuntimeWarning)
    warnings.filterwarnings("ignore", "float32 on", RuntimeWarning)
    ct.use_deterministic_algorithms(True, warn_only=given.warn)

    def watch(log, x):
        print("   ", *log, "" if x is None else (tuple(x.shape), digest(x).hex()[:8]), flush=True)

    for seed in range(given.first, given.end):
        found = result(seed, given.way, watch if given.each else None)
        print(json.dumps([seed, found]), flush=True)


if __name__ == "__main__":
    main()
