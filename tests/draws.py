"""Configurations drawn at random: a few in the suite, more and new ones under Oclgrind.

DRAWS says how many cases a test has, DRAWS_SEED from which seed; a test that fails shows both the
seed and what was drawn.
"""

import os

import numpy as np
import pytest

SEED = int(os.environ.get("DRAWS_SEED") or 1)
#: Parametrizes a test by the number of the case.
cases = pytest.mark.parametrize("case", range(int(os.environ.get("DRAWS") or 4)))


def generator(case):
    """The generator of random numbers of a case."""
    print(f"DRAWS_SEED={SEED}, case {case}")
    return np.random.default_rng((SEED, case))


def drawn(**configuration):
    """The configuration, shown where the test fails."""
    print(configuration)
    return configuration


def several(rng, low, high, count=2):
    """`count` integers from `low` to `high`, both included, as a tuple."""
    return tuple(rng.integers(low, high + 1, count).tolist())
