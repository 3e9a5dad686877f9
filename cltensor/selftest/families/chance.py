"""Random numbers: the same on every device, and spread as they should be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import cltensor as ct
from cltensor.selftest.checks import Family, same, true

CHANCE = Family("random numbers")

#: What these calls give on every device after manual_seed(7).
_KNOWN: dict[str, tuple[Callable[[], Any], list[Any]]] = {
    "rand": (
        lambda: ct.rand(5),
        [
            0.9545971155166626,
            0.7501521706581116,
            0.11417734622955322,
            0.08565783500671387,
            0.4069603681564331,
        ],
    ),
    "randn": (
        lambda: ct.randn(5),
        [
            -0.21535322070121765,
            -0.2157655507326126,
            2.019942283630371,
            -0.5097426176071167,
            -0.6438971757888794,
        ],
    ),
    "randint": (lambda: ct.randint(0, 1000, (5,)), [750, 85, 795, 957, 8]),
    "randperm": (lambda: ct.randperm(7), [4, 1, 6, 0, 2, 5, 3]),
    "bernoulli": (
        lambda: ct.bernoulli(ct.full((9,), 0.5)),
        [0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0],
    ),
    "exponential": (
        lambda: ct.empty(4).exponential_(),
        [0.7031171321868896, 0.11951959133148193, 1.2391281127929688, 1.373398780822754],
    ),
    "multinomial": (
        lambda: ct.multinomial(ct.tensor([0.1, 0.2, 0.7]), 6, replacement=True),
        [2, 2, 1, 0, 2, 2],
    ),
}


@CHANCE.each(*_KNOWN)
def the_same_bits_everywhere(name: str) -> None:
    function, want = _KNOWN[name]
    ct.manual_seed(7)
    got = function()
    same(got, np.array(want, got.dtype))


@CHANCE.check()
def a_seed_repeats_them() -> None:
    ct.manual_seed(3)
    first = ct.randn(1001).numpy()
    second = ct.randn(1001).numpy()
    true(not np.array_equal(first, second), "two draws are equal")
    ct.manual_seed(3)
    same(ct.randn(1001), first)


def _moments(x: np.ndarray, mean: float, deviation: float) -> None:
    error = 6 * deviation / x.size**0.5
    true(abs(x.mean() - mean) < error, f"the mean is {x.mean()}, expected {mean} +- {error}")
    true(abs(x.std() / deviation - 1) < 0.05, f"the deviation is {x.std()}, expected {deviation}")


@CHANCE.check()
def uniform_numbers() -> None:
    x = ct.rand(20001).numpy().astype("float64")
    true(x.min() >= 0 and x.max() < 1, f"from {x.min()} to {x.max()}")
    _moments(x, 0.5, 12**-0.5)


@CHANCE.check()
def normal_numbers() -> None:
    x = ct.randn(20001).numpy().astype("float64")
    _moments(x, 0, 1)
    inside = float((np.abs(x) < 1).mean())
    true(abs(inside - 0.6827) < 0.02, f"{inside} within one deviation")


@CHANCE.check()
def dropout() -> None:
    x = ct.nn.functional.dropout(ct.ones(20001), 0.3, True).numpy()
    kept = float((x != 0).mean())
    true(abs(kept - 0.7) < 0.02, f"{kept} kept, expected 0.7")
    true(bool(np.allclose(x[x != 0], 1 / 0.7)), "what is kept is not scaled")
