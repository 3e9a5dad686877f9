"""ct.jit: a replayed call gives the bits of the call itself."""

import copy
import gc
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn, optim
from cltensor.nn import functional as F
from cltensor.replay.jit import MOST_KEYS, MOST_RECORDINGS
from cltensor.runtime.kernel import Counters


def network(seed=0):
    ct.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.25), nn.Linear(8, 3)
    )


def batches(count):
    rng = np.random.default_rng(1)
    for _ in range(count):
        yield (
            ct.tensor(rng.normal(size=(5, 6)).astype(np.float32)),
            ct.tensor(rng.integers(0, 3, 5)),
        )


def train(make_optimizer, wrap, steps=7, change=lambda step, model, optimizer: None):
    model = network()
    optimizer = make_optimizer(model.parameters())
    calls = []

    def step(x, y):
        calls.append(1)
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    run = wrap(step)
    ct.manual_seed(2)
    losses = []
    for i, (x, y) in enumerate(batches(steps)):
        change(i, model, optimizer)
        losses.append(run(x, y).item())
    return losses, {k: v.numpy() for k, v in model.state_dict().items()}, len(calls)


OPTIMIZERS = {
    "sgd": lambda p: ct.optim.SGD(p, lr=0.1),
    "momentum": lambda p: ct.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "adam": lambda p: ct.optim.Adam(p, lr=0.01),
    "adamw": lambda p: ct.optim.AdamW(p, lr=0.01),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_training_step_has_the_same_bits(name):
    plain = train(OPTIMIZERS[name], lambda f: f)
    jitted = train(OPTIMIZERS[name], ct.jit)
    assert plain[0] == jitted[0]
    for key, value in plain[1].items():
        np.testing.assert_array_equal(value, jitted[1][key], err_msg=key)
    assert (plain[2], jitted[2]) == (7, 2)  # one call to build, one to record


def test_a_new_learning_rate_is_used():
    def halve(step, model, optimizer):
        optimizer.param_groups[0]["lr"] = 0.1 / (1 + step)

    plain = train(OPTIMIZERS["momentum"], lambda f: f, change=halve)
    jitted = train(OPTIMIZERS["momentum"], ct.jit, change=halve)
    assert plain[0] == jitted[0]


def test_weights_that_are_exchanged_are_noticed_and_those_held_move():
    kept = []

    def meddle(step, model, optimizer):
        if step == 3:
            model[0].weight.data = model[0].weight.data * 0.5
        if step == 4:
            kept.append(model[0].weight.data)
        if step == 5:
            model.load_state_dict(model.state_dict())

    plain = train(OPTIMIZERS["adam"], lambda f: f, change=meddle)
    kept.clear()
    jitted = train(OPTIMIZERS["adam"], ct.jit, change=meddle)
    assert plain[0] == jitted[0]
    np.testing.assert_array_equal(kept[0].numpy(), jitted[1]["0.weight"])


def test_replays_launch_the_same_and_build_nothing(device):
    model, calls = network(), []

    @ct.jit
    def forward(x):
        calls.append(1)
        return model(x)

    model.eval()
    with ct.no_grad():
        x = ct.randn(4, 6)
        first = forward(x).numpy()
        forward(x)
        kernels, launches = len(device.kernels), Counters.launches
        third = forward(x)
        assert Counters.launches - launches > 0
        assert len(device.kernels) == kernels
        np.testing.assert_array_equal(third.numpy(), first)
        other = forward(x * 2)
        np.testing.assert_array_equal(third.numpy(), first)  # results are not overwritten
        np.testing.assert_array_equal(other.numpy(), model(x * 2).detach().numpy())
    assert len(calls) == 2


def test_another_shape_records_anew():
    @ct.jit
    def total(x):
        return x.sum(), x.shape[0]

    for n in (3, 5, 3, 5, 3, 5, 7):
        value, rows = total(ct.ones(n, 2))
        assert value.item() == 2 * n
        assert rows == n


def test_random_numbers_go_on():
    @ct.jit
    def noisy(x):
        return x + ct.rand(4)

    x = ct.zeros(4)
    ct.manual_seed(3)
    drawn = [noisy(x).numpy() for _ in range(4)]
    ct.manual_seed(3)
    for values in drawn:
        np.testing.assert_array_equal(values, ct.rand(4).numpy())


def test_accumulated_gradients_go_on():
    w = ct.ones(3, requires_grad=True)

    @ct.jit
    def accumulate(x):
        (w * x).sum().backward()

    for i in range(1, 6):
        accumulate(ct.ones(3))
        assert w.grad.tolist() == [i] * 3


def test_nested_results_and_arguments():
    @ct.jit
    def f(pair, scale=1.0):
        a, b = pair
        return {"sum": a + b, "same": a, "list": [b * scale, "text"]}

    for i in range(4):
        a, b = ct.full((2,), float(i)), ct.ones(2)
        out = f((a, b), scale=3.0)
        assert out["sum"].tolist() == [i + 1, i + 1]
        assert out["same"].tolist() == [i, i]
        assert out["list"][0].tolist() == [3, 3]
        assert out["list"][1] == "text"


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: x * x.sum().item(), "reading values on the host"),
        (lambda x: x * 2 if x.sum() > 0 else x, "reading values on the host"),
        (lambda x: x + ct.tensor([1.0, 2.0]), "making a tensor"),
    ],
)
def test_what_cannot_be_replayed_is_refused(function, message):
    jitted = ct.jit(function)
    x = ct.ones(2)
    jitted(x)
    with pytest.raises(ct.DeviceError, match=message):
        jitted(x)
    assert (x + 1).tolist() == [2, 2]  # the device is usable as before


