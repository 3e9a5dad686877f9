"""The examples that learn from a text, for a few steps: they train, keep, go on and write."""

import pytest
from example_runs import runner

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


def test_bad_options(run):
    with pytest.raises(SystemExit):
        run("gpt.py", "--temperature", 0)
    with pytest.raises(SystemExit, match="No such file"):
        run("gpt.py", "--text", "nowhere.txt")
