"""Choices: orders, and classes by their chances."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import ShapeError


def test_permutations():
    for n in (0, 1, 2, 17, 5000):
        assert sorted(ct.randperm(n).tolist()) == list(range(n))
    counts = {}
    generator = ct.Generator(8)
    for _ in range(600):
        order = tuple(ct.randperm(3, generator=generator).tolist())
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 6
    assert min(counts.values()) > 60


def test_multinomial(device):
    ct.manual_seed(1)
    chances = ct.tensor([[0.0, 3.0, 0.0], [1.0, 0.0, 1.0]])
    drawn = ct.multinomial(chances, 100, replacement=True)
    assert drawn.shape == (2, 100)
    assert drawn.dtype == ct.int64
    assert set(drawn[0].tolist()) == {1}
    assert set(drawn[1].tolist()) == {0, 2}
    assert sorted(chances[1].multinomial(2).tolist()) == [0, 2]
    weights = ct.tensor([1.0, 2.0, 1.0])
    counts = np.bincount(weights.multinomial(4000, replacement=True).numpy(), minlength=3)
    assert abs(counts[1] - 2000) < 200
    firsts = np.bincount([weights.multinomial(1).item() for _ in range(400)], minlength=3)
    assert abs(firsts[1] - 200) < 60
    with pytest.raises(ShapeError, match="multinomial: 4 samples of 3 classes without replacement"):
        weights.multinomial(4)


@pytest.mark.parametrize(
    "chances", [[0.5, -0.1], [0.0, 0.0], [1.0, float("inf")], [1.0, float("nan")]]
)
def test_chances_that_are_none(device, chances):
    for replacement in (True, False):
        drawn = ct.tensor([[1.0, 1.0], chances]).multinomial(1, replacement)
        with pytest.raises(
            ValueError, match="multinomial.*: a chance is negative, infinite or NaN"
        ):
            drawn.numpy()


def test_a_class_without_a_chance_is_never_drawn(device):
    ct.manual_seed(3)
    chances = ct.tensor([0.0, 1e-3, 0.0, 1.0, 0.0, 0.0])
    assert set(chances.multinomial(20_000, replacement=True).unique().tolist()) == {1, 3}
    assert set(chances.multinomial(2).tolist()) == {1, 3}
    assert ct.ones(1, 3)[:, 1:].multinomial(5, True).shape == (1, 5)
