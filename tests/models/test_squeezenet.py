"""SqueezeNet: published names, shapes and scores."""

import pytest
from model_checks import assert_published, assert_scores, images, made

PUBLISHED = [
    ("squeezenet1_0", "f34216bd7670b31d", 1248424),
    ("squeezenet1_1", "76804435529d0d16", 1235496),
]


@pytest.mark.parametrize(("name", "digest", "count"), PUBLISHED)
def test_names_and_shapes(name, digest, count):
    assert_published(name, digest, count)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "shape", "scores"),
    [
        ("squeezenet1_0", (1, 3, 33, 33), [0.0, 0.0290402, 0.0, 0.0]),
        ("squeezenet1_1", (1, 3, 33, 33), [0.00388006, 0.0089027, 0.0, 0.0]),
    ],
)
def test_scores_are_pytorchs(name, shape, scores):
    assert_scores(made(name), images(*shape), scores)
