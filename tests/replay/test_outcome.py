"""What replays give back: each kind of result, beside the call itself."""

from collections import namedtuple

import pytest

import cltensor as ct
from cltensor.errors import GradientError

Pair = namedtuple("Pair", "first rest")


def replayed(function, *args):
    """The result of the fourth call of jit(function), which is a replay."""
    jitted = ct.jit(function)
    for _ in range(3):
        jitted(*args)
    return jitted(*args)


def test_an_argument_is_given_back_itself(device):
    x = ct.ones(2)
    assert replayed(lambda x: x, x) is x
    first, again = replayed(lambda x: (x, x), x)
    assert first is again is x


def test_a_tensor_from_outside_is_given_back_itself(device):
    kept = ct.ones(2)
    assert replayed(lambda x: (x * 1, kept), ct.zeros(2))[1] is kept


def test_a_view_of_an_argument_shares_its_elements(device):
    x = ct.zeros(2, 2)
    row = replayed(lambda x: x[0], x)
    row.fill_(5)
    assert x.tolist() == [[5, 5], [0, 0]]


def test_what_the_call_makes_is_new_in_each_replay(device):
    double = ct.jit(lambda x: x * 2)
    results = [double(ct.full((2,), float(k))) for k in range(5)]
    assert [r.tolist() for r in results] == [[2.0 * k] * 2 for k in range(5)]


def test_results_keep_their_containers(device):
    found = replayed(lambda x: {"a": [x + 1, 7], "b": Pair(x + 2, (x + 3, "text"))}, ct.zeros(1))
    assert found["a"][0].tolist() == [1]
    assert found["a"][1] == 7
    assert isinstance(found["b"], Pair)
    assert found["b"].first.tolist() == [2]
    assert found["b"].rest[0].tolist() == [3]
    assert found["b"].rest[1] == "text"


def test_gradients_do_not_flow_through_a_result(device):
    w = ct.ones(2, requires_grad=True)
    out = replayed(lambda x: (x * w).sum(), ct.ones(2))
    with pytest.raises(GradientError, match="call backward inside"):
        out.backward()
