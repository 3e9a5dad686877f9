"""What operations tell those who watch them, and what autograd puts in place."""

import pytest
from leaves import leaf

import cltensor as ct
from cltensor import nn
from cltensor.autograd import Node
from cltensor.core.hooks import HookList, Hooks, RemovableHandle, watchers


@pytest.fixture
def seen():
    """What operations are called on."""
    found = []

    def watch(operands):
        found.extend(operands)

    watchers.append(watch)
    yield found
    watchers.remove(watch)


def test_autograd_has_put_its_functions_in_place(device):
    x = leaf([1.0, 2.0])
    assert isinstance(Hooks.leaf(x), Node)
    assert Hooks.node_of(x) is x.node
    assert all(callable(f) for f in (Hooks.record, Hooks.backward))


def sees(seen, *wanted):
    return all(any(s is w for s in seen) for w in wanted)


def test_watchers_see_the_operands_of_every_operation(device, seen):
    x, y = ct.tensor([1.0, 2.0]), leaf([3.0, 4.0])
    for operation in (
        lambda: x + y,
        lambda: y[:1],
        lambda: x.reshape(2, 1),
        lambda: y.detach(),
        lambda: x.add_(1),
        lambda: ct.sum(input=x),
    ):
        seen.clear()
        operation()
        assert sees(seen, x) or sees(seen, y)
    seen.clear()
    x[0] = y.detach()[0]
    assert sees(seen, x)
    model = nn.Linear(2, 1)
    seen.clear()
    model(x)
    assert sees(seen, model, model.weight, x)


def test_without_watchers_nothing_is_noted():
    assert watchers == []


def test_a_handle_takes_out_its_own_hook_once_and_tells(device):
    hooks, told = HookList(), []
    first = RemovableHandle(hooks, print, lambda: told.append(list(hooks)))
    RemovableHandle(hooks, repr)
    with RemovableHandle(hooks, print):
        assert hooks == [print, repr, print]
    assert hooks == [print, repr]
    first.remove()
    first.remove()
    assert hooks == [repr]
    assert told == [[print], [repr]]
