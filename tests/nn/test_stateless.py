"""Modules as functions of their parameters."""

import numpy as np
import pytest

import cltensor as ct
from cltensor import nn
from cltensor.errors import DTypeError, StateError
from cltensor.func import functional_call, grad


def test_other_parameters_for_one_call():
    net = nn.Sequential(nn.Linear(2, 1), nn.BatchNorm1d(1)).eval()
    before = {name: value.tolist() for name, value in net.state_dict().items()}
    weight = ct.tensor([[2.0, 3.0]])
    given = {"0.weight": weight, "0.bias": ct.zeros(1)}, {"1.running_var": ct.full((1,), 4.0)}
    found = functional_call(net, given, (ct.tensor([[1.0, 1.0]]),))
    assert found.item() == pytest.approx(2.5, rel=1e-4)
    assert {name: value.tolist() for name, value in net.state_dict().items()} == before
    assert functional_call(net, {}, ct.zeros(1, 2)).shape == (1, 1)


def test_gradients_by_the_parameters_given():
    net = nn.Linear(2, 1)
    params = {name: p.detach() for name, p in net.named_parameters()}
    found = grad(lambda p, x: functional_call(net, p, (x,)).sum())(params, ct.tensor([[3.0, 5.0]]))
    assert found["weight"].tolist() == [[3.0, 5.0]]
    assert found["bias"].tolist() == [1.0]
    assert net.weight.grad is None


def test_a_shared_parameter_is_replaced_everywhere():
    net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    net[1].weight = net[0].weight
    x, eye = ct.tensor([[1.0, 2.0]]), 2 * ct.eye(2)
    assert functional_call(net, {"0.weight": eye}, (x,)).tolist() == [[4.0, 8.0]]
    apart = functional_call(net, {"0.weight": eye}, (x,), tie_weights=False)
    assert apart.tolist() == (2 * x @ net[1].weight.T).tolist()


def test_what_is_refused_changes_nothing():
    net = nn.Linear(2, 1)
    weight = net.weight
    x = ct.ones(1, 2)
    for given, options, error, text in (
        ({"wight": weight}, {}, StateError, "unknown: wight"),
        ({"weight": weight}, {"strict": True}, StateError, "missing: bias"),
        ([{"weight": weight}] * 2, {}, StateError, "twice"),
        ({"weight": 1.0}, {}, DTypeError, "not a tensor"),
        ("weight", {}, DTypeError, "no dict"),
    ):
        with pytest.raises(error, match=text):
            functional_call(net, given, (x,), **options)
    with pytest.raises(ct.ShapeError):
        functional_call(net, {"weight": ct.ones(1, 3)}, (x,))
    assert net.weight is weight


def test_the_state_of_several_modules_is_stacked():
    models = [ct.nn.Sequential(ct.nn.Linear(3, 2), ct.nn.BatchNorm1d(2)).eval() for _ in range(3)]
    parameters, buffers = ct.func.stack_module_state(models)
    assert parameters["0.weight"].shape == (3, 2, 3)
    assert parameters["0.weight"].is_leaf
    assert parameters["0.weight"].requires_grad
    assert buffers["1.running_mean"].shape == (3, 2)
    x = ct.randn(4, 3)
    got = ct.func.vmap(
        lambda p, b: ct.func.functional_call(models[0], (p, b), (x,)), in_dims=(0, 0)
    )(parameters, buffers)
    want = np.stack([m(x).detach().numpy() for m in models])
    np.testing.assert_allclose(got.detach().numpy(), want, rtol=1e-5, atol=1e-6)
    for wrong in ([], [models[0], nn.Sequential()], [models[0], nn.Linear(3, 2)]):
        with pytest.raises(ct.StateError, match="stack_module_state"):
            ct.func.stack_module_state(wrong)


def test_batch_norm_without_statistics_of_its_own():
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    x = ct.randn(5, 2)
    wanted = net(x).tolist()
    assert ct.func.replace_all_batch_norm_modules_(net) is net
    assert list(net.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert net.eval()(x).tolist() == wanted
