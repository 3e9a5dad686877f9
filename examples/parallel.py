"""Parts of one model in several places: pipelines over devices and ranks, and tensor parallelism.

    python -m cltensor.launch -n 2 examples/parallel.py
    python examples/parallel.py          # the devices of this process alone

Each way trains the same network on the same data as one process on one device would, and prints its
losses.
"""

import argparse

import numpy as np

import cltensor as ct
from cltensor import nn
from cltensor.nn import functional as F


def network():
    """The same weights in all ranks."""
    ct.manual_seed(0)
    middle = [layer for _ in range(4) for layer in (nn.Linear(128, 128), nn.GELU())]
    return nn.Sequential(nn.Linear(64, 128), nn.GELU(), *middle, nn.Linear(128, 10))


def train(model, x, y, steps):
    """The losses of a model that takes the batch as a whole."""
    optimizer = ct.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        out = model(x)
        loss = F.cross_entropy(out, y.to(out.device))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def train_pipeline(x, y, steps):
    """The same with a stage in each rank."""
    model = nn.parallel.RankPipeline(network(), chunks=4)
    optimizer = ct.optim.SGD(model.parameters(), lr=0.1)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        losses.append(model.step(x, y, F.cross_entropy))
        optimizer.step()
    return losses


def show(name, losses):
    if not ct.distributed.is_initialized() or ct.distributed.get_rank() == 0:
        print(f"{name}: " + " ".join(f"{loss:.6f}" for loss in losses), flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=5)
    steps = parser.parse_args().steps
    if ct.distributed.is_available():
        ct.distributed.init_process_group(timeout=60)
    draw = np.random.default_rng(0)
    x = ct.tensor(draw.standard_normal((64, 64), dtype=np.float32))
    y = ct.tensor(draw.integers(0, 10, 64))
    show("one device", train(network(), x, y, steps))
    devices = ct.devices()[:2]
    show("devices", train(nn.parallel.DevicePipeline(network(), devices, chunks=2), x, y, steps))
    if ct.distributed.is_initialized():
        show("tensor", train(nn.parallel.tensor_parallel(network()), x, y, steps))
        show("ranks", train_pipeline(x, y, steps))


if __name__ == "__main__":
    main()
