"""Drawing random numbers, counted in elements."""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.case import Case, Library

FAMILY = "random"


def _case(name: str, draw: Callable[[Library], Any], work: float, torch_only: bool = False) -> Case:
    """Nothing is compared: each library has streams of its own."""

    def build(lib: Library):
        def call() -> None:
            lib.settle(draw(lib))

        return call

    rivals = ("torch",) if torch_only else ("numpy", "torch")
    return Case(FAMILY, name, build, work, "million/s", rivals=rivals)


_generator = np.random.default_rng(0)


def _uniform(count: int) -> Callable[[Library], Any]:
    def draw(lib: Library) -> Any:
        if lib.name == "numpy":
            return _generator.random(count, np.float32)
        return lib.m.rand(count, **lib.there)

    return draw


def _normal(count: int) -> Callable[[Library], Any]:
    def draw(lib: Library) -> Any:
        if lib.name == "numpy":
            return _generator.standard_normal(count, np.float32)
        return lib.m.randn(count, **lib.there)

    return draw


def _permutation(lib: Library) -> Any:
    return (
        _generator.permutation(10**6) if lib.name == "numpy" else lib.m.randperm(10**6, **lib.there)
    )


def _integers(lib: Library) -> Any:
    if lib.name == "numpy":
        return _generator.integers(0, 1000, 10**6)
    return lib.m.randint(0, 1000, (10**6,), **lib.there)


def _exponential(lib: Library) -> Any:
    if lib.name == "numpy":
        return _generator.standard_exponential(10**6, np.float32)
    return lib.m.empty(10**6, **lib.there).exponential_()


def _bernoulli(lib: Library) -> Any:
    return lib.m.empty(10**6, **lib.there).bernoulli_(0.3)


def _multinomial(lib: Library) -> Any:
    weights = lib.m.ones(1000, **lib.there)
    return lib.m.multinomial(weights, 10**5, replacement=True)


def cases() -> list[Case]:
    """The cases of this family."""
    return [
        *[_case(f"uniform 1e{k}", _uniform(10**k), 10**k) for k in (3, 6, 7)],
        _case("normal 1e6", _normal(10**6), 1e6),
        _case("integers below 1000, 1e6", _integers, 1e6),
        _case("permutation of 1e6", _permutation, 1e6),
        _case("exponential 1e6", _exponential, 1e6),
        _case("Bernoulli 1e6", _bernoulli, 1e6, torch_only=True),
        _case("multinomial, 1e5 of 1000", _multinomial, 1e5, torch_only=True),
    ]
