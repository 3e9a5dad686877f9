"""What optimizers share: groups, gradients, closures, states, copies, devices, text."""

import copy
import os
import pickle
import sys

import numpy as np
import pytest
from optimizers import (
    OPTIMIZERS,
    OTHERS,
    RANDOM,
    WHOLE,
    assert_as_pytorch,
    assert_close,
    give_gradients,
    host,
    leaves,
    values,
)

import cltensor as ct
from cltensor import nn, optim
from cltensor.autograd import is_grad_enabled


def test_a_network_learns():
    ct.manual_seed(0)
    x = RANDOM.standard_normal((64, 3)).astype(np.float32)
    y = np.sin(x.sum(1, keepdims=True)).astype(np.float32)
    for make in (lambda p: optim.SGD(p, 0.1, momentum=0.9), lambda p: optim.Adam(p, 0.02)):
        model = nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 1))
        optimizer = make(model.parameters())
        losses = []
        for _ in range(150):
            optimizer.zero_grad()
            loss = nn.MSELoss()(model(ct.tensor(x)), ct.tensor(y))
            loss.backward()
            optimizer.step()
            losses.append(loss)
        assert losses[-1].item() < 0.1 * losses[0].item()


def test_parameters_without_gradient_stay():
    params = leaves(values((2,), (2,)))
    before = host(params)
    for optimizer in (optim.SGD(params, 0.1), optim.AdamW(params)):
        params[0].grad = None
        params[1].grad = ct.ones(2)
        optimizer.step()
        np.testing.assert_array_equal(host(params)[0], before[0])
        assert optimizer.state[params[0]] == {}
    assert not np.array_equal(host(params)[1], before[1])


def test_groups_have_their_own_options():
    params = leaves([np.ones(2, np.float32)] * 3)
    optimizer = optim.SGD([{"params": params[0]}, {"params": [params[1]], "lr": 1.0}], lr=0.5)
    optimizer.add_param_group({"params": iter([params[2]]), "lr": 0.25, "momentum": 0.5})
    for _ in range(2):
        give_gradients(params, [np.ones(2, np.float32)] * 3)
        optimizer.step()
    assert [p[0] for p in host(params)] == [0, -1, 1 - 0.25 - 0.375]
    assert [g["momentum"] for g in optimizer.param_groups] == [0, 0, 0.5]
    assert "momentum_buffer" in optimizer.state[params[2]]
    saved = optimizer.state_dict()
    assert [g["params"] for g in saved["param_groups"]] == [[0], [1], [2]]
    assert list(saved["state"]) == [2]


def test_zero_grad():
    params = leaves(values((2,)))
    optimizer = optim.SGD(params)
    give_gradients(params, values((2,)))
    optimizer.zero_grad(set_to_none=False)
    np.testing.assert_array_equal(params[0].grad.numpy(), [0, 0])
    optimizer.zero_grad()
    assert params[0].grad is None
    optimizer.zero_grad(set_to_none=False)
    assert params[0].grad is None


def test_step_takes_a_closure_and_records_in_it():
    params = leaves(values((2,)))
    optimizer = optim.SGD(params, lr=0.1)

    def closure():
        assert is_grad_enabled()
        optimizer.zero_grad()
        loss = (params[0] * params[0]).sum()
        loss.backward()
        return loss

    with ct.no_grad():
        first = optimizer.step(closure).item()
    assert optimizer.step(closure).item() < first
    assert optimizer.step() is None


def test_everything_is_computed_after_step():
    params = leaves(values((3,), (3,)))
    for optimizer in (
        optim.SGD(params, 0.1, momentum=0.9),
        optim.Adam(params, amsgrad=True),
    ):
        for _ in range(2):
            give_gradients(params, values((3,), (3,)))
            optimizer.step()
            state = [v for s in optimizer.state.values() for v in s.values()]
            state = [v for v in state if isinstance(v, ct.Tensor)]
            assert len(state) in (2, 6)
            assert not any(t.is_pending for t in [*state, *(p.data for p in params)])


def test_state_dict_round_trip_continues_the_same_way():
    def trained(make, steps, state=None):
        params = leaves(start)
        optimizer = make(params)
        if state is not None:
            for p, v in zip(params, state[0], strict=True):
                p.data = ct.tensor(v)
            optimizer.load_state_dict(state[1])
        for grads in steps:
            give_gradients(params, grads)
            optimizer.step()
        return params, optimizer

    start = values((3,), (2, 2))
    grads = [values((3,), (2, 2)) for _ in range(6)]
    for name, options in OPTIMIZERS:

        def make(params, name=name, options=options):
            return getattr(optim, name)(params, **options)

        whole, _ = trained(make, grads)
        half, optimizer = trained(make, grads[:3])
        saved = pickle.loads(pickle.dumps(optimizer.state_dict()))
        resumed, other = trained(make, grads[3:], (host(half), saved))
        assert_close(host(resumed), host(whole), rtol=1e-6, atol=1e-7)
        assert other.param_groups[0]["lr"] == optimizer.param_groups[0]["lr"]


