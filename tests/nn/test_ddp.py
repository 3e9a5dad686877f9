"""One model in several ranks, beside one process with the whole batch."""

import hashlib
import time

import numpy as np
import pytest
import ranks

import cltensor as ct
from cltensor import distributed as dist
from cltensor import models, nn
from cltensor.distributed.job import Communications
from cltensor.nn import functional as F
from cltensor.nn.comm_hooks import Compression, allreduce_hook, fp16_compress_hook
from cltensor.nn.parallel import DistributedDataParallel

SIZE = 24


def network(width=16, seed=0):
    ct.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(8, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 3)
    )


def batch():
    draw = np.random.default_rng(0)
    return draw.standard_normal((SIZE, 8), dtype=np.float32), draw.integers(0, 3, SIZE)


def share(array, rank, size):
    return ct.tensor(np.split(array, size)[rank])


def differ(a, b):
    return max((x - y).abs().max().item() for x, y in zip(a, b, strict=True))


def train(model, x, y, steps=4, **options):
    optimizer = ct.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    for _ in range(steps):
        optimizer.zero_grad(**options)
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    return model


def in_ranks_train(rank, size):
    x, y = batch()
    mine = share(x, rank, size), share(y, rank, size)
    alone = train(network(), ct.tensor(x), ct.tensor(y))
    for options in ({}, {"set_to_none": False}):
        model = DistributedDataParallel(network(seed=rank), bucket_cap_mb=1e-4)
        assert len(model._unguarded.reducer.buckets) > 2
        train(model, *mine, **options)
        assert differ(alone.parameters(), model.module.parameters()) < 1e-6
    assert next(iter(model.state_dict())) == "module.0.weight"
    # Gradients are parts of their buckets, and stay what they were when others come.
    grads = [p.grad for p in model.parameters()]
    assert len({id(g.buffer) for g in grads}) == len(model._unguarded.reducer.buckets)
    before = [g.numpy() for g in grads]
    model.zero_grad()
    F.cross_entropy(model(mine[0]), mine[1]).backward()
    assert all(np.array_equal(a, g.numpy()) for a, g in zip(before, grads, strict=True))
    # In a jitted function.
    model = DistributedDataParallel(network(seed=rank))
    optimizer = ct.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)

    @ct.jit
    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    for _ in range(4):
        step(*mine)
    assert differ(alone.parameters(), model.module.parameters()) < 1e-6


def in_ranks_accumulate(rank, size):
    x, y = batch()
    mine = share(x, rank, size), share(y, rank, size)
    model, alone = DistributedDataParallel(network()), network()
    for part in (slice(0, 2), slice(2, 4)):
        context = model.no_sync() if part.start == 0 else ct.enable_grad()
        with context:
            F.cross_entropy(model(mine[0][part]), mine[1][part]).backward()
        if part.start == 0:
            own = model.module[0].weight.grad.numpy()
            everybodys = [None] * size
            dist.all_gather_object(everybodys, own)
            assert not np.array_equal(everybodys[0], everybodys[1])
        for r in range(size):
            pair = share(x, r, size)[part], share(y, r, size)[part]
            (F.cross_entropy(alone(pair[0]), pair[1]) / size).backward()
    grads = [[p.grad for p in m.parameters()] for m in (alone, model)]
    assert differ(*grads) < 1e-6


class Branches(nn.Module):
    """Each rank may use other parameters."""

    def __init__(self):
        super().__init__()
        self.parts = nn.ModuleList([nn.Linear(8, 3, bias=False) for _ in range(3)])

    def forward(self, x, part):
        return self.parts[part](x)


def in_ranks_unused(rank, size):
    x = share(batch()[0], rank, size)
    model = DistributedDataParallel(Branches(), find_unused_parameters=True, bucket_cap_mb=1e-5)
    for _ in range(2):
        model.zero_grad()
        model(x, rank % 2).sum().backward()
        used, other, nobodys = (part.weight.grad for part in model.module.parts)
        assert nobodys is None
        everybodys = [None] * size
        dist.all_gather_object(everybodys, [used.numpy(), other.numpy()])
        assert all(np.array_equal(everybodys[0], each) for each in everybodys)
        wanted = sum(ct.tensor(s).sum(0) for s in np.split(batch()[0], size)[::2]) / size
        np.testing.assert_allclose(used.numpy(), np.stack([wanted.numpy()] * 3), rtol=1e-5)
    model = DistributedDataParallel(Branches())
    with pytest.raises(ct.GradientError, match=r"no gradient to .*parts\.[12]\.w.*find_unused"):
        model(x, 0).sum().backward()
    with pytest.raises(ct.DistributedError, match=r"rank 0 has .*\(3, 16\) in bucket 0, rank 1"):
        DistributedDataParallel(network(16 if rank == 0 else 12))


