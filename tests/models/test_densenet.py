"""DenseNet: published names, shapes and scores."""

import pytest
from model_checks import assert_published, assert_scores, images, made

import cltensor as ct

PUBLISHED = [
    ("densenet121", "7276922e3dc9be16", 7978856),
    ("densenet161", "5fa233a79d607bf3", 28681000),
    ("densenet169", "74e276a2db9a0246", 14149480),
    ("densenet201", "22dbf45656a95a55", 20013928),
]


@pytest.mark.parametrize(("name", "digest", "count"), PUBLISHED)
def test_names_and_shapes(name, digest, count):
    assert_published(name, digest, count)


@pytest.mark.slow
def test_scores_are_pytorchs():
    assert_scores(
        made("densenet121"), images(1, 3, 32, 32), [0.26823, 0.00607197, -0.0905835, -0.0486265]
    )


def test_the_names_of_the_published_files_are_read():
    model = made("densenet121", block_config=(1, 1), num_classes=2)
    given = {
        name.replace("norm1", "norm.1").replace("conv2", "conv.2"): value
        for name, value in model.state_dict().items()
    }
    assert "features.denseblock1.denselayer1.norm.1.weight" in given
    given["features.denseblock1.denselayer1.norm.1.weight"] = ct.full((64,), 3.0)
    model.load_state_dict(given)
    assert model.features.denseblock1.denselayer1.norm1.weight[0].item() == 3
