"""SGD, Adam and AdamW: update rules, groups, states, kernels, and PyTorch where it is installed."""

import copy
import math
import pickle

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn, optim
from cltensor.autograd import Variable, is_grad_enabled

SHAPES = ((3, 4), (5,), ())
RANDOM = np.random.default_rng(8)

OPTIMIZERS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "maximize": True}),
    ("Adam", {}),
    ("Adam", {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.05, "amsgrad": True}),
    ("Adam", {"lr": 0.05, "maximize": True}),
    ("AdamW", {"lr": 0.05}),
    ("AdamW", {"lr": 0.05, "weight_decay": 0.2, "amsgrad": True}),
]


def values(*shapes):
    return [RANDOM.standard_normal(s).astype(np.float32) for s in shapes]


def leaves(arrays):
    return [nn.Parameter(ct.tensor(a)) for a in arrays]


def give_gradients(params, arrays):
    for param, array in zip(params, arrays, strict=True):
        param.grad = Variable(ct.tensor(array))


def host(params):
    return [p.data.numpy() for p in params]


def assert_close(found, wanted, **tolerance):
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, **tolerance)


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS)
def test_as_pytorch(name, options):
    torch = pytest.importorskip("torch")
    start = values(*SHAPES)
    ours = leaves(start)
    theirs = [torch.nn.Parameter(torch.tensor(a)) for a in start]
    a = getattr(optim, name)(ours, **options)
    b = getattr(torch.optim, name)(theirs, **options)
    known = set(a.param_groups[0])
    assert known <= set(b.param_groups[0])
    assert all(a.param_groups[0][k] == b.param_groups[0][k] for k in known - {"params"})

    def step(count):
        for _ in range(count):
            grads = values(*SHAPES)
            give_gradients(ours, grads)
            for p, g in zip(theirs, grads, strict=True):
                p.grad = torch.tensor(g)
            a.step()
            b.step()
        wanted = [p.detach().numpy() for p in theirs]
        assert_close(host(ours), wanted, rtol=1e-5, atol=1e-6)

    step(5)
    # States travel both ways in the same layout.
    saved, other = a.state_dict(), b.state_dict()
    assert set(saved) == set(other)
    assert list(saved["state"]) == list(other["state"])
    for number, state in saved["state"].items():
        assert set(state) == set(other["state"][number])
        for key, value in state.items():
            np.testing.assert_allclose(
                np.asarray(value), other["state"][number][key], rtol=1e-5, atol=1e-6
            )
    a = getattr(optim, name)(ours, lr=99.0)
    a.load_state_dict(other)
    step(3)
    as_torch = {
        number: {
            k: torch.tensor(v.numpy()) if isinstance(v, ct.Tensor) else v for k, v in s.items()
        }
        for number, s in a.state_dict()["state"].items()
    }
    b.load_state_dict({"state": as_torch, "param_groups": b.state_dict()["param_groups"]})
    step(2)


def test_sgd_by_hand():
    params = leaves([np.array([1.0, 2.0], np.float32)])
    optimizer = optim.SGD(params, lr=0.5, momentum=0.5, weight_decay=1.0)
    give_gradients(params, [np.array([1.0, 0.0], np.float32)])
    optimizer.step()
    np.testing.assert_array_equal(host(params)[0], [0, 1])
    give_gradients(params, [np.array([1.0, 0.0], np.float32)])
    optimizer.step()
    # The velocity was (2, 2): it becomes 0.5 * (2, 2) + (1, 1).
    np.testing.assert_array_equal(host(params)[0], [-1, 0])


def test_adam_first_step_is_lr_whatever_the_gradient():
    params = leaves([np.array([1.0, 1.0, 1.0], np.float32)])
    optimizer = optim.Adam(params, lr=0.1)
    give_gradients(params, [np.array([1e-3, -1.0, 1e3], np.float32)])
    optimizer.step()
    np.testing.assert_allclose(host(params)[0], [0.9, 1.1, 0.9], rtol=1e-5)


def test_adam_by_hand_over_many_steps():
    start, grads = values((4,))[0], [values((4,))[0] for _ in range(6)]
    params = leaves([start])
    optimizer = optim.Adam(params, lr=0.01)
    p, m, v = start.astype(np.float64), 0.0, 0.0
    for t, g in enumerate(grads, 1):
        give_gradients(params, [g])
        optimizer.step()
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g.astype(np.float64) ** 2
        p = p - 0.01 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    np.testing.assert_allclose(host(params)[0], p, rtol=1e-5)


def test_the_introductory_loop_moves_y_towards_its_target():
    y_ = Variable(ct.tensor([4.0, -3.0]), requires_grad=True)
    y = Variable(ct.tensor([1.0, 1.0]))
    optimizer = optim.SGD([y_], lr=0.1)
    for _ in range(45):
        optimizer.zero_grad()
        (y_ - y).abs().sum().backward()
        optimizer.step()
    np.testing.assert_allclose(y_.data.numpy(), [1, 1], atol=0.11)


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
        params[1].grad = Variable(ct.ones(2))
        optimizer.step()
        np.testing.assert_array_equal(host(params)[0], before[0])
        assert optimizer.state[0] == {}
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
    assert "momentum_buffer" in optimizer.state[2]
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


def test_the_first_velocity_is_not_the_callers_gradient():
    params = leaves([np.zeros(2, np.float32)])
    optimizer = optim.SGD(params, lr=1.0, momentum=1.0)
    give_gradients(params, [np.ones(2, np.float32)])
    optimizer.step()
    params[0].grad.data[0] = 100.0
    give_gradients(params, [np.zeros(2, np.float32)])
    optimizer.step()
    np.testing.assert_array_equal(host(params)[0], [-2, -2])


