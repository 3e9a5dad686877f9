"""The examples for several processes, for a few steps each."""

import re

import pytest
import ranks
from example_runs import EXAMPLES


def test_parts_of_a_model_learn_as_the_whole(other_device):
    done = ranks.launched(2, EXAMPLES / "parallel.py", "--steps", 3)
    assert done.returncode == 0, done.stdout + done.stderr
    found = dict(line.split(": ") for line in done.stdout.splitlines())
    assert set(found) == {"one device", "devices", "tensor", "ranks"}
    losses = {name: [float(x) for x in row.split()] for name, row in found.items()}
    for name in losses:
        assert losses[name] == pytest.approx(losses["one device"], abs=2e-6), name


@pytest.mark.parametrize("count", [1, 2])
def test_digits_are_learned_by_several_processes(count):
    more = ["--zero"] if count > 1 else []
    arguments = ["--epochs", 1, "--count", 1024, "--batch-size", 64, *more]
    done = ranks.launched(count, EXAMPLES / "distributed.py", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f" s on {count} ranks" in done.stdout
    right = re.search(r"([\d.]+)% of 128 digits held back are right", done.stdout)
    assert float(right[1]) > 60


def test_however_many_processes_find_the_same_bits():
    found = set()
    for count in (1, 2):
        more = ["--zero"] if count > 1 else []
        arguments = ["--epochs", 1, "--count", 512, "--deterministic", *more]
        done = ranks.launched(count, EXAMPLES / "distributed.py", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        found.add(re.search(r"SHA-256 of the parameters: (\w+)", done.stdout)[1])
    assert len(found) == 1
