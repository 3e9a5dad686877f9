"""Linear layers in parts, beside whole ones."""

import numpy as np
import pytest
import ranks

import cltensor as ct
from cltensor import nn
from cltensor.nn.parallel import ColumnParallelLinear, RowParallelLinear, tensor_parallel


def test_without_a_group_it_says_what_to_do():
    with pytest.raises(ct.DistributedError, match="call ct.distributed.init_process_group"):
        tensor_parallel(nn.Sequential(nn.Linear(2, 2)))


def network(hidden=7):
    ct.manual_seed(0)
    return nn.Sequential(
        nn.Linear(4, hidden), nn.GELU(), nn.Linear(hidden, 5), nn.LayerNorm(5), nn.Linear(5, 3)
    )


def in_ranks(rank, size):
    x = np.random.default_rng(0).standard_normal((6, 4), dtype=np.float32)
    model, whole = tensor_parallel(network()), network()
    kinds = [ColumnParallelLinear, nn.GELU, RowParallelLinear, nn.LayerNorm, nn.Linear]
    assert [type(layer) for layer in model] == kinds
    a, b = ct.tensor(x).requires_grad_(), ct.tensor(x).requires_grad_()
    out, wanted = model(a), whole(b)
    np.testing.assert_allclose(out.detach().numpy(), wanted.detach().numpy(), atol=1e-6)
    out.square().sum().backward()
    wanted.square().sum().backward()
    np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), atol=2e-5)
    part = model[0]._part
    pairs = [
        (model[0].weight.grad, whole[0].weight.grad[part]),
        (model[0].bias.grad, whole[0].bias.grad[part]),
        (model[2].weight.grad, whole[2].weight.grad[:, part]),
        (model[2].bias.grad, whole[2].bias.grad),
        (model[4].weight.grad, whole[4].weight.grad),
    ]
    for found, expected in pairs:
        np.testing.assert_allclose(found.numpy(), expected.numpy(), atol=2e-5)
    assert model[0].weight.shape[0] in (3, 4)
    with pytest.raises(ct.ShapeError, match="has 1 parts at most for 2 ranks"):
        tensor_parallel(network(1))


def test_parts_in_ranks():
    ranks.run(2, __file__, "in_ranks")
