"""What a recorded call gives back, changes and relies on: each program prints what it does without
jit. The values are literal; the functions are called often enough to be replayed."""

import gc
import random
import threading
import weakref
from collections import OrderedDict, namedtuple

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn, optim
from cltensor.nn import functional as F
from cltensor.runtime.device import recording

TIMES = 5


class Plain:
    """An object of the user's."""


# --------------------------------------------------------------------------------- results

Named = namedtuple("Named", "first rest")


def test_results_of_all_kinds():
    w, o = ct.tensor([5.0]), Plain()

    @ct.jit
    def f(x):
        y = x + 1
        return Named(y, [x, {"w": w, "view": y[:1], "again": y}, OrderedDict(k=w + x), o, 3, None])

    for k in range(TIMES):
        x = ct.tensor([1.0 * k])
        first, (same, table, ordered, mine, three, nothing) = f(x)
        assert first.tolist() == [k + 1.0]
        assert same is x
        assert table["w"] is w
        assert table["again"] is first
        table["view"].add_(1.0)
        assert first.tolist() == [k + 2.0]
        assert type(ordered) is OrderedDict
        assert ordered["k"].tolist() == [k + 5.0]
        assert (mine, three, nothing) == (o, 3, None)


def test_an_object_made_by_the_call_is_made_by_every_call():
    def f(x):
        made = Plain()
        made.value = x + 1
        return made

    jitted = ct.jit(f)
    assert [jitted(ct.tensor([1.0 * k])).value.item() for k in range(4)] == [1, 2, 3, 4]
    rows = ct.jit(lambda x: (row * 2 for row in x))
    assert [[r.item() for r in rows(ct.tensor([1.0, 2.0]))] for _ in range(4)] == [[2, 4]] * 4


def test_topk_gives_its_named_tuple():
    f = ct.jit(lambda x: ct.topk(x, 2))
    for _ in range(TIMES):
        assert f(ct.tensor([3.0, 1.0, 2.0])).values.tolist() == [3.0, 2.0]


# ------------------------------------------------------------------------------- gradients


def test_a_gradient_that_is_also_a_result():
    p = ct.tensor([1.0], requires_grad=True)

    @ct.jit
    def g(x):
        p.grad = None
        (p * x).sum().backward()
        return p.grad

    for k in range(TIMES):
        found = g(ct.full((1,), 1.0 * k))
        assert found is p.grad
        assert found.tolist() == [k]


def test_gradients_kept_from_call_to_call_are_not_overwritten():
    w, kept = ct.tensor([1.0], requires_grad=True), []

    @ct.jit
    def backward(x):
        w.grad = None
        (w * x).sum().backward()

    for k in range(TIMES):
        backward(ct.full((1,), k + 1.0))
        kept.append(w.grad)
    assert [g.tolist() for g in kept] == [[k + 1.0] for k in range(TIMES)]


def test_backward_inside_and_the_rest_outside():
    w = ct.tensor([1.0], requires_grad=True)
    opt = optim.SGD([w], lr=0.125)
    forward_backward = ct.jit(lambda x: (w * x).sum().backward())
    for k in range(6):
        opt.zero_grad()
        forward_backward(ct.ones(1))
        assert w.grad.tolist() == [1.0]
        opt.step()
        assert w.tolist() == [0.875 - 0.125 * k]


def test_a_clipped_gradient_is_not_clipped_again():
    w = ct.tensor([1.0], requires_grad=True)

    @ct.jit
    def backward(x):
        w.grad = None
        (w * x).sum().backward()

    for k in range(TIMES):
        backward(ct.full((1,), k + 1.0))
        nn.utils.clip_grad_norm_([w], 100.0)
        assert w.grad.tolist() == [k + 1.0]


def test_the_gradient_of_an_argument_and_of_a_frozen_weight():
    w = ct.tensor([3.0], requires_grad=True)
    f = ct.jit(lambda x: (w * x).sum().backward())
    for k in range(TIMES):
        x = ct.tensor([1.0 * k], requires_grad=True)
        f(x)
        assert x.grad.tolist() == [3.0]
    assert w.grad.tolist() == [0.0 + 1 + 2 + 3 + 4]
    w.requires_grad_(False)
    g = ct.jit(lambda: w.grad)
    assert [g().tolist() for _ in range(3)] == [[10.0]] * 3
    w.grad = None
    assert g() is None


