"""The view of a run that the examples give with --live."""

import io

import pytest
import samples
from example_runs import EXAMPLES, runner


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    return runner(tmp_path, monkeypatch, capsys)


def test_the_curve(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    from live import curve

    assert curve([], height=2) == ["", ""]
    assert curve([0.0, 1.0], height=1) == ["▁█"]
    assert curve([3.0, 2.0, 1.0], height=2) == ["█▁ ", "██▁"]
    assert [len(line) for line in curve(list(map(float, range(1000))), width=40)] == [40] * 8


def test_the_panel(device, monkeypatch):
    console_of = pytest.importorskip("rich.console", reason="needs the extra 'live'").Console
    monkeypatch.syspath_prepend(EXAMPLES)
    from live import Board

    console = console_of(file=io.StringIO(), width=120, color_system=None)
    board = Board("mine", console)
    with board.bar(total=100, initial=10, desc="epoch 1/2", unit=" images") as bar:
        bar.update(20)
        bar.update(30)
        bar.set_postfix(loss="2.5", accuracy="31.0%", refresh=False)
    assert board.speed() > 0
    console.print(board.render(bar))
    text = console.file.getvalue()
    for part in ("mine", "epoch 1/2", "60 of 100 images", "2.5000", "31.0%", "MiB", "device"):
        assert part in text


def test_an_example_with_it(run, monkeypatch):
    pytest.importorskip("rich", reason="needs the extra 'live'")
    pytest.importorskip("safetensors", reason="the examples keep checkpoints")
    options = ("--size", 8, "--length", 8, "--layers", 1, "--batch-size", 2, "--write", 5)
    output = run("char_lstm.py", *options, "--steps", 11, "--live")
    assert "step 11: loss" in output


def test_an_image_example_with_it(run, monkeypatch, tmp_path):
    for package in ("rich", "matplotlib", "safetensors", "tqdm"):
        pytest.importorskip(package, reason="needs the extras 'live' and 'mnist'")
    monkeypatch.syspath_prepend(EXAMPLES)
    arrays = samples.tiny_mnist(monkeypatch, train=32, test=16)
    folder = samples.write_digits(tmp_path / "d", {n: samples.idx(a) for n, a in arrays.items()})
    options = ("--model", "logreg", "--epochs", 1, "--batch-size", 16, "--live")
    assert "epoch 1: test loss" in run("mnist.py", "--data", folder, *options)