def in_ranks_buffers(rank, size):
    model = nn.Sequential(nn.BatchNorm1d(8), nn.Linear(8, 3))
    model = DistributedDataParallel(model)
    x = share(batch()[0], rank, size)
    for _ in range(2):
        model(x * (rank + 1)).sum().backward()
    model(x)  # begins with the first rank's
    own = model.module[0].running_mean.numpy()
    with ct.no_grad():
        model.eval()(x)
    everybodys = [None] * size
    dist.all_gather_object(everybodys, [own, model.module[0].running_mean.numpy()])
    assert not np.array_equal(everybodys[0][0], everybodys[1][0])
    assert np.array_equal(everybodys[0][1], everybodys[1][1])
    assert model.module[0].num_batches_tracked.item() == 3


def in_ranks_overlap(rank, size):
    """The first bucket travels while backward computes the rest, and memory stays small."""
    ct.manual_seed(0)
    layers = [layer for _ in range(12) for layer in (nn.Linear(512, 512), nn.ReLU())]
    model = nn.Sequential(*layers)
    x = ct.randn(512, 512)
    gradients = sum(p.nbytes for p in model.parameters())
    peaks, events = [], []
    for wrapped in (model, DistributedDataParallel(model, bucket_cap_mb=2)):
        for _ in range(2):
            wrapped.zero_grad()
            loss = wrapped(x).sum()
            ct.device().synchronize()
            ct.reset_peak_memory()
            events.clear()
            Communications.add(events.append)
            start = time.perf_counter()
            loss.backward()
            ct.device().synchronize()
            end = time.perf_counter()
            Communications.remove(events.append)
        peaks.append(ct.memory_summary()["peak"])
    sent = [e for e in events if "bucket" in e.what]
    assert len(sent) >= 6
    assert [e.what for e in sent] == sorted((e.what for e in sent), key=lambda w: int(w.split()[2]))
    # By the end of the first one, backward has most of its time before it.
    assert sent[0].ended - start < 0.75 * (end - start), [(e.begun, e.ended) for e in sent]
    assert peaks[1] - peaks[0] < 6 * (1 << 20) < gradients


def in_ranks_all(rank, size):
    in_ranks_train(rank, size)
    in_ranks_accumulate(rank, size)
    if size == 2:
        in_ranks_unused(rank, size)
        in_ranks_buffers(rank, size)
        in_ranks_overlap(rank, size)
        # With copies, as for a GPU.
        type(ct.device()).shows_memory = property(lambda self: False)
        in_ranks_train(rank, size)


@pytest.mark.parametrize("size", [2, 4])
def test_ranks_train_as_one_process_does(size):
    ranks.run(size, __file__, "in_ranks_all")


def normed(seed=0, batches=True):
    """A network with normalisations by rows and, if `batches`, by channels."""
    ct.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(8, 16), nn.LayerNorm(16), nn.GELU(), nn.Linear(16, 20),
        nn.BatchNorm1d(20) if batches else nn.Tanh(), nn.ReLU(), nn.Linear(20, 3),
    )  # fmt: skip


def digest(model):
    """Of all bits of its state."""
    found = hashlib.sha256()
    for x in model.state_dict().values():
        found.update(x.detach().numpy().tobytes())
    return found.hexdigest()


def sgd(model):
    return ct.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)


def adam(model):
    return ct.optim.Adam(model.parameters(), lr=1e-2)


def steps(model, make, share, parts=1):
    """Four batches of 88 rows, of which `share` gives this rank's, in passes of `parts`."""
    draw, optimizer = np.random.default_rng(0), make(model)
    for _ in range(4):
        x, y = (share(draw.standard_normal((88, n), dtype=np.float32)) for n in (8, 3))
        optimizer.zero_grad()
        for k, (a, b) in enumerate(zip(np.split(x, parts), np.split(y, parts), strict=True)):
            with model.no_sync() if k < parts - 1 else ct.enable_grad():
                (F.mse_loss(model(ct.tensor(a)), ct.tensor(b)) / parts).backward()
        optimizer.step()
    return model


