"""What a recorded function depends on: names, attributes, entries, modules."""

from functools import reduce
from operator import getitem
from types import SimpleNamespace

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn, optim
from cltensor.replay import guards
from cltensor.replay.guards import Surroundings

FACTOR = 2.0
TABLE = {"a": [1, 2], "b": 3}


def _helper(x):
    return x * FACTOR


def uses_a_global(x):
    return _helper(x)


def uses_a_table(x):
    return x * TABLE["a"][1]


class Options:
    def __init__(self):
        self.scale = 1.5
        self.inner = [1, 2]

    def method(self, x):
        return x * self.scale


def around(function, *objects):
    """The surroundings, as they are when a call has ended that changed nothing."""
    found = Surroundings(function, list(objects))
    assert found.is_unchanged()
    found.close()
    return found


def test_globals_of_functions_that_are_called(monkeypatch):
    found = around(uses_a_global)
    assert found.holds()
    monkeypatch.setitem(globals(), "FACTOR", 2.0 + 0)  # an equal number
    assert found.holds()
    monkeypatch.setitem(globals(), "FACTOR", 3.0)
    assert not found.holds()
    monkeypatch.undo()
    assert found.holds()
    monkeypatch.setitem(globals(), "_helper", abs)
    assert not found.holds()


def test_entries_of_containers(monkeypatch):
    found = around(uses_a_table)
    monkeypatch.setitem(TABLE, "c", 4)  # which nobody read, as far as one can tell
    assert not found.holds()
    monkeypatch.undo()
    assert found.holds()
    TABLE["a"][1] = 5
    assert not found.holds()
    TABLE["a"][1] = 2
    assert found.holds()
    monkeypatch.delitem(TABLE, "b")
    assert not found.holds()


def test_cells_of_closures():
    scale = 1.0

    def function(x):
        return x * scale

    found = around(function)
    assert found.holds()
    scale = 2.0
    assert not found.holds()
    scale = 1.0
    assert found.holds()
    scale = 1  # of another type
    assert not found.holds()


def test_a_cell_that_is_empty():
    def function():
        return later

    found = around(function)
    assert found.holds()
    later = 1
    assert function() == 1
    assert found.holds()  # nothing was known about it


@pytest.mark.parametrize("way", ["argument", "closure", "method"])
def test_attributes_of_objects(way):
    options = Options()
    if way == "argument":
        found = around(lambda x: x, options)
    else:
        found = around(options.method if way == "method" else lambda x: x * options.scale)
    assert found.holds()
    options.inner[0] = 7
    assert not found.holds()
    options.inner[0] = 1
    assert found.holds()
    options.scale = 2.5
    assert not found.holds()


def test_modules_and_the_modules_in_them():
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))
    found = around(lambda x: model(x))
    assert found.holds()
    model[1].eval()
    assert not found.holds()
    model[1].train()
    assert found.holds()
    model[1].p = 0.1
    assert not found.holds()


def test_modules_that_are_noted_on_the_way():
    model, found = nn.Dropout(0.5), around(lambda x: x)
    model.eval()
    assert found.holds()
    found.note(model)
    found.note(3)  # which nobody guards
    assert found.holds()
    model.train()
    assert not found.holds()


def test_a_module_that_is_gone():
    model, found = nn.Dropout(0.5), Surroundings(lambda x: x, [])
    found.note(model)
    found.close()
    assert found.holds()
    del model
    nn.Dropout(0.5).train()  # so that something has changed
    assert not found.holds()


def test_what_the_call_itself_changes_is_told():
    calls, model = [0], nn.Dropout(0.5)

    def function(x):
        return model(x) * calls[0]

    found = Surroundings(function, [])
    calls.append(1)  # of what it appends to, replays do without
    assert found.is_unchanged()
    found = Surroundings(function, [])
    calls[0] += 1
    assert not found.is_unchanged()
    found = Surroundings(function, [])
    model.eval()
    assert not found.is_unchanged()


def test_changes_elsewhere_cost_a_look_and_harm_nobody():
    model, other = nn.Dropout(0.5), nn.Dropout(0.5)
    found = around(lambda x: model(x))
    assert found.holds()
    other.p = 0.1
    assert found.holds()


# ------------------------------------------------------------- what functions rely on, replayed


