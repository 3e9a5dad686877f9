"""The examples that learn from a text, for a few steps: they train, keep, go on and write."""

import copy

import numpy as np
import pytest
from example_runs import runner

import cltensor as ct

pytest.importorskip("safetensors", reason="the examples keep checkpoints")

SMALL = ("--size", 16, "--length", 12, "--layers", 2, "--batch-size", 4, "--write", 20)


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    return runner(tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize(
    ("script", "options"), [("char_lstm.py", SMALL), ("gpt.py", (*SMALL, "--heads", 2))]
)
def test_it_learns_keeps_and_writes(run, script, options, tmp_path):
    losses = []
    whole = run(script, *options, "--steps", 20, "--lr", 0.02)
    for line in whole.splitlines():
        if line.startswith("step "):
            losses.append(float(line.split("loss ")[1].split(",")[0]))
    assert losses[-1] < losses[0] - 0.3
    written = whole.split("\n", 11)[-1]
    assert written.startswith("The harbour ")
    assert len(written.rstrip("\n")) <= len("The harbour ") + 20
    kept = tmp_path / script.replace(".py", ".ct")
    assert kept.exists()


def test_a_run_that_goes_on_is_the_same(run):
    whole = run("char_lstm.py", *SMALL, "--steps", 6).splitlines()
    run("char_lstm.py", *SMALL, "--steps", 6, "--seed", 0)
    run("char_lstm.py", *SMALL, "--steps", 4, "--checkpoint", "part.ct")
    again = run("char_lstm.py", "--steps", 6, "--resume", "--checkpoint", "part.ct", "--write", 20,
                "--batch-size", 4).splitlines()  # fmt: skip
    # The learning rate follows the number of steps, which was another one: what is the same is that
    # the steps before are kept.
    assert again[1].startswith("step 5")
    assert whole[0] == again[0]


def test_tokens_of_byte_pairs(run):
    pytest.importorskip("tokenizers", reason="needs the extra 'text'")
    options = ("--steps", 3, "--checkpoint", "pairs.ct", "--batch-size", 4, "--write", 20)
    output = run("char_lstm.py", *SMALL, *options, "--pairs", 300)
    assert "BPETokenizer(300 tokens)" in output
    again = run("char_lstm.py", *options, "--resume")
    assert "BPETokenizer(300 tokens)" in again
    assert again.splitlines()[-1] == output.splitlines()[-1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--temperature", 0), "'0'; give a number, above 0"),
        (("--temperature", "nan"), "'nan'; give a number, above 0"),
        (("--lr", -1), "'-1'; give a number, 0 or more"),
        (("--batch-size", 0), "'0'; give a whole number, 1 or more"),
        (("--layers", "x"), "'x'; give a whole number, 1 or more"),
        (("--heads", 3, "--size", 16), "--heads has to divide --size"),
        (("--pairs", 100), "--pairs takes 0, or more than the 256"),
        (("--checkpoint", "absent/gpt.ct"), "there is no such folder"),
        (("--checkpoint", "."), "that is a folder"),
    ],
)
def test_bad_options(run, capsys, options, said):
    with pytest.raises(SystemExit, match="2"):
        run("gpt.py", *options)
    assert said in capsys.readouterr().err


def test_bad_texts(run, tmp_path):
    with pytest.raises(SystemExit, match="gpt: .*No such file"):
        run("gpt.py", "--text", "nowhere.txt")
    (tmp_path / "short.txt").write_text("hello")
    with pytest.raises(SystemExit, match="gpt: the text has too few tokens for pieces of 64"):
        run("gpt.py", "--text", "short.txt")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(SystemExit, match="gpt: 'bytes.txt' is no text in UTF-8"):
        run("gpt.py", "--text", "bytes.txt")


def losses(output):
    """Those of the test, before and after."""
    return [float(output.split(f"test loss {when} ")[1].split()[0]) for when in ("before", "after")]


@pytest.mark.slow
def test_lora_learns_beside_what_was_learnt(run, tmp_path):
    run("gpt.py", *SMALL, "--heads", 2, "--steps", 30, "--lr", 0.02)
    before = (tmp_path / "gpt.ct").read_bytes()
    (tmp_path / "fog.txt").write_text("the fog and the boat, " * 40)
    options = ("--batch-size", 4, "--write", 20, "--text", "fog.txt", "--lr", 0.02)
    first, last = losses(run("lora.py", *options, "--steps", 40))
    assert last < first - 0.05
    output = run("lora.py", "--steps", 2, "--batch-size", 4, "--write", 20)
    assert "lora: 2,048 weights learn beside " in output
    assert "\nthe harbour " in output
    assert (tmp_path / "gpt.ct").read_bytes() == before
    kept = ct.load(tmp_path / "lora.ct")
    assert list(kept["model"])[:2] == ["blocks.0.qkv.a", "blocks.0.qkv.b"]
    assert (kept["rank"], len(kept["model"])) == (4, 16)
    with pytest.raises(SystemExit, match=r"there is no 'absent\.ct'; first: python examples/gpt"):
        run("lora.py", "--base", "absent.ct")


def test_lora_is_its_sum(run):
    import lora

    ct.manual_seed(0)
    model = ct.nn.Sequential(ct.nn.Linear(6, 5), ct.nn.Linear(5, 4))
    plain = copy.deepcopy(model)
    x = ct.randn(3, 6)
    lora.adapt(model, ("1",), rank=2, alpha=3.0)
    assert [name for name, p in model.named_parameters() if p.requires_grad] == ["1.a", "1.b"]
    np.testing.assert_allclose(model(x).tolist(), plain(x).tolist(), rtol=1e-6)
    with ct.no_grad():
        model[1].b.normal_()
    a, b = model[1].a.tolist(), model[1].b.tolist()
    wanted = plain(x).detach().numpy() + 1.5 * plain[0](x).detach().numpy() @ np.transpose(
        a
    ) @ np.transpose(b)
    np.testing.assert_allclose(model(x).tolist(), wanted, rtol=1e-4, atol=1e-5)
    merged = lora.merge(model)
    assert type(merged[1]) is ct.nn.Linear
    np.testing.assert_allclose(merged(x).tolist(), wanted, rtol=1e-4, atol=1e-5)
