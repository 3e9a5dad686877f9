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


def test_containers_that_were_there_are_given_back_themselves(device):
    kept = [ct.ones(1)]
    jitted = ct.jit(lambda d: (d["a"], d, [d["a"][0] * 2], kept))
    for number in range(5):
        held = {"a": [ct.full((1,), float(number))]}
        inner, whole, new, outside = jitted(held)
        assert inner is held["a"]
        assert whole is held
        assert new[0].item() == 2 * number
        assert outside is kept


def test_gradients_do_not_flow_through_a_result(device):
    w = ct.ones(2, requires_grad=True)
    out = replayed(lambda x: (x * w).sum(), ct.ones(2))
    with pytest.raises(GradientError, match="call backward inside"):
        out.backward()


def recorded_and_seen(tensors):
    return [(t.requires_grad, t.tolist()) for t in tensors]


def given(results, base, place, q):
    """What the results show after q's sum was written at a place of their base, and q's gradient
    of all that they show."""
    base[place] = q.sum()
    seen = recorded_and_seen(results)
    q.grad = None
    sum([(t * t).sum() for t in results if t.requires_grad]).backward()
    return seen, q.grad.tolist()


def test_a_view_that_is_given_back_stays_one_for_the_graph(device):
    q = ct.full((3,), 2.0, requires_grad=True)
    whole = ct.zeros(2, 4, 3)
    captured = ct.zeros(6, 3)

    def of_captured(x):
        captured[1][0] = x.sum()
        return (captured[1],)

    def of_an_argument(x):
        return x[1], x[1][0:2], x.T

    def of_each_other(x):
        y = x * 2
        z = y[1:]
        return z[0], z, y

    def of_what_is_hidden(x):
        y = x + 1
        return y[0], y[0:2], y[1].view(3, 1)

    for wrap in (lambda f, *args: f(*args), replayed):
        captured.detach_().zero_()
        seen = given(wrap(of_captured, ct.ones(2)), captured, (1, 2), q)
        assert seen == ([(True, [2.0, 0.0, 6.0])], [12.0, 12.0, 12.0])
        x = ct.zeros(4, 3)
        seen, grad = given(wrap(of_an_argument, x), x, (1, 0), q)
        assert [shown for _, shown in seen[:2]] == [[6, 0, 0], [6, 0]]
        assert grad == [36.0] * 3
        made = wrap(of_each_other, ct.ones(4, 3))
        seen, grad = given(made, made[2], (1, 1), q)
        assert seen[0][1] == [2, 6, 2]
        assert grad == [36.0] * 3
        first = wrap(of_what_is_hidden, ct.ones(4, 3))
        seen, grad = given(first, first[0], 1, q)
        assert seen == [
            (True, [2, 6, 2]),
            (True, [[2, 6, 2], [2, 2, 2]]),
            (True, [[2], [2], [2]]),
        ]
        assert grad == [24.0] * 3
        whole.detach_().zero_()
    jitted = ct.jit(of_an_argument)
    for _ in range(4):
        jitted(whole[0])
    row = jitted(whole[1])[0]  # of an argument that is a view of another place
    whole[1, 1, 2] = q.sum()
    assert row.requires_grad
    assert row.tolist() == [0, 0, 6]
