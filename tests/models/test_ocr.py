"""CRNN: published names, shapes and scores."""

import pytest
from model_checks import assert_published, assert_scores, images, made


def test_names_and_shapes():
    assert_published("crnn", "cacf03f9ae741687", 4802370)


@pytest.mark.slow
def test_scores_are_pytorchs():
    assert_scores(made("crnn"), images(2, 1, 32, 24), [0.154398, 0.00472941, -0.227873, -0.0453706])
