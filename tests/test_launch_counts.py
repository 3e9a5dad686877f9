"""How many kernels a step of training launches, with the kernels for CPUs and with those for GPUs.

The counts are bounds, of PoCL on few cores: more units cut reductions into more parts, which are
merged. Fewer is better, and then the bound goes down.
"""

import os

import numpy as np
import pytest

import cltensor as ct
import cltensor.nn.functional as F
from benchmarks.networks import NETWORKS
from cltensor.lazy.fusion import Eager
from cltensor.runtime.kernel import Counters

PLAYED = os.environ.get("CLTENSOR_REFUSALS") or os.environ.get("CLTENSOR_PLAYED")
pytestmark = pytest.mark.skipif(
    bool(Eager.on or PLAYED), reason="CLTENSOR_EAGER=1 and played GPUs have launches of their own"
)

#: Launches of a step of SGD at batch 4.
MOST = {
    "logreg": {"cpu": 5, "gpu": 5},
    "MLP": {"cpu": 13, "gpu": 13},
    "LeNet": {"cpu": 30, "gpu": 26},
    "ResNet-8": {"cpu": 97, "gpu": 68},
    "ResNet-20": {"cpu": 216, "gpu": 164},
}


class OwnLibrary:
    """What the networks of the benchmarks are built from."""

    nn = ct.nn

    @staticmethod
    def pad_channels(x, each):
        return ct.pad(x, (0, 0, 0, 0, each, each))


def named(text):
    return next(NETWORKS[name] for name in NETWORKS if name.startswith(text))


@pytest.mark.parametrize("name", MOST)
def test_a_step(skeleton, name):
    if not skeleton.is_pocl or skeleton.compute_units > 4:
        pytest.skip("another device cuts kernels into other parts")
    network = named(name)
    model = network.build(OwnLibrary)
    optimizer = ct.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    rng = np.random.default_rng(1)
    x = ct.tensor(rng.standard_normal((4, *network.example)).astype("float32"))
    labels = ct.tensor(rng.integers(0, 10, 4))

    def step():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    step()
    step()
    before = Counters.launches
    step()
    kind = "cpu" if skeleton.is_cpu else "gpu"
    assert Counters.launches - before <= MOST[name][kind]
