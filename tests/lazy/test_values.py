"""What a Tensor denotes, and which nodes, leaves and results one kernel gets of it."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.lazy.codegen import DROPPED, IN_PLACE, STORED, Given
from cltensor.lazy.values import (
    FOLD,
    Expression,
    Value,
    changer_of,
    holders,
    nobody,
    same_place,
    stored,
    version_of,
)

pytestmark = pytest.mark.usefixtures("deferred")


def ready(*shape):
    return ct.tensor(np.ones(shape, "float32")).realize()


def expression(tensor, rows=None):
    value = tensor._value
    return Expression([value], value, rows)


def storages(found):
    """What becomes of each node, in order of evaluation."""
    return [e.stored for e in found.entries if hasattr(e, "stored")]


def test_a_value_is_pending_until_it_settles(device):
    buffer = ready(6).buffer
    value = Value((2, 3), ct.float32, device)
    assert value.buffer is None
    assert value.strides == (3, 1)
    assert value.owner is nobody
    value.args, value.nodes, value.leaves, value.below = (value,), 4, 3, FOLD
    value.version, value.changed_by = 2, "add_"
    assert (version_of(value), changer_of(value)) == (2, "add_")
    value.settle(buffer)
    assert (value.buffer, value.offset) == (buffer, 0)
    assert (value.op, value.args, value.nodes, value.leaves) == (None, (), 0, 1)
    assert not value.below
    assert (version_of(value), changer_of(value)) == (2, "add_")
    buffer.mark_changed("mul_")
    assert (version_of(value), changer_of(value)) == (3, "mul_")
    assert stored((4,), ct.float32, device, buffer).buffer is buffer


def test_leaves_and_shared_nodes_come_once(device):
    x, y = ready(5), ready(5)
    shared = x * y
    found = expression(shared * shared + x * 2.5 + 7)
    assert found.leaves == [x._value, y._value]
    assert len(found.outputs) == 2  # the result, and the piece that still has a name
    assert found.scalars == [2.5, 7]
    assert found.needs == []


def test_only_what_somebody_holds_is_stored(device):
    x = ready(5)
    held = x * 2
    result = (held + 1).tanh()
    found = expression(result)
    assert storages(found) == [STORED, DROPPED, STORED]
    assert found.outputs == [held._value, result._value]
    del held
    assert storages(expression(result)) == [DROPPED, DROPPED, STORED]


def test_a_constant_is_stored_only_when_it_is_asked_for(device):
    held, x = ct.zeros(3), ready(2, 3)
    found = expression(x + (held + 1))
    assert storages(found) == [DROPPED, DROPPED, STORED]
    assert (found.needs, found.leaves) == ([], [x._value])
    assert storages(expression(held)) == [STORED]


def test_equal_expressions_have_equal_keys(device):
    x, y = ready(5), ready(5)
    key = expression(x * 2 + y).key
    # Not inside an assert, where pytest holds every piece.
    same = expression(y * 3 + x).key  # other leaves and numbers
    others = expression(x * 2 - y).key, expression(x * 2 + x).key
    assert same == key
    assert key not in others


def test_a_target_that_is_read_is_written_in_place(device):
    x = ready(5)
    result = x * 2
    result._value.target = x._value
    found = expression(result)
    assert storages(found) == [IN_PLACE]
    assert found.replacing == [result._value]
    assert found.outputs == []
    result._value.target = other = ready(5)._value  # not among the operands
    found = expression(result)
    assert other in found.leaves
    assert found.entries[-1].stored == IN_PLACE + found.leaves.index(other)
    assert found.outputs == []


def test_a_smaller_piece_that_somebody_holds_is_needed_first(device):
    x, row = ready(4, 5), ready(5)
    held = row * 2
    found = expression(x + held)
    assert found.needs == [held._value]
    assert held._value in found.leaves
    dropped = expression(x + row * 2)
    assert dropped.needs == []


def test_an_expression_joins_the_first_product_of_its_shape(device):
    a, row = ready(3, 4), ready(1, 4)
    square, thin = a.mT @ a, row @ a.mT

    def joined(tensor):
        value = tensor._value
        return Expression([value], value, joins=True)

    found = joined(square * 2 + ready(4))
    assert found.product is square._value
    assert found.needs == []
    assert [type(e) for e in found.entries].count(Given) == 1
    assert joined(thin + ready(2, 3)).needs == [thin._value]  # smaller than the expression
    other = a.mT @ a
    assert joined(square + other).needs == [other._value]
    total = square * 2
    assert expression(total).needs == [square._value]  # where nothing may join


def test_a_product_is_kept_for_whoever_wants_it(device):
    a = ready(3, 3)

    def kept(tensor):
        value = tensor._value
        found = Expression([value], value, joins=True)
        del value
        return found.keeps_product

    # Not inside an assert, where pytest holds every piece.
    nobody_holds = kept(ct.relu(a @ a) + 1)
    product = a @ a
    held = kept(ct.relu(product) + 1)
    one, other = product * 2, product * 3
    del product
    wanted = kept(one)
    del one
    last = kept(other)
    inner = (a @ a) * 2
    over_stored = kept(inner + 1)  # inner is stored, and nothing else is made of the product
    # Who made use of a product is counted, not who still wants it.
    assert (nobody_holds, held, wanted, last, over_stored) == (False, True, True, True, False)


def test_a_computed_value_is_its_own_leaf(device):
    x = ready(3)
    found = expression(x)
    assert found.leaves == [x._value]
    assert found.outputs == []
    assert found.results == [0]


def test_a_value_is_held_by_one_tensor_or_the_node_that_saved_it(device):
    x = ready(3)
    held = x * 2
    value = held._value
    assert value.owner() is held
    w = ct.ones(3, requires_grad=True)
    product = w * held
    assert value.owner() is product.grad_fn
    del held
    assert value.owner() is product.grad_fn
    product.detach()  # which computes both
    assert value.buffer is not None


def test_readers_of_a_buffer_are_found_however_deep(device):
    x, other = ready(3), ready(3)
    y = x * 2 + 1
    z = (y + other).sum()
    apart = other * 3
    found = holders.readers({id(x.buffer)})
    assert any(v is y._value for v in found)
    assert any(v is z._value for v in found)
    assert not any(v is apart._value for v in found)
    pending = holders.pending_on(device)
    assert all(any(v is t._value for v in pending) for t in (y, z, apart))
    y.realize()
    found = holders.readers({id(x.buffer)})
    assert not any(v is y._value for v in found)


def test_a_holder_is_known_once(device, deferred):
    x = ct.zeros(3)
    for _ in range(20):
        x.add_(1)
    holders.prune()
    assert sum(ref() is x for ref in holders.refs) == 1


def test_holders_that_are_gone_are_forgotten(device):
    x = ready(3)
    kept = x * 2
    for _ in range(2000):
        x * 3
    assert len(holders.refs) <= 1024  # now and then it is looked through
    holders.prune()
    assert any(ref() is kept for ref in holders.refs)
    assert all(ref() is not None for ref in holders.refs)


def test_the_same_place(device):
    x = ready(2, 3)
    a = x._value
    assert same_place(a, x.detach()._value)
    assert same_place(x[:1]._value, x.window((1, 3), (7, 1), 0)._value)
    for other in (x[1:], x.reshape(3, 2), x[:, :2], ready(2, 3)):
        assert not same_place(a, other._value)
