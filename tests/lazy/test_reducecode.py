"""Accumulators of reductions, and the kernels built of them with every choice of parameters."""

import numpy as np
import pytest

import cltensor as ct
from cltensor.lazy.codegen import Code, Formula, Node, Reduction, geometry
from cltensor.lazy.reducecode import count_kept, groups_for, merge_order, passes
from cltensor.ops.reduce.fold import moments, sums
from cltensor.runtime import tuning
from cltensor.runtime.kernel import Counters

FLOAT = np.dtype("float32")
CHOICES = tuning.KINDS["reduce_cpu"].choices
#: Around runs of 8, 16 and 32 elements, and around blocks of columns and of rows.
WIDTHS = [1, 7, 8, 9, 31, 33, 255, 257, 4097]


def test_results_are_the_kept_elements():
    space = geometry((2, 3, 4), (((2, 3, 4), (12, 4, 1)),), (True, True, False))
    assert count_kept(space) == 6
    assert count_kept(geometry((2, 3), (((2, 3), (3, 1)),), (False, False))) == 1


@pytest.mark.parametrize("n", [1, 2, 4, 8, 32])
def test_merging_takes_every_partial_result_once(n):
    held = [{k} for k in range(n)]
    for into, other in merge_order(n):
        assert held[into].isdisjoint(held[other])
        held[into] |= held[other]
    assert held[0] == set(range(n))


def test_more_partial_results_where_little_is_computed():
    cheap, slow = ["const float v = x0 + x1;"], ["const float v = exp(x0);"]
    assert groups_for(cheap) > groups_for(slow) == groups_for(cheap * 5)


@pytest.mark.parametrize(
    ("reduction", "turns"),
    [
        (Reduction("sum", "0", "acc + x"), [["a0", "a1"]]),
        (Reduction("argmax", "0", better="x > acc"), [["a0"], ["where"]]),
        (Reduction("moments", "0"), [["a0"], ["a1"]]),
    ],
)
def test_passes_by_kind(reduction, turns):
    operands = 2 if reduction.kind == "fold" else 1
    double = Node(Formula("double", ("a",), "a + a"), FLOAT, FLOAT, 0, (0,))
    code = Code(
        [FLOAT, double], geometry((5,), (((5,), (1,)),), (False,)), False, [0, 1][:operands]
    )
    found = passes(reduction, code, "float")
    assert [[a.name for a in turn.accumulators] for turn in found] == turns
    assert [a.operand for a in found[0].accumulators] == ["x0", "v1"][:operands]


@pytest.fixture(params=[*[("groups", n) for n in CHOICES["groups"]], ("columns", 256)])
def axis(request, device, use_skeletons):
    """The axis of a matrix to reduce while one parameter of CPU kernels has one of its values."""
    use_skeletons("cpu")
    name, value = request.param
    size_class = "row" if name == "groups" else "column"
    parameters = {
        **tuning.KINDS["reduce_cpu"].defaults(size_class, device),
        name: value,
        "chunk": 1024,
    }
    with tuning.trial(device, "reduce_cpu", FLOAT, size_class, parameters):
        yield 1 if name == "groups" else 0


def numbers(*shape):
    return np.random.default_rng(5).standard_normal(shape).astype(FLOAT)


def test_every_parameter_gives_the_same(axis):
    for width in WIDTHS:
        x, y = numbers(37, width), numbers(37, 2 * width)
        t, u = ct.tensor(x), ct.tensor(y)[:, ::-2]
        wide, other = x.astype(float), y[:, ::-2].astype(float)
        close = {"rtol": 1e-6, "atol": 1e-4, "err_msg": f"width {width}"}
        both = [s.numpy() for s in sums(t * u, t, axis=axis)]
        np.testing.assert_allclose(both[0], (wide * other).sum(axis, keepdims=True), **close)
        np.testing.assert_allclose(both[1], wide.sum(axis, keepdims=True), **close)
        found = [part.numpy() for part in moments(t, axis)]
        np.testing.assert_allclose(found[0], wide.mean(axis, keepdims=True), **close)
        spread = wide.var(axis, keepdims=True) * x.shape[axis]
        np.testing.assert_allclose(found[1], spread, **close)
        np.testing.assert_array_equal(t.argmax(axis).numpy(), x.argmax(axis))
        np.testing.assert_array_equal(t.max(axis).values.numpy(), x.max(axis))


@pytest.mark.parametrize(("size_class", "axis"), [("row", 1), ("column", 0)])
def test_parts_of_a_range_are_merged(skeleton, size_class, axis):
    kind = tuning.KINDS["reduce_cpu" if skeleton.is_cpu else "reduce_gpu"]
    x = numbers(1, 9001) if axis else numbers(9001, 2)  # few results, also for a single core
    wide = x.astype(float)
    chosen = {**kind.defaults(size_class, skeleton), "chunk": 1024}
    with tuning.trial(skeleton, kind.name, FLOAT, size_class, chosen):
        t = ct.tensor(x)
        before = Counters.launches
        found = [part.numpy() for part in moments(t, axis)]
        assert Counters.launches == before + 2
        np.testing.assert_allclose(found[0], wide.mean(axis, keepdims=True), atol=1e-7)
        spread = wide.var(axis, keepdims=True) * 9001
        np.testing.assert_allclose(found[1], spread, rtol=1e-6)
        np.testing.assert_array_equal(t.argmin(axis).numpy(), x.argmin(axis))
        np.testing.assert_allclose(t.sum(axis).numpy(), wide.sum(axis), atol=1e-4)


@pytest.mark.parametrize("shape", [(70, 33), (5, 1025), (1025, 5), (3, 40, 9)])
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_operands_that_are_held_are_whole(skeleton, shape, axis):
    x, y = numbers(*shape), numbers(*shape)
    for reduce in (
        lambda held, t: sums(held * t, held, axis=axis),
        lambda held, t: moments(held, axis),
        lambda held, t: held.argmax(axis),
    ):
        t = ct.tensor(x)
        held = t - ct.tensor(y) * 2
        found = reduce(held, t)
        (found[0] if isinstance(found, tuple) else found).realize()
        np.testing.assert_allclose(held.numpy(), x - y * 2, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("shape", [(1 << 20,), (3, 300_007), (300_007, 3), (20_000, 65)])
def test_rounding_is_that_of_pairwise_summation(skeleton, shape):
    """A sum that takes element after element is off by 1e-5 and more here, NumPy's by 1e-7."""
    x = np.random.default_rng(0).random(shape, FLOAT)
    for axis in (None, *range(len(shape))):
        wide = x.sum(axis, dtype=float)
        found = ct.tensor(x).sum(axis).numpy()
        np.testing.assert_allclose(found, wide, rtol=5e-7, err_msg=f"axis {axis}")
