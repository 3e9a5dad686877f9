"""A network learns the same on a GPU that refuses (refusing.py)."""

import os
from pathlib import Path

import numpy as np

TESTS = Path(__file__).parent
PROGRAM = """
import numpy as np
{begin}
import cltensor as ct

ct.manual_seed(0)
net = ct.nn.Sequential(
    ct.nn.Conv2d(3, 20, 3, padding=1), ct.nn.BatchNorm2d(20), ct.nn.ReLU(), ct.nn.MaxPool2d(2),
    ct.nn.Flatten(), ct.nn.Linear(20 * 16, 90), ct.nn.ReLU(), ct.nn.Linear(90, 10),
)
optimizer = ct.optim.Adam(net.parameters(), lr=0.01)
random = np.random.default_rng(0)

def step(x, y):
    optimizer.zero_grad()
    loss = ct.nn.functional.cross_entropy(net(x), y)
    loss.backward()
    optimizer.step()
    return loss

step = ct.jit(step)
for _ in range(12):
    x = ct.tensor(random.standard_normal((70, 3, 8, 8)).astype("float32"))
    print(step(x, ct.tensor(random.integers(0, 10, 70))).item())
    spare = ct.zeros(50_000).realize()
{end}
"""
BEGIN = """
import refusing
refusing.RARITY = 6
refusing.Refusing(3).install()
"""
END = "print(*sorted(refusing.refused))"


def test_a_network_learns_the_same_on_a_gpu_that_refuses(run_python):
    paths = os.pathsep.join([str(TESTS.parent), str(TESTS)])
    plain = run_python(PROGRAM.format(begin="", end="print()")).stdout.splitlines()
    done = run_python(PROGRAM.format(begin=BEGIN, end=END), PYTHONPATH=paths)
    *losses, refused = done.stdout.splitlines()
    np.testing.assert_allclose(np.array(losses, float), np.array(plain[:-1], float), rtol=2e-3)
    assert refused.split() == ["MEM_OBJECT_ALLOCATION_FAILURE", "OUT_OF_RESOURCES"]
