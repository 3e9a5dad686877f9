"""Random numbers of Python and NumPy inside a jitted function: drawn anew in each call."""

import random

import numpy as np
import pytest

import cltensor as ct
from cltensor.replay.chance import chance, chances

SHARED = {"python": random.random, "numpy": np.random.rand}
OWN = {
    "Random": lambda: random.Random(3).random,
    "SystemRandom": lambda: random.SystemRandom().random,
    "Generator": lambda: np.random.default_rng(3).random,
    "RandomState": lambda: np.random.RandomState(3).rand,
}


def drawn(draw):
    call = ct.jit(lambda x: x * float(draw()))
    return [call(ct.ones(1)).item() for _ in range(6)]


@pytest.mark.parametrize("name", SHARED)
def test_the_generators_that_everybody_shares(name):
    random.seed(1)
    np.random.seed(1)
    found = drawn(SHARED[name])
    random.seed(1)
    np.random.seed(1)
    assert found == pytest.approx([SHARED[name]() for _ in range(6)])


@pytest.mark.parametrize("name", OWN)
def test_generators_of_their_own(name):
    generator = OWN[name]()
    found = drawn(lambda: generator())
    assert len(set(found)) == 6
    if name != "SystemRandom":
        again = OWN[name]()
        assert found == pytest.approx([again() for _ in range(6)])


def test_a_generator_that_the_call_makes_is_taken_for_constant():
    """As help(ct.jit) says: its numbers are those of the recorded call."""
    found = drawn(lambda: np.random.default_rng().random())
    assert len(set(found[1:])) == 1


def test_a_class_that_makes_generators_does_no_harm(counts):
    class Trainer:
        def __init__(self):
            self.random = np.random.default_rng()

        def step(self, x):
            return x * 2

    call = ct.jit(Trainer().step)
    for _ in range(4):
        call(ct.ones(1))
    assert counts == {"record": 1, "replay": 2}


def test_a_seed_set_inside():
    def f(x):
        random.seed(5)
        return x * random.random()

    call = ct.jit(f)
    for _ in range(4):
        random.seed(1)
        call(ct.ones(1))
        after = random.random()
    random.seed(5)
    random.random()
    assert after == random.random()


def test_what_is_no_generator():
    assert chance([1]) is None
    assert chance(random.Random(1)) is not None
    assert len(chances()) == 2


def test_a_generator_that_rests_does_no_harm(counts):
    generator = random.Random(1)
    call = ct.jit(lambda x: x * 2 if generator else x)
    for _ in range(4):
        call(ct.ones(1))
    assert counts == {"record": 1, "replay": 2}