@pytest.mark.parametrize(("name", "options"), OTHERS + WHOLE[:1])
def test_as_pytorch(name, options):
    assert_as_pytorch(name, options)


def test_a_saved_state_that_does_not_fit_changes_nothing():
    params = leaves(values((3,), (2,)))
    optimizer = optim.Adam(params)
    give_gradients(params, values((3,), (2,)))
    optimizer.step()
    saved = copy.deepcopy(optimizer.state_dict())
    others = leaves(values((3,), (4,)))
    other = optim.Adam(others, lr=0.5)
    with pytest.raises(ct.StateError, match=r"parameter 1: 'exp_avg.*' has shape \(2,\).*\(4,\)"):
        other.load_state_dict(saved)
    assert other.state == {others[0]: {}, others[1]: {}}
    assert other.param_groups[0]["lr"] == 0.5
    other = optim.Adam(leaves(values((3,))))
    with pytest.raises(ct.StateError, match=r"Adam.load_state_dict: group 0 .* 2 parameters"):
        other.load_state_dict(saved)
    other.add_param_group({"params": leaves(values((2,)))})
    with pytest.raises(ct.StateError, match="1 parameter groups were saved"):
        other.load_state_dict(saved)
    with pytest.raises(ct.StateError, match="expected a dict with 'state'"):
        other.load_state_dict({"weights": 1})


def test_copy_and_pickle_of_model_and_optimizer_stay_together():
    model = nn.Linear(2, 2)
    optimizer = optim.Adam(model.parameters(), lr=0.1)
    model(ct.ones(1, 2)).sum().backward()
    optimizer.step()
    for twin, other in (
        copy.deepcopy((model, optimizer)),
        pickle.loads(pickle.dumps((model, optimizer))),
    ):
        assert other.param_groups[0]["params"][0] is twin.weight
        kept = model.weight.data.numpy()
        twin(ct.ones(1, 2)).sum().backward()
        other.step()
        assert other.state[twin.weight]["step"] == 2
        assert optimizer.state[model.weight]["step"] == 1
        np.testing.assert_array_equal(model.weight.data.numpy(), kept)
        assert not np.array_equal(twin.weight.data.numpy(), kept)


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS)
def test_a_copy_goes_on_as_the_original_does(name, options):
    start, grads = values((3,), (2, 2)), [values((3,), (2, 2)) for _ in range(5)]
    params = leaves(start)
    optimizer = getattr(optim, name)(params, **options)
    for g in grads[:3]:
        give_gradients(params, g)
        optimizer.step()
    twins, twin = copy.deepcopy((params, optimizer))
    for g in grads[3:]:
        for its, each in ((params, optimizer), (twins, twin)):
            give_gradients(its, g)
            each.step()
    assert_close(host(twins), host(params), rtol=0)
    assert params[0].buffer is not twins[0].buffer


def test_the_state_is_changed_in_place_by_steps_and_used_when_replaced():
    params = leaves([np.zeros(2, np.float32), np.zeros(2, np.float32)])
    optimizer = optim.SGD(params, lr=1.0, momentum=0.5)

    def step():
        give_gradients(params, [np.ones(2, np.float32)] * 2)
        optimizer.step()

    step()
    velocity = optimizer.state[params[0]]["momentum_buffer"]
    assert velocity.tolist() == [1, 1]
    step()
    assert velocity.tolist() == [1.5, 1.5]
    assert optimizer.state[params[0]]["momentum_buffer"] is velocity
    velocity.zero_()
    optimizer.state[params[1]]["momentum_buffer"] = ct.full((2,), 10.0)
    step()
    assert optimizer.state[params[0]]["momentum_buffer"].tolist() == [1, 1]
    assert optimizer.state[params[1]]["momentum_buffer"].tolist() == [6, 6]
    np.testing.assert_array_equal(host(params), [[-3.5] * 2, [-8.5] * 2])


