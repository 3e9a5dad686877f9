"""max, min, running extremes, k-th, middle and most frequent values, beside PyTorch's where it is
installed."""

import numpy as np
import pytest

import cltensor as ct
from cltensor import return_types
from cltensor.errors import DTypeError, ShapeError

NAN = float("nan")
TABLE = [[3.0, 1.0, 3.0], [2.0, NAN, 5.0]]
PAIRS = (
    "max",
    "min",
    "median",
    "nanmedian",
    "mode",
    "cummax",
    "cummin",
    "sort",
    "kthvalue",
    "topk",
)


def same(found, wanted):
    np.testing.assert_array_equal(np.asarray(found.tolist()), np.asarray(wanted))


def check(pair, values, indices):
    same(pair.values, values)
    same(pair.indices, indices)
    first, second = pair
    assert first is pair.values
    assert second is pair.indices
    assert pair[0] is first
    assert pair.indices.dtype == ct.int64


def test_max_and_min_along_a_dimension_are_pairs(device):
    x = ct.tensor(TABLE)
    check(x.max(1), [3.0, NAN], [0, 1])
    check(x.min(dim=1), [1.0, NAN], [1, 1])
    check(ct.max(x, -1, keepdim=True), [[3.0], [NAN]], [[0], [1]])
    check(ct.min(x, 0, True), [[2.0, NAN, 3.0]], [[1, 1, 0]])
    assert isinstance(x.max(1), return_types.max)
    assert isinstance(x.min(1), return_types.min)


def test_axis_gives_numpys_values(device):
    x = ct.tensor([[3, 1, 4], [2, 7, 5]])
    same(x.max(axis=1), [4, 7])
    same(x.min(axis=(0, 1), keepdims=True), [[1]])
    same(ct.max(x, axis=None), 7)
    same(x.sort(axis=1), [[1, 3, 4], [2, 5, 7]])
    same(ct.sort(x, axis=None), [1, 2, 3, 4, 5, 7])
    same(x.median(axis=0), [2.5, 4.0, 4.5])
    same(x.median(axis=None), 3.5)
    same(ct.tensor(TABLE).median(axis=1, keepdims=True), [[3.0], [NAN]])


def test_max_of_everything_and_of_two_tensors(device):
    x = ct.tensor([[3, 1], [2, 7]])
    same(x.max(), 7)
    same(ct.min(x), 1)
    same(ct.max(x, ct.tensor([[2, 2], [2, 2]])), [[3, 2], [2, 7]])
    same(x.min(other=ct.tensor([2, 2])), [[2, 1], [2, 2]])


def test_the_forms_of_max_exclude_each_other(device):
    x = ct.ones(2, 2)
    with pytest.raises(TypeError, match=r"max: give a dimension .*NumPy's axis.*other"):
        x.max(1, axis=0)
    with pytest.raises(TypeError, match=r"max: give a dimension"):
        ct.max(x, 1, other=x)
    with pytest.raises(DTypeError, match=r"min: other is 3, not a tensor; use clamp"):
        ct.min(x, other=3)
    with pytest.raises(TypeError, match=r"max: dim is \(0, 1\), not one integer; use amax"):
        x.max((0, 1))
    with pytest.raises(ShapeError, match=r"max: axis 2 is out of range"):
        x.max(2)


def test_a_tensor_without_dimensions_has_a_dimension(device):
    x = ct.tensor(3.0)
    for name in set(PAIRS) - {"kthvalue", "topk"}:
        check(getattr(x, name)(0), 3.0, 0)
        check(getattr(x, name)(-1), 3.0, 0)
    check(x.kthvalue(1), 3.0, 0)
    check(x.topk(1, 0), 3.0, 0)


def test_out_takes_the_values_and_the_indices(device):
    x = ct.tensor(TABLE)
    values, indices = ct.empty(2), ct.empty(2, dtype=ct.int64)
    found = ct.max(x, 1, out=(values, indices))
    assert found.values is values
    assert found.indices is indices
    same(values, [3.0, NAN])
    same(indices, [0, 1])
    ct.sort(ct.tensor([2.0, 1.0]), out=(values, indices))
    same(values, [1.0, 2.0])


def test_the_gradient_goes_to_the_place_returned(device):
    x = ct.tensor([[1.0, 5.0, 5.0], [2.0, 2.0, 1.0]], requires_grad=True)
    x.max(1).values.sum().backward()
    same(x.grad, [[0, 1, 0], [1, 0, 0]])
    for name, wanted in {
        "median": [[0, 1, 0], [1, 0, 0]],
        "mode": [[0, 0, 1], [0, 1, 0]],
        "cummax": [[1, 1, 1], [1, 2, 0]],
        "cummin": [[3, 0, 0], [1, 1, 1]],
        "sort": [[1, 1, 1], [1, 1, 1]],
    }.items():
        x.grad = None
        pair = getattr(x, name)(1)
        assert not pair.indices.requires_grad
        pair.values.sum().backward()
        same(x.grad, wanted)


def test_gradients_are_right(fp64):
    x = ct.tensor(np.random.default_rng(3).permutation(24).reshape(2, 3, 4) / 7, requires_grad=True)
    for name in ("max", "min", "median", "nanmedian", "cummax", "cummin", "sort"):
        ct.testing.gradcheck(lambda t, name=name: getattr(ct, name)(t, 1).values, [x])
    ct.testing.gradcheck(lambda t: t.kthvalue(2, 0).values, [x])
    ct.testing.gradcheck(lambda t: t.topk(2, dim=-1).values, [x])


