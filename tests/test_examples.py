"""The examples, run whole on tiny data: they train, write their files and take them up again."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import samples

import cltensor as ct

pytest.importorskip("matplotlib", reason="the examples need the extra 'mnist'")
pytest.importorskip("safetensors", reason="the examples need the extra 'mnist'")
pytest.importorskip("tqdm", reason="the examples need the extra 'mnist'")

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs an example in an empty folder; returns what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(EXAMPLES)

    def call(script, *arguments):
        monkeypatch.setattr(sys, "argv", [script, *map(str, arguments)])
        runpy.run_path(str(EXAMPLES / script), run_name="__main__")
        return capsys.readouterr().out

    return call


@pytest.fixture
def digits(tmp_path, monkeypatch):
    folder = tmp_path / "digits"
    folder.mkdir()
    for name, array in samples.tiny_mnist(monkeypatch, train=320, test=80).items():
        (folder / name).write_bytes(samples.idx(array))
    return folder


def weights(path):
    from safetensors.numpy import load_file

    return load_file(path)


def accuracy(output):
    return float(output.rsplit("test accuracy ", 1)[1].split("%")[0])


def test_mnist_learns_writes_and_resumes(run, digits, tmp_path):
    common = ("--data", digits, "--model", "mlp")
    output = run("mnist.py", *common, "--epochs", 3, "--lr", 0.01, "--batch-size", 32)
    assert accuracy(output) > 90
    assert f"mlp on {ct.device().name}, " in output
    assert (tmp_path / "mnist.png").read_bytes().startswith(b"\x89PNG")
    before = weights("mnist.safetensors")
    assert {key: value.shape for key, value in before.items()}["layers.1.weight"] == (256, 784)

    resumed = run("mnist.py", *common, "--epochs", 0, "--resume")
    assert accuracy(resumed) == accuracy(output)
    for key, value in weights("mnist.safetensors").items():
        np.testing.assert_array_equal(value, before[key])


def test_mnist_seed_fixes_the_run(run, digits):
    options = ("--data", digits, "--model", "logreg", "--limit", 100, "--epochs", 1)
    runs = []
    for seed in (1, 1, 2):
        run("mnist.py", *options, "--seed", seed)
        runs.append(weights("mnist.safetensors")["linear.weight"])
    np.testing.assert_array_equal(runs[0], runs[1])
    assert (runs[0] != runs[2]).any()


@pytest.mark.slow
def test_mnist_cnn_runs(run, digits):
    output = run("mnist.py", "--data", digits, "--limit", 64, "--epochs", 1)
    assert "epoch 1: test loss" in output
    assert weights("mnist.safetensors")["features.3.weight"].shape == (16, 8, 5, 5)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["cnn", "blitz"])
def test_cifar10_runs(run, tmp_path, monkeypatch, model):
    folder = tmp_path / "photographs"
    folder.mkdir()
    for name, batch in samples.tiny_cifar10(monkeypatch, 8).items():
        (folder / f"{name}.bin").write_bytes(batch.tobytes())
    options = ("--data", folder, "--model", model, "--epochs", 1, "--batch-size", 16)
    output = run("cifar10.py", *options, "--limit", 32)
    assert "epoch 1: test loss" in output
    assert (tmp_path / "cifar10.png").stat().st_size > 1000
    assert len(weights("cifar10.safetensors")) == {"cnn": 20, "blitz": 10}[model]


def test_bad_input_ends_with_one_sentence(run, digits, tmp_path):
    with pytest.raises(SystemExit, match=r"mnist: MNIST: no data files: the root '.*absent'"):
        run("mnist.py", "--data", tmp_path / "absent")
    ct.weights.save({"linear.weight": ct.ones((2, 784))}, "other.safetensors")
    with pytest.raises(SystemExit, match=r'(?s)mnist: .*"linear\.bias".*size mismatch'):
        run("mnist.py", "--data", digits, "--model", "logreg", "--resume", "other.safetensors")
    (tmp_path / "bad.safetensors").write_bytes(b"no weights")
    with pytest.raises(SystemExit, match=r"mnist: weights\.load: 'bad\.safetensors' is damaged"):
        run("mnist.py", "--data", digits, "--model", "logreg", "--resume", "bad.safetensors")
    with pytest.raises(SystemExit, match="mnist: device: there is no 'cl:99'"):
        run("mnist.py", "--data", digits, "--device", "cl:99")
    for option in (["--limit", "0"], ["--epochs", "-1"], ["--batch-size", "0"], ["--lr", "-1"]):
        with pytest.raises(SystemExit, match="2"):
            run("mnist.py", "--data", digits, *option)
    assert not (tmp_path / "mnist.png").exists()
