"""Kinds of ops: what each adds to the kernel above it, how it is launched, and that a new one is a
class and nothing else."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.lazy import fusion
from cltensor.lazy.codegen import PER_ROW, STORED
from cltensor.lazy.fusion import Value
from cltensor.lazy.kinds import Join, Pointwise, Producer, Reducer, rows_below
from cltensor.lazy.values import Expression, Kind
from cltensor.runtime.kernel import Counters
from cltensor.runtime.lane import upload

pytestmark = pytest.mark.usefixtures("deferred")


def ready(*shape):
    return ct.tensor(np.ones(shape, "float32")).realize()


def expression(tensor, rows=None):
    value = tensor._value
    return Expression([value], value, rows)


def storages(found):
    """What becomes of each node, in order of evaluation."""
    return [e.stored for e in found.entries if hasattr(e, "stored")]


class Counting(Kind):
    """As many elements as there are, counted from 0, made by the host; of the operand plus 0, which
    has to be there before, nothing is read."""

    def __init__(self):
        self.asked = []

    def launch(self, value):
        (operand,) = value.args
        self.asked.append(operand.buffer is not None)
        if operand.buffer is None:
            return [operand]
        numbers = np.arange(np.prod(value.shape), dtype=value.dtype)
        value.settle(upload(value.device, numbers))
        return ()


def counted(operand, kind):
    value = Value(operand.shape, ct.float32, operand.device)
    value.op, value.args, value.nodes = kind, (operand._value,), 1
    return ct.Tensor(value)


def test_a_new_kind_is_a_class_and_nothing_else(device):
    kind, operand = Counting(), ready(4) * 2
    numbers = counted(operand, kind)
    above = numbers * 10 + 1
    before = Counters.launches
    assert above.tolist() == [1, 11, 21, 31]
    assert kind.asked == [False, True]  # called again when what it needs is there
    assert Counters.launches - before == 2  # the operand's kernel, and that of what is above
    assert not numbers.is_pending
    assert counted(ready(2), Counting()).sum().item() == 1
    row = counted(ready(4), Counting())
    assert (row + row.sum()).tolist() == [6, 7, 8, 9]


def test_by_default_a_kind_is_computed_before_and_read(device):
    numbers = counted(ready(4), Counting())
    found = expression(numbers * 2)
    assert found.needs == found.leaves == [numbers._value]


def test_what_a_kind_does_not_say_is_missing(device):
    with pytest.raises(NotImplementedError):
        counted(ready(4), Kind()).realize()
    with pytest.raises(NotImplementedError):
        Producer().make(ready(4)._value, None)


def test_pending_values_are_of_these_kinds(device):
    x = ready(40, 40)
    assert isinstance((x * 2)._value.op, Pointwise)
    assert isinstance(x.sum()._value.op, Reducer)
    assert isinstance((x @ x)._value.op, Producer)
    assert isinstance(fusion.join((x._value,)).op, Join)
    assert [kind.replaces for kind in (Pointwise, Reducer, Producer, Join)] == [True] + [False] * 3


def test_a_held_piece_of_another_shape_is_computed_before(device):
    x, row = ready(8, 5), ready(5)
    dropped = expression(x + row * 2)
    held = row * 2
    kept = expression(x + held)
    assert dropped.needs == []
    assert kept.needs == [held._value]
    assert kept.leaves == [x._value, held._value]


def test_a_product_is_given_to_what_goes_on_with_it_once(device):
    x = ready(40, 40)
    product = x @ x
    value = (product * 2 + (x @ x))._value
    found = Expression([value], value, joins=True)
    assert found.product is product._value
    assert len(found.needs) == 1  # the other product
    alone = Expression([value], value)
    assert alone.product is None
    assert len(alone.needs) == 2


def test_a_join_is_copied_where_somebody_looks(device):
    parts = [ready(3) * 2, ready(2)]
    joined = ct.Tensor(fusion.join(tuple(part._value for part in parts)))
    before = Counters.launches
    assert joined.tolist() == [2, 2, 2, 1, 1]
    assert Counters.launches - before == 2  # the first part, and the copy


def test_a_long_reduction_in_parts_is_reduced_again(device):
    x = ct.arange(300_000, dtype=ct.float32).realize()
    assert x.max().item() == 299_999


def test_reductions_are_needed_first_or_part_of_rows(device):
    x = ready(64, 5)
    total = x.sum(axis=1, keepdims=True)
    result = x - total
    plain = expression(result)
    assert plain.needs == [total._value]
    rows = rows_below(result._value)
    assert (rows.shape, rows.kept, rows.result) == ((64, 5), (True, False), (64, 1))
    assert total._value.op.fits(total._value, rows)
    inside = expression(result, rows)
    assert inside.needs == []
    assert inside.leaves == [x._value]
    assert storages(inside) == [PER_ROW, STORED]


def test_rows_are_the_last_dimensions_of_some_length(device):
    x = ready(64, 5)
    assert rows_below((x - x.sum(axis=0))._value) is None
    assert rows_below((x * 2)._value) is None
    thin = ready(64, 1)
    assert rows_below((thin - thin.sum(axis=1, keepdims=True))._value) is None
    computed = x.sum(axis=1, keepdims=True).realize()
    assert rows_below((x - computed)._value) is None


# ------------------------------------------------------------ kernels that take smaller groups


@pytest.mark.parametrize("most", [100, 32, 1])
def test_rows_are_planned_anew_for_a_kernel_that_takes_small_groups(narrow_kernels, device, most):
    narrow_kernels(most, "rows")
    x = np.random.default_rng(3).standard_normal((60, 300)).astype("float32")
    found = ct.explain(lambda: ct.softmax(ct.tensor(x), 1))
    assert found[-1].name == "rows"
    assert found[-1].local_size == ({100: 64, 32: 32, 1: 1}[most],)
    e = np.exp(x - x.max(1, keepdims=True))
    np.testing.assert_allclose(ct.softmax(ct.tensor(x), 1).numpy(), e / e.sum(1, keepdims=True),
                               rtol=1e-5)  # fmt: skip


@pytest.mark.parametrize("most", [100, 1])
def test_reductions_are_planned_anew_for_a_kernel_that_takes_small_groups(
    device, narrow_kernels, most
):
    narrow_kernels(most, "reduce_gpu")
    # Its compiler for CPUs loses part of a loop's sums in groups of up to four work-items, unless
    # it is told not to optimize (docs/portability.md).
    is_wrong = device.is_intel and most == 1
    x = np.random.default_rng(3).standard_normal((300, 5, 700)).astype("float32")
    for axis in (0, 1, 2, (0, 2), None):
        np.testing.assert_allclose(ct.tensor(x).sum(axis).numpy(), x.sum(axis), atol=2e-3)
        if not is_wrong:
            found = ct.tensor(x).var(axis).numpy()
            np.testing.assert_allclose(found, x.var(axis, ddof=1), rtol=1e-3)
    assert ct.tensor(x).argmax(0).tolist() == x.argmax(0).tolist()
    assert ct.tensor(x.ravel()).argmax().item() == x.argmax()
    launches = ct.explain(lambda: ct.tensor(x).sum(1))
    assert launches[-1].local_size == ({100: 64, 1: 1}[most], 1)


@pytest.mark.parametrize(("m", "n"), [(70, 90), (300, 2)])
def test_an_expression_that_makes_a_product_take_too_much_is_launched_after_it(
    narrow_kernels, m, n
):
    x, y = (
        np.random.default_rng(3).standard_normal(s).astype("float32") for s in [(m, 40), (40, n)]
    )
    name = "gemm_gpu" if n > 8 else "gemm_thin_gpu"
    # It has 24 parameters without an expression.
    narrow_kernels(32, name, lambda kernel: kernel.num_args > 24)

    def product():
        return (ct.tensor(x) @ ct.tensor(y)).relu() * 2

    assert [each.name for each in ct.explain(product)] == [name, "pointwise"]
    np.testing.assert_allclose(product().numpy(), 2 * np.maximum(x @ y, 0), atol=1e-4)
    held = ct.tensor(x) @ ct.tensor(y)
    np.testing.assert_allclose(
        (held.relu() + held).numpy(), x @ y + np.maximum(x @ y, 0), atol=1e-4
    )