def test_backward_with_old_weights_after_a_step():
    weight, optimizer = None, None
    weight = nn.Parameter(ct.tensor([2.0]))
    optimizer = optim.SGD([weight], lr=1.0)
    loss = (weight * weight).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    assert weight.data.item() == -2
    optimizer.zero_grad()
    loss.backward()
    assert weight.grad.item() == 4  # of the weight that the loss was computed with


def test_everything_is_computed_after_step():
    params = leaves(values((3,), (3,)))
    for optimizer in (
        optim.SGD(params, 0.1, momentum=0.9),
        optim.Adam(params, amsgrad=True),
    ):
        for _ in range(2):
            give_gradients(params, values((3,), (3,)))
            optimizer.step()
            state = [v for s in optimizer.state for v in s.values() if isinstance(v, ct.Tensor)]
            assert len(state) in (2, 6)
            assert not any(t.is_pending for t in [*state, *(p.data for p in params)])


@pytest.mark.parametrize(("name", "options"), OPTIMIZERS)
def test_a_step_is_one_launch_for_all_parameters_and_builds_nothing_new(
    name, options, device, deferred, monkeypatch
):
    from cltensor.program import Kernel

    launches = []
    launch = Kernel.__call__

    def counted(self, *args, **kwargs):
        launches.append(self)
        return launch(self, *args, **kwargs)

    monkeypatch.setattr(Kernel, "__call__", counted)
    params = leaves(values((7,), (9,)))
    optimizer = getattr(optim, name)(params, **options)
    for _ in range(3):
        give_gradients(params, values((7,), (9,)))
        optimizer.step()
    built = len(device.kernels)
    for _ in range(3):
        give_gradients(params, values((7,), (9,)))
        launches.clear()
        optimizer.step()
        assert len(launches) == 1
    assert len(device.kernels) == built


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


def test_a_saved_state_that_does_not_fit_changes_nothing():
    params = leaves(values((3,), (2,)))
    optimizer = optim.Adam(params)
    give_gradients(params, values((3,), (2,)))
    optimizer.step()
    saved = copy.deepcopy(optimizer.state_dict())
    other = optim.Adam(leaves(values((3,), (4,))), lr=0.5)
    with pytest.raises(ct.StateError, match=r"parameter 1: 'exp_avg.*' has shape \(2,\).*\(4,\)"):
        other.load_state_dict(saved)
    assert other.state == [{}, {}]
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
        assert other.state[0]["step"] == 2
        assert optimizer.state[0]["step"] == 1
        np.testing.assert_array_equal(model.weight.data.numpy(), kept)
        assert not np.array_equal(twin.weight.data.numpy(), kept)


def test_arguments_are_checked():
    params = leaves(values((2,)))
    with pytest.raises(ValueError, match="SGD: lr is -1; it must not be negative"):
        optim.SGD(params, lr=-1)
    with pytest.raises(ValueError, match="SGD: momentum is -1"):
        optim.SGD(params, momentum=-1)
    with pytest.raises(ValueError, match="SGD: nesterov needs"):
        optim.SGD(params, nesterov=True)
    with pytest.raises(ValueError, match=r"AdamW: betas\[1\] is 1"):
        optim.AdamW(params, betas=(0.9, 1.0))
    with pytest.raises(ValueError, match="Adam: eps is nan"):
        optim.Adam(params, eps=math.nan)
    with pytest.raises(ValueError, match="Adam: the parameter list is empty"):
        optim.Adam([])
    with pytest.raises(TypeError, match="SGD: params is a Parameter"):
        optim.SGD(params[0])
    with pytest.raises(TypeError, match="can only optimize Variables, got a Tensor"):
        optim.SGD([ct.ones(2)])
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
    assert model.weight.device is optimizer.state[0]["exp_avg"].device is other_device
    state = optim.Adam(nn.Linear(2, 1).parameters())
    state.load_state_dict(optimizer.state_dict())
    assert state.state[0]["exp_avg"].device is not other_device


def test_clip_grad_norm():
    params = leaves(values((3,), (2, 2), (1,)))
    grads = [g * 10 for g in values((3,), (2, 2))]
    give_gradients(params[:2], grads)
    norm = np.sqrt(sum((g.astype(np.float64) ** 2).sum() for g in grads))
    found = nn.utils.clip_grad_norm_(params, 2.0)
    np.testing.assert_allclose(found.item(), norm, rtol=1e-5)
    for p, g in zip(params[:2], grads, strict=True):
        np.testing.assert_allclose(p.grad.numpy(), g * 2 / norm, rtol=1e-4)
    found = nn.utils.clip_grad_norm_(params[0], 100.0, norm_type=math.inf)
    np.testing.assert_allclose(found.item(), np.abs(grads[0]).max() * 2 / norm, rtol=1e-4)
    np.testing.assert_allclose(params[0].grad.numpy(), grads[0] * 2 / norm, rtol=1e-4)
    found = nn.utils.clip_grad_norm_(params[:1], 100.0, norm_type=1)
    np.testing.assert_allclose(found.item(), np.abs(grads[0]).sum() * 2 / norm, rtol=1e-4)
    params[0].grad = Variable(ct.tensor([math.inf, 0, 0]))
    with pytest.raises(ct.GradientError, match="clip_grad_norm_: the norm of the gradients is inf"):
        nn.utils.clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
    assert nn.utils.clip_grad_norm_(params[2:], 1.0) == 0


def test_clip_grad_value():
    params = leaves(values((3,)))
    give_gradients(params, [np.array([-3.0, 0.5, 2.0], np.float32)])
    nn.utils.clip_grad_value_(params, 1.0)
    np.testing.assert_array_equal(params[0].grad.numpy(), [-1, 0.5, 1])