def test_the_state_dict_shares_the_state():
    params = leaves(values((2,)))
    optimizer = optim.Adam(params)
    give_gradients(params, values((2,)))
    optimizer.step()
    saved = optimizer.state_dict()["state"][0]
    kept = saved["exp_avg"].clone()
    give_gradients(params, values((2,)))
    optimizer.step()
    assert saved["exp_avg"].tolist() == optimizer.state[params[0]]["exp_avg"].tolist()
    assert saved["exp_avg"].tolist() != kept.tolist()


def test_arguments_are_checked():
    params = leaves(values((2,)))
    with pytest.raises(ValueError, match="Adam: the parameter list is empty"):
        optim.Adam([])
    with pytest.raises(TypeError, match="SGD: params is a Parameter"):
        optim.SGD(params[0])
    with pytest.raises(TypeError, match="can only optimize tensors, got a list"):
        optim.SGD([[1.0, 2.0]])
    with pytest.raises(ValueError, match="a parameter appears twice"):
        optim.SGD(params * 2)
    with pytest.raises(ValueError, match="the result of an operation"):
        optim.SGD([params[0] * 2])
    with pytest.raises(TypeError, match="a group is a dict with the key 'params'"):
        optim.SGD([{"lr": 1}])


def test_repr_lists_the_options():
    text = repr(optim.SGD(leaves(values((1,))), lr=0.5))
    assert text.startswith("SGD (\nParameter Group 0\n    dampening: 0\n    lr: 0.5\n")
    assert text.endswith("    weight_decay: 0\n)")


def test_a_gradient_follows_its_parameter_to_a_device(other_device):
    model = nn.Linear(2, 1).to(other_device)
    optimizer = optim.Adam(model.parameters(), lr=0.1)
    model(ct.ones(3, 2, device=other_device)).sum().backward()
    optimizer.step()
    assert model.weight.device is optimizer.state[model.weight]["exp_avg"].device is other_device
    here = nn.Linear(2, 1)
    state = optim.Adam(here.parameters())
    state.load_state_dict(optimizer.state_dict())
    assert state.state[here.weight]["exp_avg"].device is not other_device


@pytest.mark.parametrize("jitted", [False, True])
@pytest.mark.parametrize("kind", [ct.optim.SGD, ct.optim.Adam])
def test_a_debugger_that_holds_all_frames_changes_nothing(device, kind, jitted):
    """What a step computes on its way stays alive then, as if somebody wanted it."""
    held, package = [], os.path.dirname(ct.__file__)

    def look(frame, event, argument):
        if not frame.f_code.co_filename.startswith((package, __file__)):
            return None  # the compiler's Python: much of it, and none of our tensors
        held.append(frame)
        return look

    def train(trace):
        weights = [ct.ones(3, requires_grad=True), ct.ones(2, requires_grad=True)]
        more = {"momentum": 0.9, "nesterov": True} if kind is ct.optim.SGD else {"amsgrad": True}
        optimizer = kind(weights, lr=0.1, weight_decay=0.1, **more)

        def step(x):
            optimizer.zero_grad(set_to_none=False)
            ((weights[0] * x).sum() * weights[1].square().sum()).backward()
            optimizer.step()

        step = ct.jit(step) if jitted else step
        before = sys.gettrace()
        sys.settrace(look if trace else before)
        try:
            for k in range(4):
                step(ct.full((3,), k + 1.0))
        finally:
            sys.settrace(before)
        return [w.tolist() for w in weights]

    wanted = train(False)
    assert train(True) == wanted


def moved(optimizer, params, skipped, steps=6):
    """The parameters after steps in which the last has no gradient where `skipped` says so."""
    for step in range(steps):
        give_gradients(params, [np.full(2, 1.0 + step, np.float32)] * len(params))
        if step in skipped:
            params[-1].grad = None
        optimizer.step()
    return host(params)


def test_a_parameter_that_rests_goes_on_from_the_count_of_steps_it_had():
    params, alone = leaves([np.ones(2, np.float32)] * 2), leaves([np.ones(2, np.float32)])
    optimizer, other = optim.Adam(params, lr=0.1), optim.Adam(alone, lr=0.1)
    found = moved(optimizer, params, (2, 3))
    for step in (0, 1, 4, 5):
        give_gradients(alone, [np.full(2, 1.0 + step, np.float32)])
        other.step()
    np.testing.assert_array_equal(found[1], host(alone)[0])
    assert [optimizer.state[p]["step"] for p in params] == [6, 4]
    # torch.optim.Adam(lr=0.1) on the same gradients
    assert_close(found[1], np.full(2, 0.6227804, np.float32), rtol=1e-5)


