"""How many kernels a step of training launches, with the kernels for CPUs and with those for GPUs.

The counts are bounds: fewer is better, and then the bound goes down.
"""

import numpy as np
import pytest

import cltensor as ct
import cltensor.nn.functional as F
from benchmarks.networks import NETWORKS
from cltensor.lazy.fusion import Eager
from cltensor.runtime.kernel import Counters

pytestmark = pytest.mark.skipif(Eager.on, reason="CLTENSOR_EAGER=1 launches each operation")

#: Launches of a step of SGD at batch 4.
MOST = {
    "logreg": {"cpu": 6, "gpu": 6},
    "MLP": {"cpu": 14, "gpu": 14},
    "LeNet": {"cpu": 31, "gpu": 31},
    "ResNet-8": {"cpu": 98, "gpu": 83},
    "ResNet-20": {"cpu": 217, "gpu": 199},
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
