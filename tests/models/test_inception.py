"""GoogLeNet: published names, shapes and scores."""

import pytest
from model_checks import assert_published, assert_scores, images, made

import cltensor as ct


def test_names_and_shapes():
    assert_published("googlenet", "0fe788ca7bc9fae0", 13004888)


@pytest.mark.slow
def test_scores_are_pytorchs():
    assert_scores(
        made("googlenet"), images(1, 3, 33, 33), [0.0850354, -0.126442, 0.01505, 0.0122384]
    )


@pytest.mark.slow
def test_in_training_it_scores_on_the_way_too():
    model = made("googlenet", num_classes=3, transform_input=True).train()
    found = model(ct.tensor(images(2, 3, 33, 33)))
    assert type(found).__name__ == "GoogLeNetOutputs"
    assert [each.shape for each in found] == [(2, 3)] * 3
