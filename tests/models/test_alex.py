"""AlexNet: published names, shapes and scores."""

import pytest
from model_checks import assert_published, assert_scores, images, made


def test_names_and_shapes():
    assert_published("alexnet", "dc636a6fd56d98e3", 61100840)


@pytest.mark.slow
def test_scores_are_pytorchs():
    assert_scores(
        made("alexnet"), images(1, 3, 63, 63), [0.041201, 0.0550913, -0.0948394, -0.144961]
    )
