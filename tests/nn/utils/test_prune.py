"""Pruning: masks by hand, further prunings, what is refused and leaves the module as it was."""

import copy
import math

import pytest

import cltensor as ct
from cltensor import nn
from cltensor.nn.utils import prune

WEIGHT = [[4.0, -1.0, 3.0], [-2.0, 6.0, -5.0]]


def layer(weight=WEIGHT):
    made = nn.Linear(len(weight[0]), len(weight), bias=False)
    made.load_state_dict({"weight": weight})
    return made


def test_the_elements_of_least_magnitude():
    net = layer()
    kept = net.weight
    assert prune.l1_unstructured(net, "weight", amount=2) is net
    assert net.weight_mask.tolist() == [[1, 0, 1], [0, 1, 1]]
    assert net.weight.tolist() == [[4, 0, 3], [0, 6, -5]]
    assert list(net.state_dict()) == ["weight_orig", "weight_mask"]
    assert next(net.parameters()) is kept
    net(ct.ones(1, 3)).sum().backward()
    assert net.weight_orig.grad.tolist() == [[1, 0, 1], [0, 1, 1]]
    with ct.no_grad():
        net.weight_orig.add_(1)
    assert net(ct.ones(1, 3)).tolist() == [[9, 3]]
    assert prune.is_pruned(nn.Sequential(net))


def test_further_prunings_choose_among_what_is_left():
    net = layer()
    prune.l1_unstructured(net, "weight", 0.33)
    prune.l1_unstructured(net, "weight", 0.25)
    assert net.weight.tolist() == [[4, 0, 0], [0, 6, -5]]
    prune.ln_structured(net, "weight", 1, n=2, dim=0)
    assert net.weight.tolist() == [[0, 0, 0], [0, 6, -5]]
    (hook,) = net._forward_pre_hooks
    assert isinstance(hook, prune.PruningContainer)
    assert [type(m).__name__ for m in hook] == ["L1Unstructured"] * 2 + ["LnStructured"]
    assert (len(hook), hook[2].dim) == (3, 0)
    for made in (net, copy.deepcopy(net)):
        assert prune.remove(made, "weight") is made
        assert list(made.state_dict()) == ["weight"]
        assert made.weight.tolist() == [[0, 0, 0], [0, 6, -5]]
        assert made.weight.is_leaf
        assert not prune.is_pruned(made)
    assert isinstance(net.weight, nn.Parameter)


@pytest.mark.parametrize(
    ("n", "dim", "amount", "mask"),
    [
        (1, 1, 1, [[0, 1, 1]] * 2),
        (2, -1, 0.4, [[0, 1, 1]] * 2),
        (math.inf, 0, 0.5, [[0] * 3, [1] * 3]),
        (-math.inf, 1, 1, [[1, 0, 1]] * 2),
        (2, 1, 0, [[1] * 3] * 2),
        (2, 0, 2, [[0] * 3] * 2),
    ],
)
def test_channels_of_the_least_norm(n, dim, amount, mask):
    net = prune.ln_structured(layer(), "weight", amount, n, dim)
    assert net.weight_mask.tolist() == mask


def test_scores_that_are_given():
    scores = ct.tensor([[0.0, 9.0, 1.0], [-9.0, 2.0, 3.0]])
    net = prune.l1_unstructured(layer(), "weight", 2, importance_scores=scores)
    assert net.weight_mask.tolist() == [[0, 1, 0], [1, 1, 1]]
    net = prune.ln_structured(layer(), "weight", 1, 1, 0, importance_scores=scores)
    assert net.weight_mask.tolist() == [[0] * 3, [1] * 3]


def test_one_threshold_for_several_modules():
    a, b = layer(), layer([[1.5, 10.0]])
    keys = [(a, "weight"), (b, "weight")]
    prune.global_unstructured(iter(keys), prune.L1Unstructured, amount=3)
    assert a.weight.tolist() == [[4, 0, 3], [0, 6, -5]]
    assert b.weight.tolist() == [[0, 10]]
    scores = {(b, "weight"): ct.tensor([[0.0, 0.0]])}
    prune.global_unstructured(keys, prune.L1Unstructured, importance_scores=scores, amount=0.2)
    assert b.weight.tolist() == [[0, 0]]
    assert a.weight.tolist() == [[4, 0, 3], [0, 6, -5]]
    with pytest.raises(TypeError, match="global_unstructured: RandomStructured is 'structured'"):
        prune.global_unstructured(keys, prune.RandomStructured, amount=1)


def test_recorded_calls_prune_too():
    net = prune.l1_unstructured(layer(), "weight", 2)
    f = ct.jit(net)
    x = ct.ones(1, 3)
    assert [f(x).tolist() for _ in range(3)] == [[[7, 1]]] * 3
    prune.l1_unstructured(net, "weight", 1)
    assert [f(x).tolist() for _ in range(3)] == [[[4, 1]]] * 3


def test_what_is_refused_changes_nothing():
    net = layer()
    for error, message, call in (
        (ValueError, "7, and there are 6", lambda: prune.l1_unstructured(net, "weight", 7)),
        (ValueError, r"amount is 1\.5", lambda: prune.random_unstructured(net, "weight", 1.5)),
        (ValueError, "amount is -1", lambda: prune.random_structured(net, "weight", -1, 0)),
        (ct.DTypeError, "amount is 'a'", lambda: prune.l1_unstructured(net, "weight", "a")),
        (ValueError, "no parameter 'bias'", lambda: prune.identity(net, "bias")),
        (ct.ShapeError, "the mask has", lambda: prune.custom_from_mask(net, "weight", ct.ones(3))),
        (ct.ShapeError, "importance_scores has", lambda: prune.l1_unstructured(
            net, "weight", 1, ct.ones(6))),
        (ValueError, "remove: 'weight' of Linear is not", lambda: prune.remove(net, "weight")),
        (ct.ShapeError, "LnStructured: axis", lambda: prune.ln_structured(net, "weight", 1, 2, 2)),
    ):  # fmt: skip
        with pytest.raises(error, match=message):
            call()
        assert list(net.state_dict()) == ["weight"]
        assert not prune.is_pruned(net)
    prune.l1_unstructured(net, "weight", 5)
    with pytest.raises(ValueError, match="amount is 2, and there are 1"):
        prune.l1_unstructured(net, "weight", 2)
    assert net(ct.ones(1, 3)).tolist() == [[0, 6]]
