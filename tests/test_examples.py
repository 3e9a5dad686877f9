"""The examples, run whole on tiny data: they train, write their files and take them up again."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import samples
from example_runs import EXAMPLES, runner

import cltensor as ct

Figure = pytest.importorskip(
    "matplotlib.figure", reason="the examples need the extra 'mnist'"
).Figure
pytest.importorskip("safetensors", reason="the examples need the extra 'mnist'")
pytest.importorskip("tqdm", reason="the examples need the extra 'mnist'")


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    return runner(tmp_path, monkeypatch, capsys)


@pytest.fixture
def quick(run, monkeypatch):
    """`run` with pictures that take no time."""
    import training

    monkeypatch.setattr(training, "picture", lambda *args: Figure((1, 1)))
    return run


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
    assert f"mlp on {ct.device()}, " in output
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
    with pytest.raises(SystemExit, match=r"mnist: load: 'bad\.safetensors' is damaged"):
        run("mnist.py", "--data", digits, "--model", "logreg", "--resume", "bad.safetensors")
    with pytest.raises(SystemExit, match="mnist: device: there is no 'cl:99'"):
        run("mnist.py", "--data", digits, "--device", "cl:99")
    for option in (["--limit", "0"], ["--epochs", "-1"], ["--batch-size", "0"], ["--lr", "-1"]):
        with pytest.raises(SystemExit, match="2"):
            run("mnist.py", "--data", digits, *option)
    assert not (tmp_path / "mnist.png").exists()


SHORT = ("--model", "logreg", "--limit", 64, "--batch-size", 32)


def test_a_short_run_keeps_the_files_of_a_longer_one(quick, digits, tmp_path):
    common = ("--data", digits, "--model", "logreg", "--batch-size", 32)
    quick("mnist.py", *common, "--epochs", 2)
    names = ("mnist.safetensors", "mnist.png", "mnist-checkpoint.safetensors")
    before = [(tmp_path / name).read_bytes() for name in names]
    for options in ([*SHORT, "--epochs", 1], ["--model", "logreg", "--epochs", 0]):
        output = quick("mnist.py", "--data", digits, *options)
        assert "kept mnist.png and mnist.safetensors of a better run (test accuracy " in output
        assert [(tmp_path / name).read_bytes() for name in names] == before
        notice = "kept 'mnist-checkpoint.safetensors' of a longer run; this one writes none"
        assert (notice in output) == ("--limit" in options)
    output = quick("mnist.py", "--data", digits, *SHORT, "--epochs", 1, "--overwrite")
    assert "wrote mnist.png and mnist.safetensors" in output
    assert (tmp_path / names[0]).read_bytes() != before[0]
    assert (tmp_path / names[2]).read_bytes() != before[2]
    for name in names:
        (tmp_path / name).write_bytes(b"foreign")
    quick("mnist.py", "--data", digits, *SHORT, "--epochs", 1, "--overwrite")
    assert all((tmp_path / name).read_bytes() != b"foreign" for name in names)
    output = quick("mnist.py", *common, "--epochs", 0)  # of all images, but not trained
    assert "kept mnist.png and mnist.safetensors of a better run" in output
    output = quick("mnist.py", *common, "--epochs", 1)  # longer than what is there now
    assert "wrote mnist.png and mnist.safetensors" in output
    quick("mnist.py", *common, "--epochs", 0, "--overwrite")
    output = quick("mnist.py", "--data", digits, *SHORT, "--epochs", 1)
    assert "wrote mnist.png and mnist.safetensors" in output


@pytest.mark.parametrize(
    "name", ["mnist.safetensors", "mnist.png", "mnist-checkpoint.safetensors", "own.ct"]
)
@pytest.mark.parametrize("kind", ["text", "weights", "checkpoint"])
def test_foreign_files_are_never_written_over(quick, digits, tmp_path, name, kind):
    path = tmp_path / name
    if kind == "text":
        path.write_bytes(b"the work of years")
    elif kind == "weights":
        ct.weights.save({"linear.bias": ct.ones(10)}, path)
    else:
        ct.save({"model": ct.ones(10)}, path)
    before = path.read_bytes()
    options = ["--checkpoint", name] if name == "own.ct" else []
    with pytest.raises(SystemExit, match=rf"mnist: '{name}' is not a file of this example; --over"):
        quick("mnist.py", "--data", digits, *SHORT, "--epochs", 1, *options)
    assert path.read_bytes() == before


def test_an_unfinished_run_is_not_forgotten(quick, digits, tmp_path):
    quick("mnist.py", "--data", digits, *SHORT, "--epochs", 1)
    state = ct.load("mnist-checkpoint.safetensors")
    assert (state["epoch"], state["step"], state["options"]["epochs"]) == (1, 0, 1)
    assert state["best"] == max(look[2] for look in state["history"]["test"])
    state["options"]["epochs"] = 3
    ct.save(state, "mnist-checkpoint.safetensors")
    with pytest.raises(SystemExit, match=r"holds a run that stopped in epoch 2 of 3; go on with"):
        quick("mnist.py", "--data", digits, *SHORT, "--epochs", 3)
    output = quick("mnist.py", "--data", digits, "--resume")
    assert "epoch 2: test loss" in output
    assert "epoch 3: test loss" in output
    assert "epoch 1: test loss" not in output


def test_more_epochs_go_on_along_a_longer_schedule(quick, digits, tmp_path):
    quick("mnist.py", "--data", digits, *SHORT, "--epochs", 2)
    assert ct.load("mnist-checkpoint.safetensors")["optimizer"]["param_groups"][0]["lr"] == 0
    output = quick("mnist.py", "--data", digits, "--resume", "--epochs", 3)
    assert "epoch 3: test loss" in output
    state = ct.load("mnist-checkpoint.safetensors")
    assert (state["epoch"], state["scheduler"]["last_epoch"]) == (3, 6)
    for option in (["--lr", "0.5"], ["--limit", "10"], ["--model", "mlp"], ["--batch-size", "7"]):
        with pytest.raises(SystemExit, match=f"was trained with {option[0]} .*, not "):
            quick("mnist.py", "--data", digits, "--resume", *option)


def test_checkpoints_of_others_are_refused(quick, digits, tmp_path):
    quick("mnist.py", "--data", digits, *SHORT, "--epochs", 1, "--checkpoint", "mine.ct")
    assert not (tmp_path / "mnist-checkpoint.safetensors").exists()
    state = ct.load("mine.ct")
    ct.save({**state, "example": "cifar10"}, "theirs.ct")
    with pytest.raises(SystemExit, match=r"'theirs\.ct' is a checkpoint of cifar10, not of mnist"):
        quick("mnist.py", "--data", digits, "--resume", "theirs.ct")
    with pytest.raises(SystemExit, match=r"mnist: load: 'mnist-checkpoint.* cannot be read"):
        quick("mnist.py", "--data", digits, "--resume")
    quick("mnist.py", "--data", digits, "--resume", "mine.ct", "--epochs", 2)
    assert ct.load("mine.ct")["epoch"] == 2


def test_the_picture_zooms(run, tmp_path):
    import picture

    history = picture.History()
    history.train = [(i / 20, 2.3 * 0.95**i, 1 - 0.9 * 0.95**i) for i in range(100)]
    history.test = [(i, 2.3 * 0.3**i, 1 - 0.9 * 0.3**i) for i in range(6)]
    test = samples.images(4)
    test.classes = ("a", "b", "c", "d")
    figure = picture.picture(history, test, np.array([0, 1, 2, 0]))
    loss, accuracy = figure.subfigs[0].axes
    assert (loss.get_yscale(), accuracy.get_yscale()) == ("log", "linear")
    low, high = accuracy.get_ylim()
    assert low > 0.4, "the rise from nothing takes no space"
    assert 0.99 < high <= 1.0
    history = picture.History(test=[(0, 2.3, 0.1)])
    figure = picture.picture(history, test, np.array([0, 1, 2, 3]))
    low, high = figure.subfigs[0].axes[1].get_ylim()
    assert low < 0.1 < high
    figure.savefig(tmp_path / "picture.png")


def person(folder, digits, *arguments):
    """A process that runs examples/mnist.py on the small digits, started from `folder`."""
    from cltensor.data import mnist

    digests = json.dumps({name: tuple(content) for name, content in mnist.FILES.items()})
    code = (
        "import json, runpy, sys; from cltensor.data import files, mnist; "
        f"found = json.loads({digests!r}); "
        "mnist.FILES = {name: files.Content(*content) for name, content in found.items()}; "
        f"sys.path.insert(0, {str(EXAMPLES)!r}); "
        f"sys.argv = ['mnist.py', '--data', {str(digits)!r}, *{list(map(str, arguments))!r}]; "
        f"runpy.run_path({str(EXAMPLES / 'mnist.py')!r}, run_name='__main__')"
    )
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(EXAMPLES.parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def without_bars(text):
    """The lines of the terminal, progress bars and what is said about compiling left out."""
    lines = [line for part in text.split("\n") for line in part.split("\r")]
    return [line for line in lines if line.strip() and "images" not in line and "comp" not in line]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C as POSIX has it")
def test_ctrl_c_saves_and_a_resumed_run_equals_an_uninterrupted_one(digits, tmp_path):
    options = ("--model", "mlp", "--limit", 72, "--batch-size", 8, "--epochs", 25)
    whole = person(tmp_path / "whole", digits, *options)
    parts = person(tmp_path / "parts", digits, *options)
    interrupts = 0
    for after in (2, 9, 18):
        for line in parts.stdout:
            if line.startswith(f"epoch {after}:"):
                parts.send_signal(signal.SIGINT)
                break
        _, errors = parts.communicate(timeout=120)
        assert parts.returncode == 130, errors
        (said,) = without_bars(errors)
        assert said.startswith("mnist: interrupted in epoch ")
        assert said.endswith("; go on with --resume from 'mnist-checkpoint.safetensors'")
        assert not (tmp_path / "parts" / "mnist.safetensors").exists()
        interrupts += 1
        parts = person(tmp_path / "parts", digits, "--resume")
    for process in (parts, whole):
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert without_bars(errors) == []
    found = [
        ct.load(tmp_path / name / "mnist-checkpoint.safetensors") for name in ("parts", "whole")
    ]
    for state in found:
        state["optimizer"]["param_groups"] = [sorted(state["optimizer"]["param_groups"][0].items())]
    assert interrupts == 3
    assert leaves(found[0]) == leaves(found[1])
    assert [sorted(p.name for p in (tmp_path / name).iterdir()) for name in ("parts", "whole")] == [
        ["mnist-checkpoint.safetensors", "mnist.png", "mnist.safetensors"]
    ] * 2
    with (
        open(tmp_path / "parts" / "mnist.png", "rb") as a,
        open(tmp_path / "whole" / "mnist.png", "rb") as b,
    ):
        assert a.read() == b.read()


def leaves(value):
    """A nesting with tensors as their bytes."""
    if isinstance(value, dict):
        return {key: leaves(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [leaves(member) for member in value]
    return value.detach().numpy().tobytes() if hasattr(value, "numpy") else repr(value)


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C as POSIX has it")
def test_the_second_ctrl_c_ends_at_once(run):
    import keeping

    before = signal.getsignal(signal.SIGINT)
    with keeping.Interrupts() as stop:
        stop.check()
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(keeping.Interrupted):
            stop.check()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_before_training_is_one_line(run, digits, monkeypatch, capsys):
    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(ct, "manual_seed", interrupted)
    with pytest.raises(SystemExit, match="130"):
        run("mnist.py", "--data", digits, *SHORT)
    assert without_bars(capsys.readouterr().err) == [
        "mnist: interrupted; nothing was saved since the last checkpoint"
    ]
