"""What tells one kind of call from another."""

import math

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DeviceError
from cltensor.replay.arguments import describe

TIMES = 5  # calls, of which the later ones are replays


def key(*args, **kwargs):
    return describe(args, kwargs).key


def test_elements_do_not_matter_and_what_decides_over_kernels_does(device):
    x = ct.ones(2, 3)
    assert key(x) == key(ct.zeros(2, 3)) == key(x + 1)
    others = [ct.ones(3, 2), ct.ones(2, 3, dtype="int32"), ct.ones(3, 2).T, ct.ones(3, 3)[1:]]
    others += [ct.ones(2, 3, requires_grad=True), ct.nn.Parameter(ct.ones(2, 3))]
    keys = [key(t) for t in (x, *others)]
    assert len(set(keys)) == len(keys)


def test_another_device_is_another_call(device, other_device):
    assert key(ct.ones(2)) != key(ct.ones(2, device=other_device))


def test_whether_there_is_a_gradient_matters(device):
    x = ct.ones(2, requires_grad=True)
    before = key(x)
    x.sum().backward()
    assert key(x) != before
    x.grad = None
    assert key(x) == before


def test_which_arguments_are_one(device):
    x, y = ct.ones(4), ct.ones(4)
    assert key(x, y) == key(y, x) != key(x, x)
    assert len(describe((x, x), {}).tensors) == 1
    assert key(x, y, x) != key(x, y, y)


def test_plain_values_are_compared_by_type_and_bits():
    values = [1, 1.0, True, "1", b"1", None, 0.0, -0.0, (1,), [1], {"a": 1}, np.float32(1)]
    keys = [key(v) for v in values]
    assert len(set(keys)) == len(keys)
    assert key(math.nan) == key(float("nan"))
    assert key([1, (2.0, "x")]) == key([1, (2.0, "x")])
    assert key(a=1, b=2) != key(b=2, a=1)  # as **kwargs see it
    assert key(a=1) != key(b=1)


def test_tensors_are_found_inside_containers(device):
    x, y = ct.ones(2), ct.zeros(3)
    found = describe(({"a": [x, 1]}, (y, x)), {})
    assert [t is w for t, w in zip(found.tensors, (x, y), strict=True)] == [True, True]


def test_results_of_recorded_operations_continue_a_graph(device):
    x = ct.ones(2, requires_grad=True)
    assert not describe((x, x.detach()), {}).continues_graph
    assert describe((x * 2,), {}).continues_graph


def test_other_objects_are_told_apart_by_identity():
    class Options:
        pass

    one, other = Options(), Options()
    assert key(one) == key(one) != key(other)
    assert describe((one,), {}).objects == [one]
    with pytest.raises(DeviceError, match="jit: an argument of type set cannot be compared"):
        key({1, 2})


def test_arguments_that_shared_elements_are_told_apart():
    f = ct.jit(lambda a, b: a - b)
    x, y = ct.tensor([5.0]), ct.tensor([3.0])
    assert [f(x, x).tolist() for _ in range(3)] == [[0.0]] * 3
    assert f(x, y).tolist() == [2.0]
    g, u, v = ct.jit(lambda a, b: a - b), ct.tensor([1.0, 2.0]), ct.tensor([10.0, 20.0])
    for _ in range(3):
        g(u[:1], u[1:])
    assert g(u[:1], v[1:]).tolist() == [-19.0]


def test_an_argument_that_the_function_also_reaches_is_told_apart():
    w = ct.tensor([2.0, 3.0])
    f = ct.jit(lambda x: x * w)
    for _ in range(TIMES):
        assert f(w).tolist() == [4.0, 9.0]
    for _ in range(TIMES):
        assert f(ct.tensor([10.0, 10.0])).tolist() == [20.0, 30.0]
    assert f(w).tolist() == [4.0, 9.0]
    view = w[:]
    for _ in range(TIMES):
        assert f(view).tolist() == [4.0, 9.0]


def test_an_argument_that_is_given_back_by_another_name():
    w = ct.tensor([2.0])
    f = ct.jit(lambda x, y: (x + 1, w))
    for y in (w, w, w, ct.tensor([3.0])):
        assert f(ct.ones(1), y)[1] is w


def test_an_argument_is_changed_in_place():
    @ct.jit
    def add(x):
        x.add_(1.0)
        return x * 2

    @ct.jit
    def assign(x):
        x[0] = 7.0
        return x.sum()

    for k in range(TIMES):
        x = ct.tensor([1.0 * k, 2.0])
        assert add(x).tolist() == [2.0 * k + 2, 6.0]
        assert x.tolist() == [k + 1.0, 3.0]
        assert assign(x).item() == 10.0
        assert x.tolist() == [7.0, 3.0]


