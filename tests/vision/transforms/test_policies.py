"""The tables of AutoAugment."""

import pytest

from cltensor.vision.transforms.augment import _table
from cltensor.vision.transforms.policies import POLICIES, AutoAugmentPolicy


@pytest.mark.parametrize("policy", list(AutoAugmentPolicy))
def test_each_has_25_pairs_of_known_changes(policy):
    pairs = POLICIES[policy]
    assert [len(pair) for pair in pairs] == [2] * 25
    table = _table(10, 0.9, 0.3, 15.0, 15.0, 30.0, 4)
    for name, chance, place in (step for pair in pairs for step in pair):
        assert 0 <= chance <= 1
        strengths = table[name][0] if name != "Invert" else None
        assert (strengths is None) == (place is None)
        assert place is None or 0 <= place <= 9


def test_some_are_those_of_the_paper():
    first = POLICIES[AutoAugmentPolicy.IMAGENET][0]
    assert first == [("Posterize", 0.4, 8), ("Rotate", 0.6, 9)]
    assert POLICIES[AutoAugmentPolicy("cifar10")][24] == [
        ("TranslateY", 0.7, 9), ("AutoContrast", 0.9, None),
    ]  # fmt: skip
    assert POLICIES[AutoAugmentPolicy.SVHN][0] == [("ShearX", 0.9, 4), ("Invert", 0.2, None)]