def test_state_that_the_call_rebinds_goes_on():
    o = Options()
    o.h, o.count = ct.ones(1), 0

    @ct.jit
    def step(x):
        o.h = o.h * x
        o.count += 1
        return o.h * o.count

    assert [step(ct.full((1,), 2.0)).item() for _ in range(5)] == [2, 8, 24, 64, 160]


@pytest.mark.parametrize("change", ["momentum", "weight_decay"])
def test_every_option_of_an_optimizer_is_asked_for(change):
    def run(wrap):
        w = ct.tensor([1.0], requires_grad=True)
        opt = optim.SGD([w], lr=0.125, momentum=0.5)
        step = wrap(lambda g: (setattr(w, "grad", g), opt.step())[1])
        for i in range(6):
            if i == 3:
                opt.param_groups[0][change] = 0.75
            step(ct.ones(1))
        return w.item()

    right = {"momentum": -0.54345703125, "weight_decay": -0.34900379180908203}[change]
    assert run(lambda f: f) == right
    assert run(ct.jit) == right


def test_a_function_that_reads_options_itself():
    w = ct.tensor([8.0], requires_grad=True)
    opt = optim.SGD([w], lr=1.0)
    schedule = optim.lr_scheduler.ExponentialLR(opt, 0.5)

    @ct.jit
    def step(x):
        with ct.no_grad():
            w.sub_(x * opt.param_groups[0]["lr"])

    @ct.jit
    def scheduled(x):
        schedule.step()
        return x * schedule.get_last_lr()[0]

    for _ in range(4):
        step(ct.ones(1))
    assert w.tolist() == [4.0]
    opt.param_groups[0]["lr"] = 2.0
    step(ct.ones(1))
    assert w.tolist() == [2.0]
    opt.param_groups[0]["lr"] = 16.0
    assert [scheduled(ct.ones(1)).item() for _ in range(4)] == [8, 4, 2, 1]


def test_weights_changed_in_place_between_calls():
    m, x = nn.Linear(2, 1, bias=False), ct.ones(1, 2)
    f = ct.jit(lambda x: m(x))
    with ct.no_grad():
        for _ in range(3):
            f(x)
        m.weight.fill_(3.0)
        m.weight.clamp_(-0.25, 0.25)
        assert f(x).tolist() == [[0.5]]


def test_flags_members_hooks_and_buffers_of_modules():
    m, x = nn.Sequential(nn.Linear(2, 2), nn.Dropout(1.0), nn.BatchNorm1d(2)), ct.ones(2, 2)
    m[0].weight.data = ct.eye(2)
    m[0].bias.data = ct.zeros(2)
    f = ct.jit(lambda x: m[1](m[0](x)))
    with ct.no_grad():
        assert [f(x).sum().item() for _ in range(3)] == [0.0] * 3
        m.eval()
        assert [f(x).sum().item() for _ in range(3)] == [4.0] * 3
        m[0].weight = nn.Parameter(ct.ones(2, 2))
        assert [f(x).sum().item() for _ in range(3)] == [8.0] * 3
        handle = m[0].register_forward_hook(lambda module, args, out: out + 1)
        assert [f(x).sum().item() for _ in range(3)] == [12.0] * 3
        handle.remove()
        assert [f(x).sum().item() for _ in range(3)] == [8.0] * 3
        m.register_buffer("extra", ct.ones(1))
        g = ct.jit(lambda: m.extra)
        assert [g().item() for _ in range(3)] == [1.0] * 3
        m.register_buffer("extra", ct.zeros(1))
        assert g().item() == 0.0
        del m.extra


SCALE = 2.0


class Namespace:
    """Whose attributes a function reads."""

    scale = 1.0


def test_globals_classes_containers_and_arrays():
    global SCALE
    numbers, array, deep = [1.0], np.ones(2), Options()
    deep.inner = Options()
    deep.inner.k = 1.0

    @ct.jit
    def f(x, default=numbers):
        return x * SCALE * Namespace.scale * sum(default) * deep.inner.k * float(array[1])

    def now():
        return [f(ct.ones(1)).item() for _ in range(3)]

    try:
        assert now() == [2.0] * 3
        SCALE = 3.0
        assert now() == [3.0] * 3
        Namespace.scale = 2.0
        assert now() == [6.0] * 3
        numbers.append(1.0)
        assert now() == [12.0] * 3
        numbers[0] = 0.0
        assert now() == [6.0] * 3
        deep.inner.k = 0.5
        assert now() == [3.0] * 3
        array[1] = 3
        assert now() == [9.0] * 3
    finally:
        SCALE, Namespace.scale = 2.0, 1.0