def test_bad_arguments_are_named():
    with pytest.raises(ct.DeviceError, match="type set"):
        ct.jit(lambda x, s: x)(ct.ones(1), {1})


def test_a_function_without_tensor_arguments():
    w = ct.ones(3)

    @ct.jit
    def double(times):
        return w.mul_(2) * times

    found = [double(3).tolist() for _ in range(4)]
    assert found == [[6] * 3, [12] * 3, [24] * 3, [48] * 3]
    assert w.tolist() == [16] * 3


def test_a_nested_jit_is_part_of_the_outer_one():
    calls = []

    @ct.jit
    def inner(x):
        calls.append("inner")
        return x * 2

    @ct.jit
    def outer(x):
        calls.append("outer")
        return inner(x) + 1

    assert [outer(ct.full((2,), float(i))).tolist() for i in range(5)] == [
        [2 * i + 1] * 2 for i in range(5)
    ]
    assert calls.count("outer") == 2


def test_arguments_are_changed_in_place_by_replays(device):
    @ct.jit
    def scale(x):
        x[1:].mul_(10)
        return x

    for _ in range(4):
        x = ct.tensor([1.0, 2.0, 3.0])
        view, version = x[2], x._version
        assert scale(x) is x
        assert x.tolist() == [1, 20, 30]
        assert view.item() == 30
        assert x._version > version


def test_arguments_that_share_elements_are_another_kind_of_call():
    @ct.jit
    def add(a, b):
        a.add_(1)
        return a + b

    for _ in range(4):
        assert add(ct.ones(2), ct.ones(2)).tolist() == [3, 3]
        x = ct.ones(2)
        assert add(x, x).tolist() == [4, 4]
        assert add(x, x[:]).tolist() == [6, 6]


def test_what_a_graph_saved_is_seen_to_change_in_a_replay():
    step = ct.jit(lambda w: w.sub_(0.5))
    for _ in range(4):
        x = ct.tensor([1.0, 2.0], requires_grad=True)
        w = ct.ones(2)
        y = (x * w).sum()
        step(w)
        with pytest.raises(ct.GradientError, match="multiply saved 'b' .* sub_ changed it"):
            y.backward()


def test_other_names_and_attributes_are_noticed():
    class Scaler:
        factor = 1.0

    scaler = Scaler()
    scaler.factor = 2.0

    @ct.jit
    def scaled(x):
        return x * scaler.factor

    for factor in (2.0, 2.0, 2.0, 5.0, 5.0, 2.0):
        scaler.factor = factor
        assert scaled(ct.ones(1)).item() == factor


def test_a_copy_records_by_itself():
    class Jitted(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(2, 2)
            self.run = ct.jit(self._run)

        def _run(self, x):
            return self.layer(x)

    model = Jitted()
    x = ct.ones(1, 2)
    found = [model.run(x).tolist() for _ in range(4)]
    twin = copy.deepcopy(model)
    with ct.no_grad():
        twin.layer.weight.zero_()
        twin.layer.bias.fill_(3.0)
    for _ in range(4):
        assert twin.run(x).tolist() == [[3, 3]]
        assert model.run(x).tolist() == found[0] == found[-1]


def test_constants_amid_a_call_outlive_what_was_computed_before():
    def f(x):
        total = (x + 1).realize().sum().realize()  # that buffer is free again by now
        return ct.arange(x.shape[0], dtype="float32") + total

    x = ct.tensor(np.ones(64, np.float32))
    jitted = ct.jit(f)
    for _ in range(4):
        np.testing.assert_array_equal(jitted(x).numpy(), np.arange(64) + np.float32(128))


# -------------------------------------------------------------------------- cost and memory


# -------------------------------------------------------------------------- cost and memory


def lenet_step(optimizer=lambda p: optim.SGD(p, lr=0.1, momentum=0.9), wrap=ct.jit):
    ct.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Dropout(0.5),
        nn.Linear(2 * 6 * 6, 10),
    )  # fmt: skip
    opt = optimizer(model.parameters())

    @wrap
    def step(x, y):
        model.train()
        opt.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        return loss

    return model, opt, step


