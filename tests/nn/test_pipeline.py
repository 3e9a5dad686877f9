"""Stages of a model on devices and in ranks, beside the whole on one device."""

from itertools import pairwise

import numpy as np
import pytest
import ranks

import cltensor as ct
from cltensor import nn
from cltensor.nn import functional as F
from cltensor.nn.parallel import DevicePipeline, RankPipeline
from cltensor.nn.pipeline import stages_of


def network():
    ct.manual_seed(0)
    sizes = [4, 16, 16, 16, 3]
    layers = [nn.Linear(a, b) for a, b in pairwise(sizes)]
    return nn.Sequential(*[each for layer in layers for each in (layer, nn.Tanh())])


def batch():
    draw = np.random.default_rng(0)
    return ct.tensor(draw.standard_normal((8, 4), dtype=np.float32)), ct.tensor([0, 1, 2, 0] * 2)


def whole():
    model, (x, y) = network(), batch()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    return loss.item(), [p.grad.numpy() for p in model.parameters()]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 8])
def test_each_stage_has_its_layers(count):
    model = network()
    stages = stages_of(model, count)
    assert [layer for stage in stages for layer in stage] == list(model)
    assert len(stages) == count
    assert all(len(stage) for stage in stages)


def test_too_many_stages_are_refused():
    with pytest.raises(ct.ShapeError, match="8 layers make no 9 stages"):
        stages_of(network(), 9)


@pytest.mark.parametrize("chunks", [1, 4])
def test_stages_on_two_devices(device, other_device, chunks):
    wanted, gradients = whole()
    model, (x, y) = DevicePipeline(network(), [device, other_device], chunks), batch()
    loss = F.cross_entropy(model(x), y.to(other_device))
    loss.backward()
    assert loss.device is other_device
    assert loss.item() == pytest.approx(wanted, abs=1e-6)
    for p, g in zip(model.parameters(), gradients, strict=True):
        np.testing.assert_allclose(p.grad.numpy(), g, atol=1e-6)
    assert {p.device for p in model.parameters()} == {device, other_device}


def in_ranks(rank, size):
    wanted, gradients = whole()
    model, (x, y) = RankPipeline(network(), chunks=4), batch()
    first = sum(len(list(s.parameters())) for s in stages_of(network(), size)[:rank])
    for _ in range(2):
        model.zero_grad()
        loss = model.step(x if rank == 0 else None, y, F.cross_entropy)
        assert loss == pytest.approx(wanted, abs=1e-6)
        for place, p in enumerate(model.parameters()):
            np.testing.assert_allclose(p.grad.numpy(), gradients[first + place], atol=1e-6)
    out = model(x if rank == 0 else None)
    if model.is_last:
        np.testing.assert_allclose(out.numpy(), network()(x).detach().numpy(), atol=1e-6)
    else:
        assert out is None


def test_stages_in_ranks():
    ranks.run(3, __file__, "in_ranks")
