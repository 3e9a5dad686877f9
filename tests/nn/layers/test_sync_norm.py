"""Batch normalisation over all processes."""

import numpy as np
import pytest
import ranks

import cltensor as ct
from cltensor import nn


def test_in_one_process_it_is_batch_norm():
    made, like = nn.SyncBatchNorm(3, momentum=0.3), nn.BatchNorm2d(3, momentum=0.3)
    x = ct.tensor(np.random.default_rng(0).standard_normal((2, 3, 2, 2), dtype=np.float32))
    for layer in (made, like):
        layer(x)
    np.testing.assert_array_equal(made.running_var.numpy(), like.running_var.numpy())
    assert ct.equal(made.eval()(x), like.eval()(x))
    assert made(ct.ones(2, 3)).shape == (2, 3)
    assert repr(made) == repr(like).replace("BatchNorm2d", "SyncBatchNorm")
    with pytest.raises(ct.ShapeError, match="SyncBatchNorm: expected 2 or more dimensions"):
        made(ct.ones(3))


def test_pytorchs_path():
    from cltensor.nn.modules.batchnorm import SyncBatchNorm

    assert SyncBatchNorm is nn.SyncBatchNorm


def test_batch_norms_become_sync_batch_norms():
    net = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Sequential(nn.BatchNorm2d(2, 1e-3)), nn.ReLU())
    net[1][0].weight.requires_grad = False
    net.eval()
    before = net.state_dict(keep_vars=True)
    made = nn.SyncBatchNorm.convert_sync_batchnorm(net)
    assert made is net
    norm = net[1][0]
    assert type(norm) is nn.SyncBatchNorm
    assert (norm.eps, norm.training) == (1e-3, False)
    after = net.state_dict(keep_vars=True)
    assert list(after) == list(before)
    assert all(after[name] is before[name] for name in before)
    alone = nn.BatchNorm1d(4, affine=False, track_running_stats=False)
    converted = nn.SyncBatchNorm.convert_sync_batchnorm(alone)
    assert type(converted) is nn.SyncBatchNorm
    assert not converted.state_dict()


def in_ranks(rank, size):
    draw = np.random.default_rng(0)
    whole = draw.standard_normal((8, 3, 4), dtype=np.float32) * 3 + 5
    weights = draw.standard_normal((8, 3, 4), dtype=np.float32)
    cuts = [0, 2, 8][: size + 1]  # shares of different sizes
    mine = slice(cuts[rank], cuts[rank + 1])
    for momentum in (0.3, None):
        like, made = nn.BatchNorm1d(3, momentum=momentum), nn.SyncBatchNorm(3, momentum=momentum)
        x, part = ct.tensor(whole).requires_grad_(), ct.tensor(whole[mine]).requires_grad_()
        for _ in range(2):
            a, b = like(x), made(part)
        np.testing.assert_allclose(b.detach().numpy(), a.detach().numpy()[mine], atol=2e-6)
        for name in ("running_mean", "running_var", "num_batches_tracked"):
            found, wanted = (getattr(m, name).numpy() for m in (made, like))
            np.testing.assert_allclose(found, wanted, rtol=1e-5)
        (a * ct.tensor(weights)).sum().backward()
        (b * ct.tensor(weights[mine])).sum().backward()
        np.testing.assert_allclose(part.grad.numpy(), x.grad.numpy()[mine], atol=2e-6)
        # Each rank has its own share of the sum for the scale.
        scale = made.weight.grad
        ct.distributed.all_reduce(scale)
        np.testing.assert_allclose(scale.numpy(), like.weight.grad.numpy(), rtol=1e-5)
        like.eval(), made.eval()
        assert ct.equal(made(part), made(part))
    half = nn.SyncBatchNorm(3)
    assert half(ct.tensor(whole[mine]).half()).dtype == ct.float16
    with pytest.raises(TypeError, match="group is 4"):
        nn.SyncBatchNorm(3, process_group=4)(part)


def test_statistics_of_all_ranks():
    ranks.run(2, __file__, "in_ranks")


def bits(x):
    return x.detach().numpy().view(np.int32).tolist()


def in_ranks_bits(rank, size):
    """BatchNorm of one process, bit for bit."""
    ct.use_deterministic_algorithms(True)
    draw = np.random.default_rng(0)
    for shape in ((24, 5), (24, 3, 7), (8, 3, 5, 4)):
        whole, weights = (draw.standard_normal(shape, dtype=np.float32) * 3 + 5 for _ in range(2))
        mine = np.array_split(np.arange(shape[0]), size)[rank]
        for options in ({"momentum": 0.3}, {"momentum": None}, {"affine": False}, {"bias": False}):
            like = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d}[len(shape)]
            like, made = (kind(shape[1], **options) for kind in (like, nn.SyncBatchNorm))
            x, part = ct.tensor(whole).requires_grad_(), ct.tensor(whole[mine]).requires_grad_()
            for _ in range(2):
                a, b = like(x), made(part)
            assert bits(b) == bits(a[mine])
            assert bits(made.running_mean) == bits(like.running_mean)
            assert bits(made.running_var) == bits(like.running_var)
            (a * ct.tensor(weights)).sum().backward()
            (b * ct.tensor(weights[mine])).sum().backward()
            assert bits(part.grad) == bits(x.grad[mine])
            for p, q in zip(made.parameters(), like.parameters(), strict=True):
                ct.distributed.all_reduce(p.grad)
                assert bits(p.grad) == bits(q.grad)
    # A rank without elements, halves, and what cannot be.
    made, like = nn.SyncBatchNorm(3), nn.BatchNorm1d(3)
    part = ct.tensor(whole[:, :, 0, 0][: 0 if rank else 8])
    assert bits(made(part)) == (bits(like(part)) if rank == 0 else [])
    assert bits(made.running_var) == bits(ct.tensor(bits_of(rank, like.running_var)))
    assert made(part.half()).dtype == ct.float16
    with pytest.raises(ct.ShapeError, match="all ranks together have 1; call"):
        made(part[:1] if rank == 0 else part[:0])
    x = ct.ones(2, 3).requires_grad_()
    (dx,) = ct.autograd.grad(made(x).square().sum(), x, create_graph=True)
    with pytest.raises(ct.GradientError, match="once_differentiable"):
        dx.sum().backward()


def bits_of(rank, x):
    """What the first rank has, in all."""
    ct.distributed.broadcast(x, 0)
    return x.numpy()


@pytest.mark.parametrize("size", [2, 4])
def test_bits_of_one_process(size):
    ranks.run(size, __file__, "in_ranks_bits")