@pytest.mark.parametrize("optimizer", [optim.SGD, optim.Adam, optim.AdamW])
def test_the_usual_loop_is_recorded_once(counts, optimizer):
    model, opt, step = lenet_step(lambda p: optimizer(p, lr=0.01))
    evaluate = ct.jit(lambda x: model(x))
    schedule = optim.lr_scheduler.StepLR(opt, 1, 0.5)
    x, y = ct.rand(4, 1, 8, 8), ct.tensor([1, 2, 3, 4])
    saved = []
    for _ in range(4):
        model.train()
        for _ in range(6):
            loss = step(ct.rand(4, 1, 8, 8), y)
            saved.append(loss.item())
        schedule.step()
        model.eval()
        with ct.no_grad():
            for _ in range(3):
                evaluate(x).tolist()
        saved.append((model.state_dict(), opt.state_dict()))
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    assert counts == {"record": 2, "replay": 4 * 6 - 2 + 4 * 3 - 2}


def test_a_temporary_changed_in_place_is_no_state(counts):
    f = ct.jit(lambda x: (x * 2).add_(1.0) * 3)
    for _ in range(10):
        assert f(ct.ones(1)).tolist() == [9.0]
    assert counts == {"record": 1, "replay": 8}


def test_a_function_that_never_fits_is_rarely_recorded(counts):
    o = SimpleNamespace(k=0.0)
    f = ct.jit(lambda x: x * o.k)

    def run():
        for k in range(200):
            o.k = 1.0 * k
            assert f(ct.ones(1)).item() == k

    with pytest.warns(UserWarning, match="is another at every call") as told:
        run()
    assert len(told) == 1
    assert counts["record"] <= 8 + 200 // 16 + 1


def recordings(count):
    """A function recorded for `count` shapes, and the memory in use then."""
    w = ct.ones(4).realize()
    f = ct.jit(lambda x: (x * w + 1) * 2)
    for n in range(count):
        x = ct.ones(1 + n, 4)
        for _ in range(3):
            f(x)
    assert len(f._entries) <= MOST_KEYS
    assert all(len(e.recordings) <= MOST_RECORDINGS for e in f._entries.values())
    gc.collect()
    return f, ct.memory_summary()["in_use"]


def test_recordings_of_changing_shapes_are_bounded():
    before = ct.memory_summary()["in_use"]
    f, after = recordings(300)
    # A recording of n rows keeps what its launches use: some arrays of 16 * n bytes.
    assert after - before <= len(f._entries) * 4 * 16 * 300


@pytest.mark.slow
def test_many_recordings_of_changing_shapes_are_bounded():
    before = ct.memory_summary()["in_use"]
    f, after = recordings(10_000)
    assert after - before <= len(f._entries) * 4 * 16 * 10_000


def test_a_recording_keeps_no_arguments_and_no_results():
    f = ct.jit(lambda x: x + 1)
    x = ct.ones(1 << 18).realize()
    gc.collect()
    before = ct.memory_summary()["in_use"]
    for _ in range(4):
        f(x)
    del x
    gc.collect()
    assert ct.memory_summary()["in_use"] <= before - (1 << 20)


def test_cached_buffers_are_given_back_before_memory_runs_out():
    code = """
import cltensor as ct
x = ct.ones(1 << 18).realize()
junk = [ct.ones(1 << 20).realize() for _ in range(14)]; del junk
f = ct.jit(lambda x: ct.sort(ct.concat([x] * 3)))
f(x)
junk = [ct.ones(1 << 20).realize() for _ in range(14)]; del junk
print(f(x).values.shape)
"""
    env = {**os.environ, "CLTENSOR_MEMORY_LIMIT": "64MiB"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env
    )
    assert done.stdout.strip() == "Size([786432])"