def test_states_belong_to_parameters_not_to_places():
    a, b = leaves([np.ones(2, np.float32)] * 2)
    optimizer = optim.SGD([{"params": [a]}, {"params": [b], "lr": 0.5}], lr=1.0, momentum=0.5)
    give_gradients([a, b], [np.full(2, 1, np.float32), np.full(2, 4, np.float32)])
    optimizer.step()
    del optimizer.param_groups[0]
    optimizer.step()
    assert host([a, b]) == pytest.approx(np.array([[0, 0], [1 - 2 - 0.5 * 6] * 2]))
    optimizer.param_groups[0]["params"].insert(0, a)
    optimizer.step()
    assert host([a, b]) == pytest.approx(np.array([[-0.75] * 2, [-4 - 0.5 * 7] * 2]))


def test_a_group_that_takes_the_place_of_another_counts():
    (a,) = leaves([np.ones(2, np.float32)])
    optimizer = optim.SGD([a], lr=1.0)
    for rate, left in ((1.0, 0), (0.25, -0.25)):
        optimizer.param_groups[0] = {**optimizer.param_groups[0], "lr": rate}
        give_gradients([a], [np.ones(2, np.float32)])
        optimizer.step()
        assert host([a])[0] == pytest.approx(left)


def begin_anew(kind, optimizer, param):
    if kind == "clear":
        optimizer.state.clear()
    elif kind == "pop":
        optimizer.state.pop(param)
    elif kind == "replace":
        optimizer.state[param] = {}
    else:
        optimizer.state = {}


@pytest.mark.parametrize("kind", ["clear", "pop", "replace", "assign"])
@pytest.mark.parametrize("wrap", [lambda f: f, ct.jit])
def test_a_state_that_is_thrown_away_begins_anew(kind, wrap):
    (a,) = leaves([np.zeros(1, np.float32)])
    optimizer = optim.SGD([a], lr=1.0, momentum=0.5)
    step = wrap(lambda: optimizer.step())
    a.grad = ct.ones(1)
    found = []
    for number in range(8):
        if number == 5:
            begin_anew(kind, optimizer, a)
        before = a.item()
        step()
        found.append(before - a.item())
    assert found == [1, 1.5, 1.75, 1.875, 1.9375, 1, 1.5, 1.75]


def test_the_state_that_was_looked_at_counts_on():
    (a,) = leaves([np.zeros(1, np.float32)])
    optimizer = optim.Adam([a], lr=1.0)
    state, step = optimizer.state, ct.jit(lambda: optimizer.step())
    a.grad = ct.ones(1)
    for number in range(1, 6):
        step()
        assert state[a]["step"] == number
    state[a]["step"] = 1
    assert optimizer.state[a]["step"] == 1  # and stays so, however often it is looked at
    step()
    assert optimizer.state[a]["step"] == 2
    with pytest.raises(TypeError, match="Adam: state is a list; assign a dict of dicts"):
        optimizer.state = []


@pytest.mark.parametrize("step", [False, True])
def test_a_replay_knows_the_groups_of_its_call(step):
    a, b = leaves([np.ones(2, np.float32)] * 2)
    optimizer = optim.SGD([a], lr=1.0)
    jitted = ct.jit(optimizer.step if step else optimizer.zero_grad)
    for number in range(6):
        give_gradients([a, b], [np.ones(2, np.float32)] * 2)
        if number == 4:
            optimizer.add_param_group({"params": [b], "lr": 0.5})
        if number == 5:
            optimizer.param_groups[0]["params"].clear()
        jitted()
        if not step:
            assert (a.grad is None, b.grad is None) == (number != 5, number >= 4)
    if step:
        assert host([a, b]) == pytest.approx(np.array([[-4, -4], [0, 0]]))


def test_a_jitted_call_reads_the_count_of_now():
    (a,) = leaves([np.zeros(1, np.float32)])
    optimizer = optim.Adam([a], lr=1.0)
    a.grad = ct.ones(1)

    @ct.jit
    def step():
        optimizer.step()
        return optimizer.state[a]["step"], optimizer.state_dict()["state"][0]["step"]

    assert [step() for _ in range(5)] == [(n, n) for n in range(1, 6)]


def test_parameters_of_mixed_dtypes_are_laid_out_once(fp64):
    arrays = [np.ones(2, np.float32), np.ones(2), np.ones(2, np.float32)]
    params = leaves(arrays)
    optimizer = optim.SGD(params, lr=1.0)
    for p in params:
        p.grad = ct.ones(2, dtype=p.dtype)
    optimizer.step()
    blocks = list(optimizer._blocks)
    optimizer.step()
    assert all(x is y for x, y in zip(blocks, optimizer._blocks, strict=True))
