"""The short examples, for a few steps each: the ladder of nets, digits, and a pole to balance."""

import numpy as np
import pytest
import samples
from example_runs import EXAMPLES, runner

RUNGS = ["tensor_net", "autograd_net", "function_net", "nn_net", "optim_net"]


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    return runner(tmp_path, monkeypatch, capsys)


@pytest.fixture
def data(tmp_path, monkeypatch):
    arrays = samples.tiny_mnist(monkeypatch, train=64, test=32)
    files = {name: samples.idx(array) for name, array in arrays.items()}
    return samples.write_digits(tmp_path / "digits", files)


def losses(output):
    return [float(line.rpartition(" ")[2]) for line in output.splitlines()]


@pytest.mark.parametrize("rung", RUNGS)
def test_the_rungs_of_the_ladder_compute_the_same(run, rung):
    wanted = losses(run("ladder/numpy_net.py", 8))
    assert wanted[1] < wanted[0]
    np.testing.assert_allclose(losses(run(f"ladder/{rung}.py", 8)), wanted, atol=2e-5)


def test_every_rung_is_tried():
    names = {path.stem for path in (EXAMPLES / "ladder").glob("*.py")}
    assert names == {"numpy_net", "dynamic_net", *RUNGS}


def test_a_net_of_drawn_depth(run):
    first, last = losses(run("ladder/dynamic_net.py", 30))
    assert last < first


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("autoencoder", "step 3: loss 0."),
        ("vae", "step 3: loss "),
        pytest.param("dcgan", "step 3: judge ", marks=pytest.mark.slow),
        ("siamese", "of 1,000 pairs of test pictures"),
        pytest.param("accumulate", "step 3: loss ", marks=pytest.mark.slow),
    ],
)
def test_examples_on_digits(run, data, tmp_path, name, said):
    pytest.importorskip("PIL", reason="the examples write pictures")
    output = run(f"{name}.py", "--data", data, "--steps", 4, "--batch-size", 8)
    assert said in output
    assert "nan" not in output
    if f"wrote {name}.png" in output:
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    else:
        assert name in ("siamese", "accumulate")


def test_bad_options(run, tmp_path):
    with pytest.raises(SystemExit, match="vae: MNIST: no data files"):
        run("vae.py", "--data", tmp_path / "absent")
    with pytest.raises(SystemExit, match="2"):
        run("vae.py", "--steps", 0)


@pytest.mark.parametrize("script", [f"ladder/{rung}.py" for rung in RUNGS] + ["dqn.py"])
def test_help_and_what_is_no_number(run, capsys, script):
    with pytest.raises(SystemExit, match="0"):
        run(script, "--help")
    assert "usage: " in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        run(script, "many")
    assert "'many'" in capsys.readouterr().err


def test_an_interrupt_is_one_sentence(run, data, monkeypatch, capsys):
    monkeypatch.syspath_prepend(EXAMPLES)
    import digits

    def stop(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(digits, "shows", stop)
    pytest.importorskip("PIL", reason="the examples write pictures")
    with pytest.raises(SystemExit, match="130"):
        run("vae.py", "--data", data, "--steps", 2, "--batch-size", 4)
    assert capsys.readouterr().err == "vae: interrupted; nothing was kept\n"


def test_a_policy(run):
    output = run("reinforce.py", 3)
    assert output.startswith("episode 3: stood for ")


def test_worths_of_actions(run):
    output = run("dqn.py", 80)
    assert output.splitlines()[-1].startswith("step 80: stood for ")


def test_the_pole(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    from pole import Pole

    world = Pole(seed=1, longest=30)
    start = world.reset()
    assert np.abs(start).max() <= 0.05
    state, reward, fell, late = world.step(1)
    assert state[1] > start[1]  # pushed to the right, the cart goes there and the pole falls back
    assert state[3] < start[3]
    assert (reward, fell, late) == (1.0, False, False)
    steps = 1
    while not fell:
        _, _, fell, _ = world.step(1)
        steps += 1
    assert 5 < steps < 20
    world.reset()
    over = [world.step(k % 2)[3] for k in range(30)]
    assert over == [False] * 29 + [True]
