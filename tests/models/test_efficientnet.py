"""EfficientNet B0 and Lite0: published names, shapes and scores."""

import pytest
from model_checks import assert_published, assert_scores, images, made

import cltensor as ct
from cltensor.models.efficientnet import SameConv2d

PUBLISHED = [
    ("efficientnet_b0", "7e5fc777f415d3fe", 5288548),
    ("efficientnet_lite0", "c5d083fd46a733ab", 4652008),
]


@pytest.mark.parametrize(("name", "digest", "count"), PUBLISHED)
def test_names_and_shapes(name, digest, count):
    assert_published(name, digest, count)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "shape", "scores"),
    [
        ("efficientnet_b0", (1, 3, 32, 32), [0.0170034, -0.0489401, -0.118601, -0.151206]),
        ("efficientnet_lite0", (1, 3, 32, 32), [0.123263, -0.044085, 0.0625814, -0.149095]),
    ],
)
def test_scores_are_pytorchs(name, shape, scores):
    assert_scores(made(name), images(*shape), scores)


def test_rows_that_are_missing_are_added_at_the_end():
    layer = SameConv2d(1, 1, 3, 2, bias=False)
    layer.load_state_dict({"weight": ct.ones((1, 1, 3, 3))})
    x = ct.ones((1, 1, 4, 5))
    assert layer(x).tolist() == [[[[6, 9, 6], [4, 6, 4]]]]
    assert layer(x[:, :, :1, :1]).tolist() == [[[[1]]]]