def test_a_gradient_hook_counts():
    w = ct.tensor([1.0], requires_grad=True)

    @ct.jit
    def f():
        w.grad = None
        (w * 2).sum().backward()
        return w.grad

    assert [f().tolist() for _ in range(3)] == [[2.0]] * 3
    handle = w.register_hook(lambda g: g * 3)
    assert [f().tolist() for _ in range(3)] == [[6.0]] * 3
    handle.remove()
    assert [f().tolist() for _ in range(3)] == [[2.0]] * 3


# ----------------------------------------------------------------------------------- faults


def test_an_index_fault_in_a_replay_is_raised_once_with_its_name():
    x = ct.arange(5, dtype="float32").realize()
    f = ct.jit(lambda i: x[i] * 2)
    for _ in range(3):
        f(ct.tensor([0, 1])).tolist()
    bad = f(ct.tensor([1, 9]))
    with pytest.raises(ct.IndexingError, match="getitem: index 9 is out of range"):
        bad.tolist()
    loss = F.cross_entropy(ct.zeros(2, 3), ct.tensor([0, 1]))
    assert loss.item() == pytest.approx(np.log(3))


def test_faults_of_a_replay_name_their_operations(mode):
    x = ct.arange(12, dtype="float32").reshape(3, 4).realize()
    f = ct.jit(lambda i, j, k: x[i] * ct.gather(x, 1, j).sum() + x[:, k].sum())
    good = ct.tensor([0, 1]), ct.tensor([[1], [2]]), ct.tensor([3])
    for _ in range(3):
        f(*good).tolist()
    apart = x[:, ct.tensor([44])]  # not of the replay
    kept = [f(good[0], ct.tensor([[1], [5]]), good[2]), f(ct.tensor([9, 0]), *good[1:])]
    with pytest.raises(ct.IndexingError) as caught:
        kept[0].tolist()
    assert str(caught.value).split("\n") == [
        "getitem: index 44 is out of range for axis 1 of size 4; valid indices are -4 to 3",
        "getitem: index 9 is out of range for axis 0 of size 3; valid indices are -3 to 2",
        "gather: index 5 is out of range for axis 1 of size 4; valid indices are -4 to 3",
    ]
    assert f(*good).tolist() == f(*good).tolist()
    kept.append(f(good[0], good[1], ct.tensor([-6])))
    with pytest.raises(ct.IndexingError, match=r"^getitem: index -6 .* axis 1 of size 4; [^\n]*$"):
        kept[2].tolist()
    assert apart.shape == (3, 1)


