"""Layers that compare two inputs."""

from leaves import same

import cltensor as ct
from cltensor import nn


def test_distance_and_angle(device):
    a, b = ct.tensor([[3.0, 4], [1, 0]]), ct.tensor([[0.0, 0], [1, 0]])
    same(nn.PairwiseDistance(eps=0)(a, b).tolist(), [5, 0])
    assert nn.PairwiseDistance(keepdim=True)(a, b).shape == (2, 1)
    same(nn.CosineSimilarity()(a, ct.ones(2, 2)).tolist(), [7 / 50**0.5, 1 / 2**0.5])
