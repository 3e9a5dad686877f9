"""A layer beside PyTorch's of the same name, and random inputs for it."""

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn
from cltensor.autograd import Variable

RANDOM = np.random.default_rng(5)


def array(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


def host(x):
    return np.asarray(x.detach())


def assert_as_pytorch(name, args, options, shape):
    """Values, gradients, text and state of nn.<name>(*args, **options) are PyTorch's, for an input
    of `shape`, in training and in evaluation."""
    torch = pytest.importorskip("torch")
    theirs = getattr(torch.nn, name)(*args, **options)
    ours = getattr(nn, name)(*args, **options)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    for training in (True, True, False):
        ours.train(training)
        theirs.train(training)
        data = 3 * array(*shape)
        x = Variable(ct.tensor(data), requires_grad=True)
        tx = torch.tensor(data, requires_grad=True)
        out, wanted = ours(x), theirs(tx)
        np.testing.assert_allclose(host(out), wanted.detach(), rtol=1e-5, atol=1e-5)
        weights = array(*wanted.shape)
        ours.zero_grad()
        theirs.zero_grad()
        (out * ct.tensor(weights)).sum().backward()
        (wanted * torch.tensor(weights)).sum().backward()
        np.testing.assert_allclose(host(x.grad), tx.grad, rtol=1e-4, atol=2e-5)
        for (key, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
            np.testing.assert_allclose(host(p.grad), q.grad, rtol=1e-4, atol=1e-4, err_msg=key)
    for (key, value), other in zip(
        ours.state_dict().items(), theirs.state_dict().values(), strict=True
    ):
        np.testing.assert_allclose(value.numpy(), other, rtol=1e-5, atol=1e-6, err_msg=key)
