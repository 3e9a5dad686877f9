"""U-Net: published names, shapes and scores."""

import pytest
from model_checks import assert_published, assert_scores, images, made


def test_names_and_shapes():
    assert_published("unet", "4f4f8b83e00c025e", 31037698)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bilinear", "scores"),
    [
        (False, [0.0064131, 0.0480635, 0.0115247, 0.0823254]),
        (True, [0.104093, 0.134401, 0.218764, 0.180337]),
    ],
)
def test_scores_are_pytorchs(bilinear, scores):
    """At sides that halving does not divide."""
    assert_scores(made("unet", width=4, bilinear=bilinear), images(1, 3, 18, 21), scores)