def in_ranks_bits(rank, size):
    ct.use_deterministic_algorithms(True)

    def mine(array):
        return np.split(array, size)[rank]

    for make in (sgd, adam):
        alone = digest(steps(normed(), make, lambda array: array))
        for cap in (25, 1e-4):
            model = nn.SyncBatchNorm.convert_sync_batchnorm(normed(rank))
            model = DistributedDataParallel(model, bucket_cap_mb=cap)
            assert digest(steps(model, make, mine).module) == alone
    # Two passes of a rank are the halves of its part; the hook does what is done without.
    alone = digest(steps(normed(batches=False), sgd, lambda array: array))
    for parts in (1, 2) if size < 4 else (1,):
        model = DistributedDataParallel(normed(rank, False), find_unused_parameters=True)
        model.register_comm_hook(None, allreduce_hook)
        assert digest(steps(model, sgd, mine, parts).module) == alone
    # Half the bytes: not those bits, but the same in all ranks, and each time.
    found = []
    for _ in range(2):
        model = DistributedDataParallel(normed(rank, False))
        model.register_comm_hook(Compression(), fp16_compress_hook)
        found.append(digest(steps(model, sgd, mine).module))
    everybodys = [None] * size
    dist.all_gather_object(everybodys, found)
    assert len({each for both in everybodys for each in both}) == 1
    ct.use_deterministic_algorithms(False)
    with pytest.raises(ct.DistributedError, match=r"made with use_det.*\(True\).*make it anew"):
        model(ct.ones(2, 8))


@pytest.mark.parametrize("size", [1, 2, 4])
def test_ranks_find_the_bits_of_one_process(size):
    ranks.run(size, __file__, "in_ranks_bits")


class Last(nn.Module):
    """Scores of what the last of some steps leaves."""

    def __init__(self):
        super().__init__()
        self.rnn, self.head = nn.LSTM(6, 12, 2, batch_first=True), nn.Linear(12, 4)

    def forward(self, x):
        return self.head(self.rnn(x)[0][:, -1])


#: Networks, the shape of an example, and how many classes, or words, there are.
NETWORKS = {
    "lstm": (Last, (5, 6), 4),
    # Whose table of words is its last map, too: a gradient of two parts.
    "gpt": (lambda: models.GPT2(8, 11, 2, 2, 16), (8,), 11),
    "lenet": (models.LeNet, (1, 28, 28), 10),
    "resnet": (models.ResNet8, (3, 16, 16), 10),
}


def labelled(name, make, share):
    """The network of the name after two batches of 40."""
    kind, shape, classes = NETWORKS[name]
    ct.manual_seed(1)
    model, draw = make(kind()), np.random.default_rng(2)
    optimizer = adam(model)
    for _ in range(2):
        x = draw.standard_normal((40, *shape), dtype=np.float32)
        y = draw.integers(0, classes, (40, *shape) if name == "gpt" else 40)
        x = draw.integers(0, classes, (40, *shape)) if name == "gpt" else x
        optimizer.zero_grad()
        scores = model(ct.tensor(share(x))).reshape(-1, classes)
        F.cross_entropy(scores, ct.tensor(share(y)).reshape(-1)).backward()
        optimizer.step()
    return model


def in_ranks_networks(rank, size):
    ct.use_deterministic_algorithms(True)

    def mine(array):
        return np.split(array, size)[rank]

    def wrapped(model):
        return DistributedDataParallel(nn.SyncBatchNorm.convert_sync_batchnorm(model))

    for name in NETWORKS:
        alone = digest(labelled(name, lambda model: model, lambda array: array))
        assert digest(labelled(name, wrapped, mine).module) == alone


@pytest.mark.parametrize("size", [2, pytest.param(4, marks=pytest.mark.slow)])
def test_ranks_find_the_bits_of_networks(size):
    ranks.run(size, __file__, "in_ranks_networks")


def in_ranks_at_odds(rank, size):
    ct.use_deterministic_algorithms(rank == 0)
    with pytest.raises(ct.DistributedError, match=r"rank 0 has use_determ.*\(True\), rank 1 has"):
        DistributedDataParallel(network())


def test_ranks_that_differ_in_determinism_are_told_so():
    ranks.run(2, __file__, "in_ranks_at_odds")


def test_without_a_group_it_says_what_to_do():
    with pytest.raises(ct.DistributedError, match="call ct.distributed.init_process_group"):
        DistributedDataParallel(network())
    with pytest.raises(ct.DeviceError, match=r"device_ids are \[0, 1\]"):
        DistributedDataParallel(network(), device_ids=[0, 1])
