"""Vision Transformer: published names, shapes and scores."""

import pytest
from model_checks import assert_published, assert_scores, images, made

import cltensor as ct

SMALL = {
    "image_size": 32, "num_layers": 2, "num_heads": 2, "hidden_dim": 32, "mlp_dim": 48,
    "num_classes": 10,
}  # fmt: skip


def test_names_and_shapes():
    assert_published("vit_b_16", "9d2b099647384891", 86567656)


@pytest.mark.slow
def test_scores_are_pytorchs():
    scores = [-0.861209, 0.626868, -0.156968, -1.49644]
    assert_scores(made("vit_b_16", **SMALL), images(2, 3, 32, 32), scores)


def test_another_size_is_refused_by_name():
    with pytest.raises(ct.ShapeError, match=r"the images are \(32, 40\), .* \(32, 32\); resize"):
        made("vit_b_16", **SMALL)(ct.zeros(1, 3, 32, 40))


def test_the_names_of_the_published_files_are_read():
    model = made("vit_b_16", **SMALL)
    given = {
        name.replace("mlp.0", "mlp.linear_1").replace("mlp.3", "mlp.linear_2"): value
        for name, value in model.state_dict().items()
    }
    first = "encoder.layers.encoder_layer_0.mlp.linear_1.bias"
    given[first] = ct.full((48,), 3.0)
    model.load_state_dict(given)
    assert model.state_dict()[first.replace("linear_1", "0")][0].item() == 3
