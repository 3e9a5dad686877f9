"""Deep residual networks: published names, shapes and scores."""

import pytest
from model_checks import assert_published, assert_scores, images, made

PUBLISHED = [
    ("resnet18", "46bd7814ec81a02c", 11689512),
    ("resnet34", "31dac9343b6dc33c", 21797672),
    ("resnet50", "eeb21a877a7592d7", 25557032),
    ("resnet101", "13188e030a74089b", 44549160),
    ("resnet152", "0dcb7c814afa5598", 60192808),
    ("resnext50_32x4d", "526e2c866246ec66", 25028904),
    ("wide_resnet50_2", "4cbebbaf8c97030d", 68883240),
    ("wide_resnet101_2", "7e118ad323f42380", 126886696),
]


@pytest.mark.parametrize(("name", "digest", "count"), PUBLISHED)
def test_names_and_shapes(name, digest, count):
    assert_published(name, digest, count)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "shape", "scores"),
    [
        ("resnet18", (2, 3, 33, 33), [0.372367, -0.689618, -0.0775279, 0.180007]),
        ("resnet50", (1, 3, 32, 32), [0.0640689, -0.536317, -0.023904, 0.453897]),
        ("resnext50_32x4d", (1, 3, 32, 32), [0.16448, -0.175232, -0.226569, -0.00203371]),
    ],
)
def test_scores_are_pytorchs(name, shape, scores):
    assert_scores(made(name), images(*shape), scores)
