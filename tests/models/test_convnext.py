"""ConvNeXt: published names, shapes and scores."""

import pytest
from model_checks import assert_published, assert_scores, images, made


def test_names_and_shapes():
    assert_published("convnext_tiny", "a6c13cce51faf5ed", 28589128)


@pytest.mark.slow
def test_scores_are_pytorchs():
    assert_scores(
        made("convnext_tiny"), images(1, 3, 32, 32), [0.483415, 0.691623, -0.866213, 0.208994]
    )