def test_methods_are_bound():
    class Trainer:
        def __init__(self, k):
            self.k = k

        @ct.jit
        def step(self, x):
            return x + self.k

    a, b = Trainer(1.0), Trainer(2.0)
    for _ in range(4):
        assert a.step(ct.ones(1)).item() == 2.0
        assert b.step(ct.ones(1)).item() == 3.0
    a.k = 5.0
    assert a.step(ct.ones(1)).item() == 6.0


def test_seeds_set_inside_and_outside():
    @ct.jit
    def f():
        ct.manual_seed(3)
        return ct.rand(2)

    ct.manual_seed(3)
    right = ct.rand(2).tolist()
    assert [f().tolist() for _ in range(4)] == [right] * 4
    g = ct.jit(lambda: ct.rand(2))
    for _ in range(4):
        ct.manual_seed(3)
        assert g().tolist() == right


def test_the_shape_and_the_flag_of_a_captured_tensor_count():
    w = ct.ones(2)
    f = ct.jit(lambda x: x * w.shape[0] if w.requires_grad else x + w.shape[0])
    assert [f(ct.ones(1)).item() for _ in range(3)] == [3.0] * 3
    w.data = ct.ones(5)
    assert [f(ct.ones(1)).item() for _ in range(3)] == [6.0] * 3
    w.requires_grad_()
    assert [f(ct.ones(1)).item() for _ in range(3)] == [5.0] * 3
    freeze = ct.jit(lambda: w.requires_grad_(False))
    freeze(), freeze(), freeze()
    w.requires_grad_()
    freeze()
    assert not w.requires_grad


def test_jit_inside_jit():
    inner = ct.jit(lambda t: t * 3)
    for _ in range(3):
        inner(ct.tensor([1.0]))
    outer = ct.jit(lambda t: inner(t) + 5)
    assert [outer(ct.tensor([1.0 * i])).item() for i in range(5)] == [5, 8, 11, 14, 17]


def test_held_data_shows_the_step_and_an_old_graph_is_refused():
    w = ct.tensor([1.0], requires_grad=True)
    opt, x = optim.SGD([w], lr=0.25), ct.ones(1)
    step = ct.jit(lambda x: (setattr(w, "grad", x), opt.step())[1])
    for _ in range(3):
        step(x)
    held, loss = w.data, (w * w).sum()
    step(x)
    assert held.tolist() == w.tolist() == [0.0]
    w.grad = None
    with pytest.raises(ct.GradientError, match="step changed it in place"):
        loss.backward()


@pytest.mark.parametrize(
    ("many", "place", "named"),
    [
        ([0.5] * 5000, (), "a list of 5,000 entries"),
        (dict.fromkeys(range(5000), 0.5), (), "a dict of 5,000 entries"),
        (np.full(100_000, 0.5), (), "an array of 800,000 bytes"),
        ([[[0.5] * 8] for _ in range(3000)], (7, 0), "more than 4,096 objects and lists"),
    ],
)
def test_what_is_too_much_to_compare_is_never_replayed(many, place, named):
    inner = reduce(getitem, place, many)
    function, x = ct.jit(lambda v: v * float(reduce(getitem, place, many)[7])), ct.ones(3)
    assert function(x).tolist() == [0.5] * 3
    with pytest.warns(UserWarning, match=f"reaches {named}.* each call runs it"):
        function(x)
    function(x)
    inner[7] = 2.0
    assert function(x).tolist() == [2.0] * 3


def test_objects_that_cannot_be_counted_are_too_much(monkeypatch):
    monkeypatch.setattr(guards, "_FAR", 50)
    held = SimpleNamespace(deep=tuple((k,) for k in range(100)), weight=ct.ones(3))
    function = ct.jit(lambda v: v * held.weight)
    function(ct.ones(3))
    with pytest.warns(UserWarning, match="more than 50 objects"):
        function(ct.ones(3))


def test_what_another_jit_recorded_is_not_the_function_s_own():
    inner = ct.jit(lambda v: v * 2)
    for _ in range(4):
        inner(ct.ones(3))
    found = Surroundings(lambda v: inner(v), [])
    assert found.tensors() == {}
    assert not found.excess
