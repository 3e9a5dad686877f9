"""What travels in place of the gradients."""

import importlib

import numpy as np
import pytest
import ranks

import cltensor as ct
from cltensor import distributed as dist
from cltensor import nn
from cltensor.nn import comm_hooks as hooks
from cltensor.nn.parallel import DistributedDataParallel


def test_pytorchs_path():
    path = "cltensor.distributed.algorithms.ddp_comm_hooks.default_hooks"
    assert importlib.import_module(path) is hooks
    assert ct.distributed.algorithms.ddp_comm_hooks.default_hooks is hooks


def model_of(hook, state):
    model = nn.Linear(4, 1, bias=False)
    with ct.no_grad():
        model.weight.zero_()
    model = DistributedDataParallel(model)
    if hook is not None:
        model.register_comm_hook(state, hook)
        with pytest.raises(ct.DistributedError, match="there is a hook"):
            model.register_comm_hook(state, hook)
    return model


def gradient(model, x):
    model.zero_grad()
    model(x).sum().backward()
    return model.module.weight.grad.numpy().ravel()


def in_ranks(rank, size):
    # What float16 does not hold: a third, and a number that is too large.
    x = ct.tensor([[1 / 3, 1e-3 * (rank + 1), 2.0, 7e4]])
    exact = gradient(model_of(None, None), x)
    np.testing.assert_allclose(gradient(model_of(hooks.allreduce_hook, None), x), exact, rtol=1e-6)
    for hook, rounding in ((hooks.fp16_compress_hook, 2**-10), (hooks.bf16_compress_hook, 2**-7)):
        found = gradient(model_of(hook, None), x)
        np.testing.assert_allclose(found[:3], exact[:3], rtol=rounding)
        assert found[0] != exact[0]
    # With feedback the mean of many steps is what it would be, also of what was cut.
    fed = model_of(hooks.fp16_compress_hook, hooks.Compression())
    steps = 60
    total = sum(gradient(fed, x).astype(np.float64) for _ in range(steps)) / steps
    np.testing.assert_allclose(total[:3], exact[:3], rtol=2**-10 / 10)
    plain = model_of(hooks.fp16_compress_hook, dist.group.WORLD)
    total = sum(gradient(plain, x).astype(np.float64) for _ in range(steps)) / steps
    assert abs(total[0] / exact[0] - 1) > 2**-14

    def halved(state, bucket):
        assert (state, bucket.index(), bucket.is_last()) == ("state", 0, True)
        assert [p.shape for p in bucket.parameters()] == [g.shape for g in bucket.gradients()]
        bucket.set_buffer(bucket.buffer() * 0.5)
        return dist.all_reduce(bucket.buffer(), async_op=True).get_future()

    found = gradient(model_of(halved, "state"), x)
    np.testing.assert_allclose(found, exact * size / 2, rtol=1e-6)


def test_hooks():
    ranks.run(2, __file__, "in_ranks")
