"""What transforms draw between, and choices among others."""

from collections import Counter

import numpy as np
import pytest
from pictures import HOST

import cltensor as ct
from cltensor.vision import transforms
from cltensor.vision.transforms.drawing import span


def test_choices_by_their_share():
    x = ct.Tensor.from_numpy(np.uint8([[[0, 1]]]), HOST)
    choose = transforms.RandomChoice(
        [transforms.RandomHorizontalFlip(1.0), transforms.RandomInvert(1.0)], p=[3, 1]
    )
    ct.manual_seed(0)
    counts = Counter(str(choose(x).tolist()) for _ in range(400))
    assert abs(counts["[[[1, 0]]]"] / 400 - 0.75) < 0.07
    assert len(counts) == 2


def test_spans():
    assert span("a", 0.3, 1, 0) == (0.7, 1.3)
    assert span("a", 3, 1, 0) == (0, 4)
    assert span("a", (1, 2)) == (1.0, 2.0)
    with pytest.raises(ValueError, match="RandomRotation: -1 is below 0"):
        transforms.RandomRotation(-1)
    with pytest.raises(ValueError, match=r"ColorJitter: \(-1, 2\) is no \(low, high\)"):
        transforms.ColorJitter((-1, 2))
    with pytest.raises(ValueError, match="ColorJitter: hue is 0.6"):
        transforms.ColorJitter(hue=0.6)
    for make in (transforms.RandomErasing, transforms.RandomHorizontalFlip):
        with pytest.raises(ValueError, match=f"{make.__name__}: p is 1.5"):
            make(1.5)
    with pytest.raises(ValueError, match="RandomErasing: value is 'noise'"):
        transforms.RandomErasing(value="noise")
