"""Optimizer state that is shared out among ranks, beside one optimizer in one process."""

import importlib

import numpy as np
import pytest
import ranks

import cltensor as ct
from cltensor import distributed as dist
from cltensor import nn, optim
from cltensor.optim import ZeroRedundancyOptimizer


def test_pytorchs_path(run_python):
    path = "cltensor.distributed.optim"
    assert importlib.import_module(path).ZeroRedundancyOptimizer is ZeroRedundancyOptimizer
    code = "from cltensor.distributed.optim import ZeroRedundancyOptimizer as z; print(z.__name__)"
    assert run_python(code).stdout.strip() == "ZeroRedundancyOptimizer"


def test_without_a_group_it_says_what_to_do():
    with pytest.raises(ct.DistributedError, match="call ct.distributed.init_process_group"):
        ZeroRedundancyOptimizer(nn.Linear(2, 2).parameters(), optim.Adam)


def network():
    ct.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 4))


def groups_of(model):
    return [{"params": model[0].parameters()}, {"params": model[2].parameters(), "lr": 0.02}]


def step(model, optimizer, x):
    optimizer.zero_grad()
    model(x).square().sum().backward()
    optimizer.step()


def in_ranks(rank, size):
    x = ct.tensor(np.random.default_rng(0).standard_normal((6, 8), dtype=np.float32))
    alone, model = network(), network()
    plain = optim.AdamW(groups_of(alone), lr=0.01)
    zero = ZeroRedundancyOptimizer(groups_of(model), optim.AdamW, lr=0.01)
    schedules = [optim.lr_scheduler.StepLR(o, 2, 0.5) for o in (plain, zero)]
    for _ in range(5):
        step(alone, plain, x)
        step(model, zero, x)
        for schedule in schedules:
            schedule.step()
    pairs = zip(alone.parameters(), model.parameters(), strict=True)
    assert all(np.allclose(a.numpy(), b.numpy(), atol=1e-7) for a, b in _detached(pairs))
    # The state is shared out, evenly.
    counts = [None] * size
    dist.all_gather_object(counts, sum(p.nbytes for p in zero.state))
    assert sum(counts) == sum(p.nbytes for p in model.parameters())
    assert max(counts) < 0.7 * sum(counts)
    with pytest.raises(ct.StateError, match="call consolidate_state_dict"):
        zero.state_dict()
    zero.consolidate_state_dict(to=1)
    if rank == 1:
        found, wanted = zero.state_dict(), plain.state_dict()
        assert [g["lr"] for g in found["param_groups"]] == [g["lr"] for g in wanted["param_groups"]]
        for number, entry in wanted["state"].items():
            assert found["state"][number]["step"] == entry["step"]
            moment = found["state"][number]["exp_avg_sq"]
            np.testing.assert_allclose(moment.numpy(), entry["exp_avg_sq"].numpy(), atol=1e-7)
    # One process's state goes on in all ranks.
    again = ZeroRedundancyOptimizer(groups_of(model), optim.AdamW, lr=0.5)
    again.load_state_dict(plain.state_dict())
    step(alone, plain, x)
    step(model, again, x)
    pairs = zip(alone.parameters(), model.parameters(), strict=True)
    assert all(np.allclose(a.numpy(), b.numpy(), atol=1e-7) for a, b in _detached(pairs))
    with pytest.raises(ct.StateError, match=r"groups of \[1\] parameters were saved"):
        again.load_state_dict({"state": {}, "param_groups": [{"params": [0]}]})
    # Fewer parameters than ranks.
    one = nn.Parameter(ct.ones(2))
    small = ZeroRedundancyOptimizer([one], optim.SGD, lr=1.0)
    one.sum().backward()
    small.step()
    assert one.tolist() == [0, 0]


def _detached(pairs):
    return [(a.detach(), b.detach()) for a, b in pairs]


def test_state_is_shared_out():
    ranks.run(2, __file__, "in_ranks")


def in_ranks_bits(rank, size):
    ct.use_deterministic_algorithms(True)
    draw = np.random.default_rng(0)
    for kind in (optim.AdamW, optim.LAMB):
        alone, model = network(), network()
        plain = kind(groups_of(alone), lr=0.01)
        zero = ZeroRedundancyOptimizer(groups_of(model), kind, lr=0.01)
        wrapped = nn.parallel.DistributedDataParallel(model)
        for _ in range(4):
            x = draw.standard_normal((48, 8), dtype=np.float32)
            for net, optimizer, part in (
                (alone, plain, x),
                (wrapped, zero, np.split(x, size)[rank]),
            ):
                optimizer.zero_grad()
                net(ct.tensor(part)).square().mean().backward()
                optimizer.step()
        pairs = zip(alone.parameters(), model.parameters(), strict=True)
        assert all(np.array_equal(a.numpy(), b.numpy()) for a, b in _detached(pairs))


@pytest.mark.parametrize("size", [2, 4])
def test_bits_of_the_plain_optimizer(size):
    ranks.run(size, __file__, "in_ranks_bits")