def test_numbers_that_compare_equal_are_told_apart():
    f = ct.jit(lambda x, k: 1.0 / (x * k) if type(k) is float else x + k)
    x = ct.tensor([1.0])
    for _ in range(3):
        assert f(x, 0.0).tolist() == [float("inf")]
        assert f(x, -0.0).tolist() == [-float("inf")]
        assert f(x, 1).tolist() == [2.0]
        assert f(x, True).tolist() == [2.0]
        assert f(x, 1.0).tolist() == [1.0]


def test_no_tensor_among_the_arguments(counts):
    w = ct.tensor([1.0])
    f = ct.jit(lambda k=1.0: w.mul_(2.0) * k)
    assert [f(k=0.5).tolist() for _ in range(4)] == [[1.0], [2.0], [4.0], [8.0]]
    assert counts == {"record": 1, "replay": 2}


def test_keywords_come_in_their_order():
    @ct.jit
    def weighted(**tensors):
        return sum(t * (k + 1) for k, t in enumerate(tensors.values()))

    a, b = ct.ones(1), ct.zeros(1)
    assert [weighted(a=a, b=b).item() for _ in range(TIMES)] == [1] * TIMES
    assert [weighted(b=b, a=a).item() for _ in range(TIMES)] == [2] * TIMES


class Names(list):
    """A list with attributes."""


class Table(dict):
    """A dict with attributes."""


class Word(str):
    """A text with attributes."""


class Config:
    """One that is equal to any other."""

    def __eq__(self, other):
        return isinstance(other, Config)

    def __hash__(self):
        return 1


@pytest.mark.parametrize("make", [Names, Table, Word, Config, lambda: ct.ones(1)])
def test_attributes_of_what_is_compared_by_value(make):
    call = ct.jit(lambda x, held: x * held.factor + len(held.noted))
    held = make()
    held.noted = {1}  # one that cannot be hashed
    for factor in (1.0, 2.0):
        held.factor = factor
        assert [call(ct.ones(1), held).item() for _ in range(TIMES)] == [factor + 1] * TIMES
    held.noted.add(2)
    assert call(ct.ones(1), held).item() == 4
    other = make()
    other.factor, other.noted = 3.0, {1}
    assert call(ct.ones(1), other).item() == 4


def appends(held, x):
    held.append(x * 2)
    return x * 1


def replaces(held, x):
    held[0] = x * 2
    return x * 1


def takes(held, x):
    return held.pop() * x


def marks(held, x):
    held[0].seen = held[0].__dict__.get("seen", 0) + 1
    return x * held[0].seen


@pytest.mark.parametrize("change", [appends, replaces, takes, marks])
@pytest.mark.parametrize("deep", [False, True])
def test_what_a_call_does_to_lists_among_its_arguments_is_done_each_time(change, deep):
    call = ct.jit((lambda tree, x: change(tree["a"][0], x)) if deep else change)
    for number in range(1, TIMES):
        held, x = [ct.ones(1), ct.full((1,), 3.0)], ct.full((1,), float(number))
        same, again = [ct.ones(1), ct.full((1,), 3.0)], x.clone()
        wanted = change(same, again)
        found = call({"a": (held, 1)} if deep else held, x)
        assert found.item() == wanted.item()
        assert [t.item() for t in held] == [t.item() for t in same]
        assert [vars(t) for t in held] == [vars(t) for t in same]


def test_a_dict_that_the_call_fills():
    @ct.jit
    def f(table, x):
        table["y"] = x * 2

    for number in range(TIMES):
        table = {}
        f(table, ct.full((1,), float(number)))
        assert table["y"].item() == 2 * number


def test_a_list_in_itself_and_one_that_comes_twice():
    held = [ct.ones(1)]
    held.append(held)
    call = ct.jit(lambda tree: tree[0] * 2)
    assert [call(held).item() for _ in range(TIMES)] == [2] * TIMES
    one, other = [ct.ones(1)], [ct.ones(1)]
    assert key(one, one) != key(one, other)


def test_complex_numbers_are_compared_by_bits():
    assert len({key(z) for z in (1j, complex(-0.0, 1), complex(0, -1), 1 + 1j)}) == 4
    assert key(complex("nan")) == key(complex("nan"))
