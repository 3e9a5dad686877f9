"""VGG: published names, shapes and scores."""

import pytest
from model_checks import assert_published, assert_scores, images, made

PUBLISHED = [
    ("vgg11", "a3f84532904f6834", 132863336),
    ("vgg13", "947aa70e5accdcf0", 133047848),
    ("vgg16", "d246562dac8f4a2f", 138357544),
    ("vgg19", "fc0886ed4e002209", 143667240),
    ("vgg11_bn", "56151fa574e72d7d", 132868840),
    ("vgg13_bn", "f04e05f6d2a9bdc6", 133053736),
    ("vgg16_bn", "95a80e0e7e870c24", 138365992),
    ("vgg19_bn", "76208eb404ecf84a", 143678248),
]


@pytest.mark.parametrize(("name", "digest", "count"), PUBLISHED)
def test_names_and_shapes(name, digest, count):
    assert_published(name, digest, count)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "shape", "scores"),
    [
        ("vgg11", (1, 3, 32, 32), [0.0587371, 0.0213093, 0.0699735, -0.13215]),
        ("vgg11_bn", (1, 3, 32, 32), [0.0100215, 0.0103654, 0.00970953, -0.039971]),
    ],
)
def test_scores_are_pytorchs(name, shape, scores):
    assert_scores(made(name), images(*shape), scores)
