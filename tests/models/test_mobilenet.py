"""MobileNet V2 and V3: published names, shapes and scores."""

import pytest
from model_checks import assert_published, assert_scores, images, made

PUBLISHED = [
    ("mobilenet_v2", "a22969510520f2a3", 3504872),
    ("mobilenet_v3_small", "2754b0a3901f8aea", 2542856),
    ("mobilenet_v3_large", "e875eb90b4a1c4a1", 5483032),
]


@pytest.mark.parametrize(("name", "digest", "count"), PUBLISHED)
def test_names_and_shapes(name, digest, count):
    assert_published(name, digest, count)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "shape", "scores"),
    [
        ("mobilenet_v2", (1, 3, 33, 33), [0.0669445, -0.21829, -0.0410765, -0.0839645]),
        ("mobilenet_v3_small", (1, 3, 32, 32), [-0.0428239, -0.0938324, 0.0348733, -0.0869326]),
        ("mobilenet_v3_large", (1, 3, 32, 32), [-0.0382145, -0.0357611, -0.011748, -0.0625194]),
    ],
)
def test_scores_are_pytorchs(name, shape, scores):
    assert_scores(made(name), images(*shape), scores)
