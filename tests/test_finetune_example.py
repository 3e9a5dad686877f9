"""The example that trains a last layer, on tiny data."""

import numpy as np
import pytest
import samples
from example_runs import runner

import cltensor as ct

pytest.importorskip("safetensors", reason="the example keeps weights")


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    return runner(tmp_path, monkeypatch, capsys)


@pytest.mark.slow
def test_it_trains_the_last_layer_alone(run, tmp_path, monkeypatch):
    folder = tmp_path / "photographs"
    folder.mkdir()
    for name, batch in samples.tiny_cifar10(monkeypatch, 8).items():
        (folder / f"{name}.bin").write_bytes(batch.tobytes())
    ct.manual_seed(1)
    before = ct.models.mobilenet_v2().state_dict()
    ct.weights.save(before, "net.safetensors")
    options = ("--data", folder, "--weights", "net.safetensors", "--size", 32, "--batch-size", 8)
    output = run("finetune.py", *options, "--limit", 16, "--epochs", 12, "--lr", 0.02)
    assert "finetune: looked at 24 images in " in output
    losses = [float(line.split("loss ")[1].split(",")[0]) for line in output.splitlines()[1:-1]]
    assert len(losses) == 12
    assert losses[-1] < losses[0] - 0.05  # what it sees of noise differs little
    after = ct.weights.load("finetune.safetensors")
    assert after["classifier.1.weight"].shape == (10, 1280)
    for name in ("features.0.0.weight", "features.3.conv.1.1.running_var"):
        np.testing.assert_array_equal(after[name].numpy(), before[name].numpy())


def test_missing_files_end_with_one_sentence(run, tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match=r"finetune: CIFAR10: no data files: the root '.*absent'"):
        run("finetune.py", "--data", tmp_path / "absent")
    folder = tmp_path / "photographs"
    folder.mkdir()
    for name, batch in samples.tiny_cifar10(monkeypatch, 8).items():
        (folder / f"{name}.bin").write_bytes(batch.tobytes())
    with pytest.raises(SystemExit, match=r"finetune: load: 'absent\.pth' cannot be read"):
        run("finetune.py", "--data", folder, "--weights", "absent.pth")
    with pytest.raises(SystemExit, match="2"):
        run("finetune.py", "--size", 0)
