"""Handwritten digits, learned by several processes, each with its share of every batch.

    python -m cltensor.launch -n 4 examples/distributed.py          # or mpiexec -n 4 python ...
    python -m cltensor.launch -n 4 examples/distributed.py --data digits   # MNIST's files

Without --data, digits are drawn: noise around ten pictures. The same program runs in one process.
"""

import argparse
import hashlib
import time

import numpy as np

import cltensor as ct
from cltensor import nn
from cltensor.data import DataLoader, DistributedSampler, TensorDataset
from cltensor.data.mnist import arrays, download
from cltensor.distributed.algorithms.ddp_comm_hooks import default_hooks as hooks
from cltensor.nn import functional as F

dist = ct.distributed


def digits(folder, count=4096):
    """Pictures (count, 1, 28, 28) and what they show."""
    if folder:
        images, labels = arrays(folder, True, download)
        return images.reshape(-1, 1, 28, 28).astype(np.float32) / 255, labels.astype(np.int64)
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 10, count)
    shapes = draw.random((10, 1, 28, 28)) < 0.2
    noise = draw.standard_normal((count, 1, 28, 28))
    return (shapes[labels] + 0.8 * noise).astype(np.float32), labels


def network():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, 2), nn.BatchNorm2d(16), nn.ReLU(),
        nn.Conv2d(16, 32, 3, 2), nn.BatchNorm2d(32), nn.ReLU(),
        nn.Flatten(), nn.Linear(32 * 36, 128), nn.ReLU(), nn.Linear(128, 10),
    )  # fmt: skip


def wrapped(model, float16_wire):
    """The model in all ranks, where there are several."""
    if not dist.is_initialized():
        return model
    model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
    model = nn.parallel.DistributedDataParallel(model)
    if float16_wire:
        model.register_comm_hook(hooks.Compression(), hooks.fp16_compress_hook)
    return model


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", help="a folder with MNIST's files")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=256, help="of all processes together")
    parser.add_argument("--count", type=int, default=4096, help="of digits that are drawn")
    parser.add_argument("--zero", action="store_true", help="share out the optimizer's state")
    parser.add_argument(
        "--deterministic", action="store_true", help="the same bits, however many processes"
    )
    parser.add_argument("--float16-wire", action="store_true", help="half the bytes travel")
    options = parser.parse_args()
    if dist.is_available():
        dist.init_process_group(timeout=120)
    rank, ranks = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)

    ct.use_deterministic_algorithms(options.deterministic)
    images, labels = digits(options.data, options.count)
    held, each = len(labels) // 8, options.batch_size // ranks
    sampler = DistributedSampler(range(len(labels) - held), batch_size=each * ranks)
    data = TensorDataset(images[held:], labels[held:])
    loader = DataLoader(data, each, sampler=sampler)
    ct.manual_seed(0)
    model = wrapped(network(), options.float16_wire)
    if options.zero and dist.is_initialized():
        optimizer = dist.optim.ZeroRedundancyOptimizer(model.parameters(), ct.optim.Adam, lr=1e-3)
    else:
        optimizer = ct.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(options.epochs):
        sampler.set_epoch(epoch)
        start, total = time.perf_counter(), 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(ct.tensor(x)), ct.tensor(y))
            loss.backward()
            optimizer.step()
            total += loss.item()
        mean = ct.tensor([total / len(loader)])
        if dist.is_initialized():
            dist.all_reduce(mean, dist.ReduceOp.AVG)
        if rank == 0:
            seconds = time.perf_counter() - start
            print(f"epoch {epoch}: loss {mean.item():.4f}, {seconds:.1f} s on {ranks} ranks")
    if rank == 0:  # the module itself: what others do not call must not wait for them
        plain = getattr(model, "module", model).eval()
        with ct.no_grad():
            found = plain(ct.tensor(images[:held])).argmax(1).numpy()
        print(f"{(found == labels[:held]).mean():.1%} of {held} digits held back are right")
        if options.deterministic:
            found = hashlib.sha256(b"".join(p.detach().numpy() for p in plain.parameters()))
            print(f"SHA-256 of the parameters: {found.hexdigest()}")


if __name__ == "__main__":
    main()
