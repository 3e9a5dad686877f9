"""Means of weights: their functions, the averaged model, statistics taken anew, and SWALR."""

import copy

import numpy as np
import pytest
from optimizers import leaves

import cltensor as ct
from cltensor import nn, optim
from cltensor.optim.swa_utils import (
    SWALR,
    AveragedModel,
    get_ema_avg_fn,
    get_ema_multi_avg_fn,
    get_swa_multi_avg_fn,
    update_bn,
)


def averaged(model, values, **options):
    mean = AveragedModel(model, **options)
    for value in values:
        with ct.no_grad():
            model.weight.fill_(value)
        mean.update_parameters(model)
    return mean


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, 3.0),
        ({"multi_avg_fn": get_swa_multi_avg_fn()}, 3.0),
        ({"avg_fn": get_ema_avg_fn(0.5)}, 3.5),
        ({"multi_avg_fn": get_ema_multi_avg_fn(0.5)}, 3.5),
        ({"avg_fn": lambda mean, new, number: mean * 0 + number}, 2.0),
    ],
)
def test_means_of_weights(options, wanted):
    mean = averaged(nn.Linear(2, 1, bias=False), [1.0, 3.0, 5.0], **options)
    assert mean.module.weight.tolist() == [[wanted, wanted]]
    assert mean.n_averaged.item() == 3
    assert mean(ct.ones(1, 2)).item() == 2 * wanted
    other = AveragedModel(nn.Linear(2, 1, bias=False))
    other.load_state_dict(copy.deepcopy(mean.state_dict()))
    assert other.n_averaged.item() == 3


@pytest.mark.parametrize("use_buffers", [False, True])
def test_buffers_are_copied_or_averaged(use_buffers):
    model = nn.BatchNorm2d(1)
    mean = AveragedModel(model, use_buffers=use_buffers)
    for value in (1.0, 3.0):
        model.running_mean.fill_(value)
        mean.update_parameters(model)
    assert mean.module.running_mean.item() == (2.0 if use_buffers else 3.0)


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="AveragedModel: avg_fn and multi_avg_fn were given"):
        AveragedModel(nn.Linear(1, 1), avg_fn=get_ema_avg_fn(), multi_avg_fn=get_ema_multi_avg_fn())
    with pytest.raises(ValueError, match="decay is 2; it must be in"):
        get_ema_avg_fn(2)


def test_statistics_are_those_of_the_whole_loader():
    model = nn.Sequential(nn.BatchNorm2d(1)).eval()
    batches = [np.full((2, 1, 1, 1), x, np.float32) for x in (1.0, 3.0, 8.0)]
    update_bn([(ct.tensor(b), None) for b in batches], model)
    assert model[0].running_mean.item() == pytest.approx(4)
    assert model[0].momentum == 0.1
    assert not model.training


def test_only_batch_normalizations_begin_anew():
    class Other(nn.Module):
        def reset_running_stats(self):
            raise AssertionError("it is no batch normalization")

        def forward(self, x):
            return x

    update_bn([ct.ones(2, 1, 1, 1)], nn.Sequential(nn.BatchNorm2d(1), Other()))


# torch.optim.swa_utils.SWALR(optimizer, 0.05, anneal_epochs=4, anneal_strategy=...)
@pytest.mark.parametrize(
    ("strategy", "wanted"),
    [
        ("linear", [0.25, 0.2, 0.15, 0.1, 0.05, 0.05]),
        ("cos", [0.25, 0.22071068, 0.15, 0.07928932, 0.05, 0.05]),
    ],
)
def test_swalr(strategy, wanted):
    optimizer = optim.SGD(leaves([np.ones(1, np.float32)]), lr=0.25)
    schedule = SWALR(optimizer, 0.05, 4, strategy)
    found = []
    for _ in range(6):
        found.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    assert found == pytest.approx(wanted)
    with pytest.raises(ValueError, match="SWALR: anneal_strategy is 'other'"):
        SWALR(optimizer, 0.05, anneal_strategy="other")
    with pytest.raises(ValueError, match="SWALR: anneal_epochs is -1"):
        SWALR(optimizer, 0.05, -1)


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, [1.0, 1.5, 2.0, 2.5, 3.0]),
        ({"avg_fn": get_ema_avg_fn(0.5)}, [1.0, 1.5, 2.25, 3.125, 4.0625]),
        ({"multi_avg_fn": get_ema_multi_avg_fn(0.5)}, [1.0, 1.5, 2.25, 3.125, 4.0625]),
        (
            {
                "multi_avg_fn": lambda means, news, number: [
                    m.add_(n) for m, n in zip(means, news, strict=True)
                ]
            },
            [1.0, 3.0, 6.0, 10.0, 15.0],
        ),
    ],
)
def test_means_inside_recorded_calls(device, counts, options, wanted):
    model = nn.Linear(1, 1, bias=False)
    mean = AveragedModel(model, **options)

    @ct.jit
    def step():
        mean.update_parameters(model)

    found = []
    for value in (1.0, 2.0, 3.0, 4.0, 5.0):
        with ct.no_grad():
            model.weight.fill_(value)
        step()
        found.append(mean.module.weight.item())
    assert found == wanted
    assert mean.n_averaged.item() == 5
    mean.n_averaged.zero_()  # from the beginning, inside a replay too
    step()
    assert mean.module.weight.item() == 5
    assert counts == {"record": 1, "replay": 4}


def test_whole_numbers_are_copied_exactly():
    model = nn.BatchNorm2d(1)
    model.num_batches_tracked.fill_((1 << 53) + 1)
    mean = AveragedModel(model, use_buffers=True)
    mean.update_parameters(model)
    assert mean.module.num_batches_tracked.item() == (1 << 53) + 1
