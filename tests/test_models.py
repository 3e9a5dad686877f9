"""All small networks: their sizes, and that they learn; how networks are found by name."""

from pathlib import Path

import numpy as np
import pytest
from model_checks import DIGITS, PHOTOS

import cltensor as ct
from cltensor import models, nn, optim

# model, shape of a batch, number of parameters
MODELS = [
    (models.LogisticRegression, DIGITS, 7850),
    (models.MLP, DIGITS, 269322),
    (models.LeNet, DIGITS, 61706),
    (models.BlitzNet, PHOTOS, 62006),
    (models.CifarNet, PHOTOS, 113962),
    (models.ResNet8, PHOTOS, 75290),
    (models.ResNet20, PHOTOS, 269722),
]


@pytest.mark.parametrize(("make", "shape", "count"), MODELS)
def test_sizes(make, shape, count):
    model = make()
    assert sum(p.size for p in model.parameters()) == count
    out = model(ct.randn(shape))
    assert out.shape == (4, 10)
    assert np.isfinite(out.detach().numpy()).all()
    assert make(classes=3)(ct.randn(shape)).shape == (4, 3)


@pytest.mark.parametrize(("make", "shape"), [model[:2] for model in MODELS])
def test_a_few_steps_lower_the_loss(make, shape):
    ct.manual_seed(0)
    model = make()
    x, y = ct.randn(shape), ct.tensor([3, 1, 4, 1])
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(8):
        optimizer.zero_grad()
        loss = nn.CrossEntropyLoss()(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss)
    assert losses[-1].item() < 0.7 * losses[0].item()


def test_names_are_found_and_their_files_imported_when_first_used(run_python):
    code = (
        "import sys, cltensor as ct; names = dir(ct.models); "
        "print([n for n in sys.modules if n.startswith('cltensor.models.')]); "
        "print(ct.models.alexnet.__name__, ct.models.vgg.__name__, ct.models.VGG.__name__); "
        "print(callable(ct.models.gpt2), callable(ct.models.crnn), 'vit_b_16' in names); "
        "from cltensor.models import googlenet, unet, ResNet8; print(googlenet.__name__)"
    )
    assert run_python(code).stdout.splitlines() == [
        "[]", "alexnet cltensor.models.vgg VGG", "True True True", "googlenet",
    ]  # fmt: skip


def test_models_by_name():
    assert {"resnet18", "densenet121", "gpt2"} <= set(models.list_models())
    files = {path.stem for path in Path(models.__file__).parent.glob("*.py")}
    assert not files & set(models.list_models())  # or importing one hides the function
    assert all(callable(getattr(models, name)) for name in models.list_models())
    assert type(models.get_model("squeezenet1_1", num_classes=2)).__name__ == "SqueezeNet"
    with pytest.raises(ct.DataError, match=r"no model 'ResNet8'; list_models\(\) names them"):
        models.get_model("ResNet8")
    with pytest.raises(AttributeError, match="did you mean 'resnet18'"):
        _ = models.resnet81
    with pytest.raises(TypeError, match="num_klasses"):
        models.squeezenet1_1(num_klasses=2)