def test_middle_values(device):
    x = ct.tensor(TABLE)
    check(x.median(1), [3.0, NAN], [0, 1])
    check(x.nanmedian(1, keepdim=True), [[3.0], [2.0]], [[0], [0]])
    same(x.median(), NAN)
    same(x.nanmedian(), 3.0)
    same(ct.tensor([4, 1, 3, 2]).median(), 2)
    assert np.isnan(ct.tensor([NAN, NAN]).nanmedian(0).values.item())
    with pytest.raises(ShapeError, match="median: axis 0 of shape .0, 3. is empty"):
        ct.ones(0, 3).median(0)


def test_the_kth_value_is_counted_from_one(device):
    check(ct.tensor([5, 2, 9]).kthvalue(2), 5, 0)
    check(ct.tensor([[5, 2, 9]]).kthvalue(k=3, dim=1, keepdim=True), [[9]], [[2]])
    with pytest.raises(ShapeError, match="kthvalue: k is 4; give an integer from 1 to 3"):
        ct.ones(3).kthvalue(4)


def test_running_extremes(device):
    check(ct.tensor(TABLE).cummax(1), [[3, 3, 3], [2, NAN, NAN]], [[0, 0, 2], [0, 1, 1]])
    check(ct.tensor(TABLE).cummin(dim=0), [[3, 1, 3], [2, NAN, 3]], [[0, 0, 0], [1, 1, 0]])
    check(ct.ones(0).cummax(0), [], [])


def test_the_most_frequent(device):
    check(ct.tensor([[1, 2, 2, 1, 3, 3], [7, 7, 7, 0, 0, 1]]).mode(), [1, 7], [3, 2])
    check(ct.tensor([[1, 2], [1, 3]]).mode(0), [1, 2], [1, 0])


def test_pairs_print_as_pytorchs():
    text = repr(ct.tensor([1.0, 4.0]).max(0))
    assert text == "cltensor.return_types.max(\nvalues=tensor(4.),\nindices=tensor(1))"


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("dtype", ["float32", "int64", "uint8"])
def test_beside_pytorch(device, name, dtype):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(5)
    for shape, dim in [((7,), 0), ((5, 6), 1), ((4, 3, 5), 1), ((6, 1), -2), ((2, 3, 1), 2)]:
        a = rng.integers(0, 5, shape).astype(dtype)
        if dtype == "float32":
            a[rng.random(shape) < 0.1] = np.nan if name != "mode" else 0
        before = (2,) if name in ("kthvalue", "topk") and shape[dim] > 1 else ()
        before = (1,) if name in ("kthvalue", "topk") and not before else before
        wanted = getattr(torch, name)(torch.tensor(a), *before, dim)
        found = getattr(ct, name)(ct.tensor(a), *before, dim)
        same(found.values, wanted.values.numpy())
        if name not in ("topk", "kthvalue", "median", "nanmedian", "mode"):  # any of equals there
            stable = torch.sort(torch.tensor(a), dim=dim, stable=True) if name == "sort" else wanted
            same(found.indices, stable.indices.numpy())


@pytest.mark.parametrize("sizes", [(40, 1024), (70_001,), (1025, 40)])
def test_a_rank_in_many_elements_is_where_a_sort_has_it(device, use_skeletons, sizes):
    a = np.random.default_rng(0).standard_normal(sizes).round(2).astype("float32")
    a[::5] = NAN
    n = a.shape[0]
    order = np.argsort(a, 0, kind="stable")
    finite = (~np.isnan(a)).sum(0, keepdims=True)
    for kind in ("cpu", "gpu"):
        use_skeletons(kind)
        x = ct.tensor(a)
        found = ct.kthvalue(x, n // 3, 0)
        np.testing.assert_array_equal(found.indices.numpy(), order[n // 3 - 1])
        found = ct.nanmedian(x, 0, True)
        want = np.take_along_axis(order, (finite - 1) // 2, 0)
        np.testing.assert_array_equal(found.indices.numpy(), want)
        first_nan = np.take_along_axis(order, finite, 0)
        np.testing.assert_array_equal(ct.median(x, 0, True).indices.numpy(), first_nan)


def test_a_tensor_beside_another_is_no_dimension():
    check_pair = ct.max(ct.tensor([1, 5]), ct.tensor(3))
    np.testing.assert_array_equal(check_pair.numpy(), [3, 5])
    np.testing.assert_array_equal(ct.min(ct.tensor([1, 5]), ct.tensor(3)).numpy(), [1, 3])


@pytest.mark.parametrize(
    ("find", "data", "gradient"),
    [
        (ct.median, [1.0, 2.0, 2.0], [0, 0.5, 0.5]),
        (ct.median, [1.0, 2.0, 2.0, 3.0, 3.0], [0, 0.5, 0.5, 0, 0]),
        (ct.median, [1.0, NAN, 2.0, NAN], [0, 0.5, 0, 0.5]),
        (ct.nanmedian, [1.0, NAN, 2.0, 2.0, 2.0, 2.0], [0, 0, 0.25, 0.25, 0.25, 0.25]),
        (ct.nanmedian, [NAN, NAN], [0.5, 0.5]),
        (lambda x: ct.median(x, 0).values, [1.0, 2.0, 2.0], [0, 1, 0]),
    ],
)
def test_equals_in_the_middle_share_the_gradient_where_there_is_no_place(
    device, find, data, gradient
):
    x = ct.tensor(data, requires_grad=True)
    find(x).backward()
    assert x.grad.tolist() == gradient
