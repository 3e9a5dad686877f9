"""Pending expressions: what is launched, what is stored, and that nobody can tell otherwise."""

import gc

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DTypeError, ShapeError
from cltensor.lazy import fusion, kinds
from cltensor.runtime.kernel import Counters


class Work:
    """Counts launches and kernels made since it was entered."""

    def __enter__(self):
        self._before = Counters.launches, Counters.builds + Counters.disk_hits
        return self

    def __exit__(self, *exception):
        launches, kernels = Counters.launches, Counters.builds + Counters.disk_hits
        self.launches = launches - self._before[0]
        self.kernels = kernels - self._before[1]


def ready(*shape, start=0):
    """A computed float32 Tensor of consecutive numbers."""
    return ct.tensor(np.arange(start, start + np.prod(shape), dtype="float32").reshape(shape))


def test_a_chain_is_one_launch_when_somebody_looks(device, deferred):
    x, y = ready(100), ready(100, start=5)
    with Work() as nothing:
        z = ct.relu(x * y + 2) * 0.5 - x
        assert z.is_pending
    with Work() as one:
        got = z.numpy()
    assert nothing.launches == 0
    assert one.launches == 1
    a = np.arange(100.0)
    np.testing.assert_allclose(got, (a * (a + 5) + 2) * 0.5 - a)


def test_eager_computes_at_the_call(device, eager):
    x = ready(10)
    with Work() as two:
        y = x * 2
        assert not y.is_pending
        z = y.sum()
        assert not z.is_pending
    assert two.launches == 2
    assert z.item() == 90


def test_values_somebody_holds_are_stored_on_the_way_and_others_are_not(device, deferred):
    x = ready(100_000)
    pool = device.pool
    gc.collect()
    before = pool.summary()["in_use"]
    dropped = x + 1
    held = dropped * 2
    del dropped
    z = held - 3
    with Work() as one:
        z.realize()
    assert one.launches == 1
    assert not held.is_pending
    assert pool.summary()["in_use"] - before == 2 * x.buffer.reserved
    with Work() as none:
        assert held.numpy()[7] == 16
        assert z.numpy()[7] == 13
    assert none.launches == 0


def test_a_node_used_twice_is_computed_once(device, deferred):
    x = ready(50)
    y = x * 3
    z = (y + y) * y
    with Work() as one:
        np.testing.assert_allclose(z.numpy(), 18 * np.arange(50.0) ** 2)
    assert one.launches == 1


def test_doubling_chains_stay_bounded(device, deferred):
    y = ready(4)
    with Work() as few:
        for _ in range(40):
            y = y + y
        y.realize()
    assert few.launches <= 40
    np.testing.assert_array_equal(y.numpy(), np.arange(4.0) * 2.0**40)


