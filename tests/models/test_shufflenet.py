"""ShuffleNet V2: published names, shapes and scores."""

import pytest
from model_checks import assert_published, assert_scores, images, made

PUBLISHED = [
    ("shufflenet_v2_x0_5", "ed5c5e504dd95abc", 1366792),
    ("shufflenet_v2_x1_0", "3a5244abb2ce123f", 2278604),
    ("shufflenet_v2_x1_5", "a548691cb00c2204", 3503624),
    ("shufflenet_v2_x2_0", "16d5dca50b3101ce", 7393996),
]


@pytest.mark.parametrize(("name", "digest", "count"), PUBLISHED)
def test_names_and_shapes(name, digest, count):
    assert_published(name, digest, count)


@pytest.mark.slow
def test_scores_are_pytorchs():
    assert_scores(
        made("shufflenet_v2_x0_5"),
        images(1, 3, 32, 32),
        [-0.0570997, 0.121112, -0.0967937, -0.0235614],
    )