def test_replays_at_the_same_time_are_told_their_own_faults():
    x = ct.arange(12, dtype="float32").reshape(3, 4).realize()
    f = ct.jit(lambda i, j: x[i] * ct.gather(x, 1, j).sum())
    good = ct.tensor([0, 1]), ct.tensor([[1], [2]])
    for _ in range(3):
        f(*good).tolist()
    start, told = threading.Barrier(2), {}

    def work(name, *bad):
        told[name] = []
        start.wait()
        for _ in range(20):
            y = f(*bad)
            try:
                y.tolist()
            except ct.IndexingError as error:
                told[name].append(str(error))

    threads = [
        threading.Thread(target=work, args=("getitem", ct.tensor([9, 0]), good[1])),
        threading.Thread(target=work, args=("gather", good[0], ct.tensor([[1], [-5]]))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first = "getitem: index 9 is out of range for axis 0 of size 3; valid indices are -3 to 2"
    second = "gather: index -5 is out of range for axis 1 of size 4; valid indices are -4 to 3"
    assert told == {"getitem": [first] * 20, "gather": [second] * 20}


def test_an_index_fault_belongs_to_its_thread():
    x = ct.arange(5, dtype="float32").realize()
    f = ct.jit(lambda i: x[i] * 2)
    for _ in range(3):
        f(ct.tensor([0, 1])).tolist()
    found = []

    def work():
        try:
            f(ct.tensor([1, 9])).tolist()
        except ct.IndexingError as error:
            found.append(str(error))

    bad = f(ct.tensor([1, 7]))
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert len(found) == 1
    assert "index 9" in found[0]
    with pytest.raises(ct.IndexingError, match="index 7"):
        bad.tolist()
    assert f(ct.tensor([1, 2])).tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.add_(1.0) * x.sum().item(),
        lambda x: x.add_(1.0) * float(x.sum()),
        lambda x: (x.add_(1.0), 1 if x.sum() > 0 else 0)[0],
        lambda x: x.add_(1.0) + ct.tensor([1.0, 2.0]),
    ],
)
def test_what_is_refused_leaves_all_in_order(function):
    jitted, x = ct.jit(function), ct.ones(2)
    jitted(x)
    before = x.tolist()
    for _ in range(3):
        with pytest.raises(ct.DeviceError, match="inside a jitted function"):
            jitted(x)
    assert recording.current is None
    assert len(x.device.pool.children) <= 1 or gc.collect() >= 0
    assert x.tolist() == [before[0] + 3, before[1] + 3]  # what came before the refusal was done


def test_what_is_recorded_goes_with_the_function_without_the_collector():
    def made():
        model = nn.Linear(4, 2)
        optimizer = optim.SGD(model.parameters(), lr=0.1)

        def step(x):
            optimizer.zero_grad()
            loss = (model(x) ** 2).sum()
            loss.backward()
            optimizer.step()
            return loss

        return ct.jit(step), model

    function, model = made()
    for _ in range(4):
        function(ct.ones(3, 4))
    (entry,) = function._entries.values()
    gone = [weakref.ref(x) for x in (function, entry.recordings[0], model)]
    gc.collect()
    gc.disable()
    try:
        del function, entry, model  # though a gradient is still promised
        assert [ref() for ref in gone] == [None] * 3
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("switch", "back", "read"),
    [
        (
            lambda: ct.set_grad_enabled(False),
            lambda: ct.set_grad_enabled(True),
            ct.is_grad_enabled,
        ),
        (
            lambda: ct.set_default_dtype(ct.float16),
            lambda: ct.set_default_dtype(ct.float32),
            ct.get_default_dtype,
        ),
    ],
    ids=["grad mode", "default dtype"],
)
def test_a_mode_that_a_call_leaves_behind(switch, back, read):
    def function(x):
        switch()
        return x * 2

    call = ct.jit(function)
    try:
        for _ in range(6):
            before = read()
            assert call(ct.ones(2)).tolist() == [2, 2]
            assert read() != before
            back()
    finally:
        back()


def test_the_default_device_is_that_of_the_call(other_device):
    call = ct.jit(lambda x: ct.ones(2) * 3)
    x = ct.ones(2)
    for _ in range(4):
        assert call(x).device == x.device
    with ct.device(other_device.name):
        for _ in range(4):
            assert call(x).device == other_device


# ------------------------------------------------------------------- what is never replayed


def returns_what_it_made(x):
    o = Plain()
    o.x = x
    return o


def returns_a_leaf_with_its_gradient(x):
    z = x.detach().requires_grad_()
    (z * z).sum().backward()
    return z


@pytest.mark.parametrize(
    ("function", "cause"),
    [
        (lambda x: x * random.random(), "draws random numbers of Python or NumPy;"),
        (returns_what_it_made, "returns an object that it made;"),
        (returns_a_leaf_with_its_gradient, "a tensor to which it gave a gradient or attributes;"),
    ],
)
def test_the_cause_is_told_once_where_nothing_is_replayed(function, cause):
    call = ct.jit(function)
    with pytest.warns(UserWarning, match=f"recorded 8 times and never replayed.*{cause}") as told:
        [call(ct.ones(1)) for _ in range(40)]
    assert len(told) == 1
    assert told[0].filename == __file__
