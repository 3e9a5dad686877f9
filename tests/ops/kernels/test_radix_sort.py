"""The radix sort, of every dtype, around the edges of its blocks and tiles."""

import numpy as np
import pytest
from arrays import check
from draws import cases, drawn, generator

import cltensor as ct
from cltensor.dtypes import ALL
from cltensor.ops.kernels import radix_sort

# Each test runs with the kernels for CPUs and with those for other devices.
pytestmark = pytest.mark.usefixtures("skeleton")

SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0]


def elements(rng, sizes, dtype):
    """Elements with many equals; of floats some NaN, infinite, and of either zero."""
    kind = np.dtype(dtype)
    if kind.kind == "f":
        a = rng.standard_normal(sizes).astype(kind)
        some = rng.random(sizes) < 0.3
        a[some] = rng.choice(SPECIAL, int(some.sum()))
        return a
    if kind.kind == "b":
        return rng.random(sizes) < 0.5
    limits = np.iinfo(kind)
    a = rng.integers(limits.min, limits.max, sizes, kind, endpoint=True)
    near = rng.integers(0, 3, sizes).astype(kind)
    return np.where(rng.random(sizes) < 0.5, a, near)


def order_of(a, descending):
    """The stable order of the last axis, NaN as the largest."""
    ranks = np.unique(a, return_inverse=True)[1].reshape(a.shape)
    return np.argsort(-ranks if descending else ranks, -1, kind="stable")


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("dtype", [d.name for d in ALL if d.kind != "c" and d != "bfloat16"])
def test_every_dtype_is_in_a_stable_order(device, dtype, descending):
    if dtype == "float64" and not device.fp64:
        pytest.skip(f"{device.title} has no {dtype}")
    a = elements(np.random.default_rng(3), (2, 1500), dtype)
    values, order = radix_sort.radix_sorted(ct.tensor(a), descending, True, ct.int64)
    want = order_of(a, descending)
    check(order, want)
    found = values.numpy()
    bits = f"u{a.dtype.itemsize}"  # -0 stays -0, and NaN what it was
    sorted_ = np.take_along_axis(a, want, -1)
    np.testing.assert_array_equal(found.view(bits), sorted_.view(bits))


@pytest.mark.parametrize("n", [1, 2, 511, 512, 513, 4095, 4097, 40000])
def test_sizes_around_the_edges_of_blocks(n):
    a = elements(np.random.default_rng(n), (1, n), "float32")
    values, order = radix_sort.radix_sorted(ct.tensor(a), False, True, ct.int32)
    check(order, order_of(a, False).astype("int32"))
    check(values, np.sort(a, -1))
    assert radix_sort.radix_sorted(ct.tensor(a), False, True, None)[1] is None
    assert radix_sort.radix_sorted(ct.tensor(a), False, False, ct.int32)[0] is None


def test_a_lane_of_equal_elements_and_digits_that_all_share():
    a = np.full((3, 600), 7, "int32")
    a[1] += np.arange(600)[::-1] * 256  # all share the last digit
    a[2, 300:] = 6
    values, order = radix_sort.radix_sorted(ct.tensor(a), False, True, ct.int64)
    check(order, np.argsort(a, -1, kind="stable"))
    check(values, np.sort(a, -1))


def spread(rng, sizes, dtype):
    """Elements near each other, some far off, or many of them equal."""
    kind = np.dtype(dtype)
    how = rng.integers(4)
    if how == 0 or kind.kind == "b":
        return elements(rng, sizes, dtype)
    width = float(10.0 ** rng.integers(0, 9))
    a = rng.standard_normal(sizes) * width
    if how == 1:
        a[rng.random(sizes) < 0.01] *= 1e6
    if how == 2:
        a = np.round(a / width) * width
    if kind.kind == "f":
        return np.clip(a, -6e4, 6e4).astype(kind)
    limits = np.iinfo(kind)
    return np.clip(a, float(limits.min), float(limits.max) / 2).astype(kind)


@pytest.mark.parametrize("dtype", ["float32", "int16", "uint8"])
@pytest.mark.parametrize("n", [101, 700])
def test_a_lane_alone_is_sorted_in_parts(monkeypatch, n, dtype):
    monkeypatch.setattr(radix_sort, "_LONG", 100)
    a = elements(np.random.default_rng(4), (1, n), dtype)
    values, order = radix_sort.radix_sorted(ct.tensor(a), True, True, ct.int64)
    want = order_of(a, True)
    check(order, want)
    check(values, np.take_along_axis(a, want, -1))
    check(radix_sort.radix_sorted(ct.tensor(a), True, True, None)[0], values.numpy())


@cases
def test_lanes_too_long_for_the_cache(case):
    rng = generator(case)
    lanes, n = int(rng.integers(1, 4)), int(rng.choice([1 << 15, 40001, 70000, 140000]))
    dtype = str(rng.choice(["float32", "int64", "int32", "uint8", "int16", "bool", "float16"]))
    how = drawn(sizes=(lanes, n), dtype=dtype, descending=bool(rng.integers(2)))
    a = spread(rng, how["sizes"], dtype)
    wants = drawn(values=bool(rng.integers(2)), order=bool(rng.integers(2)))
    values, order = radix_sort.radix_sorted(
        ct.tensor(a), how["descending"], wants["values"], ct.int64 if wants["order"] else None
    )
    want = order_of(a, how["descending"])
    if order is not None:
        check(order, want)
    if values is not None:
        bits = f"u{a.dtype.itemsize}"
        in_order = np.take_along_axis(a, want, -1)
        np.testing.assert_array_equal(values.numpy().view(bits), in_order.view(bits))


def test_a_dense_view_is_read_from_its_place():
    a = elements(np.random.default_rng(5), (4, 700), "float32")
    rows = ct.tensor(a)[2:]
    assert rows.offset == 1400
    check(radix_sort.radix_sorted(rows, True, False, ct.int64)[1], order_of(a[2:], True))


@cases
def test_drawn(case):
    rng = generator(case)
    lanes, n = int(rng.integers(1, 9)), int(rng.integers(1, 3000))
    dtype = str(rng.choice(["float32", "int64", "uint8", "int16"]))
    how = drawn(sizes=(lanes, n), dtype=dtype, descending=bool(rng.integers(2)))
    a = elements(rng, how["sizes"], dtype)
    _, order = radix_sort.radix_sorted(ct.tensor(a), how["descending"], False, ct.int64)
    check(order, order_of(a, how["descending"]))


@pytest.mark.parametrize(("name", "most"), [("radix_count", 32), ("radix_move_gpu", 9)])
def test_a_kernel_that_takes_small_groups(narrow_kernels, name, most):
    narrow_kernels(most, name)
    a = np.random.default_rng(0).standard_normal((2, 5000)).astype("float32")
    x = ct.tensor(a)
    values, order = ct.sort(x, -1, stable=True)
    check(values, np.sort(a))
    check(order, np.argsort(a, kind="stable"))
    assert x.device.narrowed["radix"] == {32: 32, 9: 8}[most]