@pytest.mark.parametrize("length", [23, 24, 25, 100])
def test_long_chains_are_cut_at_the_limit(device, deferred, length):
    x = ready(10)
    with Work() as work:
        y = x
        for _ in range(length):
            y = y + 1
        y.realize()
    assert work.launches == -(-length // fusion.MAX_NODES)
    np.testing.assert_array_equal(y.numpy(), np.arange(10.0) + length)


@pytest.mark.parametrize("count", [11, 12, 13, 40])
def test_many_operands_are_cut_at_the_limit(device, deferred, count):
    leaves = [ready(6, start=k) for k in range(count)]
    total = leaves[0]
    for leaf in leaves[1:]:
        total = total + leaf
    np.testing.assert_array_equal(total.numpy(), np.arange(6.0) * count + count * (count - 1) / 2)


def test_the_largest_expression_fits_the_guaranteed_arguments(device, deferred):
    base = ready(4, 3, 2, 5, 3)
    order = (4, 2, 0, 3, 1)
    leaves = [base.permute(*order)[:, ::-1] for _ in range(fusion.MAX_LEAVES)]
    total = leaves[0]
    for leaf in leaves[1:]:
        total = total + leaf
    with Work() as one:
        got = total.numpy()
    assert one.launches == 1
    want = np.arange(360.0).reshape(4, 3, 2, 5, 3).transpose(order)[:, ::-1]
    np.testing.assert_array_equal(got, want * fusion.MAX_LEAVES)


def test_other_sizes_and_scalars_reuse_the_kernel(device, deferred):
    def chain(x, k):
        return (x * k + 1.25).sqrt()

    chain(ready(64), 2.0).realize()
    with Work() as work:
        for n, k in ((64, 3.0), (1000, 4.5), (7, 0.125)):
            want = np.sqrt(np.arange(n) * k + 1.25)
            np.testing.assert_allclose(chain(ready(n), k).numpy(), want, rtol=1e-6)
    assert work.kernels == 0
    assert work.launches == 3


def test_broadcast_pieces_that_somebody_holds_are_computed_on_their_own(device, deferred):
    row = ready(5) * 2
    table = row + ready(3, 1)
    with Work() as two:
        np.testing.assert_array_equal(
            table.numpy(), np.arange(5.0) * 2 + np.arange(3.0).reshape(3, 1)
        )
    assert two.launches == 2
    assert not row.is_pending


def test_broadcast_pieces_that_nobody_holds_are_fused(device, deferred):
    table = (ready(5) * 2) + ready(3, 1)
    with Work() as one:
        table.realize()
    assert one.launches == 1


def test_reductions_wait_too_and_chains_go_on_behind_them(device, deferred):
    x = ready(8, 16)
    with Work() as none:
        total = (x * 2).sum(1)
        scaled = total / 4 + 1
        assert total.is_pending
    with Work() as two:
        got = scaled.numpy()
    assert none.launches == 0
    assert two.launches == 2
    np.testing.assert_allclose(got, np.arange(128.0).reshape(8, 16).sum(1) / 2 + 1)


def test_normalization_needs_few_launches(device, deferred):
    x = ready(4, 100)
    with Work() as work:
        centred = x - x.mean(1, keepdims=True)
        y = centred / (ct.sqrt((centred * centred).mean(1, keepdims=True)) + 1e-5)
        got = y.numpy()
    assert work.launches <= 4
    a = np.arange(400.0).reshape(4, 100)
    want = (a - a.mean(1, keepdims=True)) / (a.std(1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(got, want, rtol=1e-4)


def test_constants_are_expressions_without_memory(device, deferred):
    before = device.pool.summary()["in_use"]
    with Work() as none:
        z = ct.zeros(1000, 1000)
        o = ct.ones(1000, 1000) * 3 + z
        assert device.pool.summary()["in_use"] == before
    assert none.launches == 0
    assert (o.sum() / 1e6).item() == 3


@pytest.mark.parametrize("dtype", ["int64", "uint8", "int8"])
def test_what_counts_stays_a_constant(device, mode, dtype):
    last = int(np.iinfo(dtype).max)
    x, y = ct.full((3,), last - 40, dtype), ct.full((3,), last - 1, dtype)
    for _ in range(40):
        x.add_(1)
    z = 1 + (y + 1)
    if mode == "deferred":
        assert x._value.nodes == 1
        assert z._value.nodes == 2  # beyond the last number it is what the device makes of it
    assert x.tolist() == [last] * 3
    assert z.tolist() == [int(np.iinfo(dtype).min)] * 3
    assert (ct.full((2,), 0.5) + 1).tolist() == [1.5, 1.5]


def test_errors_come_at_the_call_and_not_at_the_flush(device, deferred):
    x, y = ready(3) * 2, ready(4) * 2
    with pytest.raises(ShapeError, match=r"^add: shapes \(3,\) and \(4,\)"):
        x + y
    with pytest.raises(DTypeError, match="^bitwise_and: not defined for float32"):
        x & x
    with pytest.raises(ShapeError, match="^sum: axis 1 is out of range"):
        x.sum(1)
    assert x.is_pending
    assert x.numpy().tolist() == [0, 2, 4]


def test_results_do_not_depend_on_the_mode(device, monkeypatch):
    def compute():
        x = ct.tensor(np.linspace(-2, 2, 60, dtype="float32").reshape(5, 12))
        h = ct.tanh(x * 1.5 + x.mean(0)) - x.T.reshape(5, 12)
        h[1:3] = h[2:4] * 0.5
        return (h * x).sum(0).numpy()

    results = []
    for on in (False, True):
        monkeypatch.setattr(fusion.Eager, "on", on)
        results.append(compute())
    np.testing.assert_allclose(results[0], results[1], rtol=2e-5, atol=1e-6)


# ------------------------------------------------------------- changes in place while pending


def test_a_pending_expression_keeps_the_values_it_was_made_of(device, mode):
    x = ready(4)
    y = x + 10
    x[0] = 99.0
    assert y.numpy().tolist() == [10, 11, 12, 13]
    assert x.numpy().tolist() == [99, 1, 2, 3]
    total = (x * 2).sum()
    x.zero_()
    assert total.item() == 2 * 105
    assert x.numpy().tolist() == [0, 0, 0, 0]


VIEWS = {
    "slice": (lambda t: t[1:], lambda a: a[1:]),
    "reshape": (lambda t: t.reshape(2, 2), lambda a: a.reshape(2, 2)),
    "reversed": (lambda t: t[::-1], lambda a: a[::-1]),
    "expand": (lambda t: t.expand(3, 4), lambda a: np.broadcast_to(a, (3, 4))),
}


@pytest.mark.parametrize("view", VIEWS)
def test_views_see_later_changes(device, mode, view):
    for make in (lambda: ready(4), lambda: ready(4) * 1):
        x, a = make(), np.arange(4.0)
        v, expected = (function(t) for function, t in zip(VIEWS[view], (x, a), strict=True))
        tripled, before = v * 3, expected * 3
        x[2] = a[2] = -1.0
        np.testing.assert_array_equal(v.numpy(), expected)
        np.testing.assert_array_equal(tripled.numpy(), before)
        if v.shape == (3, 4):
            with pytest.raises(ShapeError, match="setitem: several elements .* are one place"):
                v[:, 0] = 55.0
        else:
            v[0] = 55.0
            expected[0] = 55.0
        np.testing.assert_array_equal(x.numpy(), a)


def test_a_changed_operand_of_a_pending_operand(device, deferred):
    x = ready(4)
    inner = x * 2
    outer = inner + 1
    inner[0] = 50.0
    assert outer.numpy().tolist() == [1, 3, 5, 7]
    assert inner.numpy().tolist() == [50, 2, 4, 6]


def test_elements_are_written_where_they_are(device, mode):
    x = (ready(1000) * 1).realize()
    place = x.buffer.cl.int_ptr
    x[3] = 7.0
    assert x.buffer.cl.int_ptr == place
    held = x[:2]
    x[0] = 5.0
    assert x.buffer.cl.int_ptr == place
    assert held.numpy().tolist() == [5, 1]
    assert x.numpy()[:4].tolist() == [5, 1, 2, 7]


def test_a_product_is_computed_before_what_replaces_a_value_in_place(device, deferred, monkeypatch):
    made = []

    class Counted(fusion.Expression):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            made.append(self)

    old, x = ready(40, 40), ready(40, 40) / 1600
    a = old.numpy() / 1600
    x.realize()
    new = old * 0.5 - x @ x
    new._value.target = old._value
    monkeypatch.setattr(kinds, "Expression", Counted)
    with Work() as work:
        assert new.realize().buffer is old.buffer
    assert (work.launches, len(made)) == (2, 2)
    np.testing.assert_allclose(new.numpy(), a * 800 - a @ a, rtol=1e-5)


def test_augmented_assignment_changes_what_all_names_share(device, mode):
    x = ready(3)
    y = x
    x += 1
    assert y.numpy().tolist() == [1, 2, 3]
    assert x.numpy().tolist() == [1, 2, 3]
    x = x + 0  # another tensor
    assert y.numpy().tolist() == [1, 2, 3]
    z = x
    z.add_(1)  # in place, by name: both names are one Tensor
    assert x.numpy().tolist() == [2, 3, 4]


def test_tensors_without_elements_launch_nothing(device, mode):
    x = ct.zeros(0, 3)
    with Work() as none:
        y = (x * 2 + 1).exp()
        assert y.numpy().shape == (0, 3)
    assert none.launches == 0
    x.add_(1)
    assert x.numpy().shape == (0, 3)


def test_many_threads_of_expression_share_a_leaf(device, deferred):
    x = ready(10)
    results = [x * k for k in range(30)]
    stacked = results[0]
    for r in results[1:]:
        stacked = stacked + r
    np.testing.assert_array_equal(stacked.numpy(), np.arange(10.0) * 435)
    for k, r in enumerate(results):
        np.testing.assert_array_equal(r.numpy(), np.arange(10.0) * k)


def test_joined_values_can_be_looked_at(device):
    parts = [ct.tensor([1.0, 2.0, 3.0]), ct.tensor([4.0, 5.0])]
    joined = ct.Tensor(fusion.join(tuple(part._value for part in parts), 4))
    parts[0].zero_()  # whoever reads it is computed before
    found = joined.tolist()
    assert found[:3] + found[4:6] == [1, 2, 3, 4, 5]
