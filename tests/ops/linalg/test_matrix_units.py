"""Instructions of matrix units: what each lane gives and gets, as work-items play it."""

from types import SimpleNamespace

import numpy as np
import pytest
from lanes import UNITS, emulated
from matrices import check, draw, turned
from store_sides import check_store_side

import cltensor as ct
from cltensor.ops.linalg import matrix_units
from cltensor.ops.linalg.unit_probe import numbers

#: By the kind of a unit: the precision of float32 that has it used.
ASKED = {"float32": "highest", "tf32": "high", "bfloat16": "medium", "float16": "highest"}
#: Tiles of one instruction alone, and of several sub-groups in vectors of four, two and one.
ONE = (1, 1, 1, 1)
SEVERAL = (2, 1, 2, 4), (1, 2, 3, 1)
#: One of each way to write a unit and to lay out what it multiplies. The driver takes seconds to
#: compile what each of these plays.
EACH_WAY = (
    "mma m16n8k8 tf32.tf32", "mma m16n8k16 f16.f16", "mfma_f32_32x32x2f32",
    "mfma_f32_32x32x8bf16_1k", "wmma_f32_16x16x16_f16_w32", "dpas bf16 of 16",
)  # fmt: skip


def most_thorough(names, usual):
    """The names as parameters; the usual run takes those of `usual`."""
    return [
        name if name in usual else pytest.param(name, marks=pytest.mark.thorough) for name in names
    ]


def dtype_of(unit):
    """A dtype that the unit multiplies."""
    return ct.float16 if unit.kind == "float16" else ct.float32


def operands(unit, *sizes):
    """Whole numbers and their product, which is exact."""
    ct.set_float32_matmul_precision(ASKED[unit.kind])
    a, b = numbers(unit.kind, *sizes)
    return ct.tensor(a, dtype=dtype_of(unit)), ct.tensor(b, dtype=dtype_of(unit)), a @ b


def is_exact(got, want):
    """To the last bit; halves are rounded once."""
    with np.errstate(over="ignore"):
        return np.array_equal(got.numpy(), want.astype(got.numpy().dtype))


def of_group(launches, unit, groups):
    """Whether the first launch has the group of a tile."""
    return launches[0].local_size == (groups[0] * groups[1] * unit.lanes, 1, 1)


@pytest.mark.parametrize("name", most_thorough(UNITS, EACH_WAY))
def test_products_are_exact(use_units, name):
    unit = UNITS[name]
    use_units(emulated(unit, ONE))
    a, b, want = operands(unit, 2 * unit.rows + 3, 3 * unit.cols - 1, 37)
    assert of_group(ct.explain(lambda: a @ b), unit, ONE)
    assert is_exact(a @ b, want)


@pytest.mark.parametrize("groups", SEVERAL)
@pytest.mark.parametrize("name", most_thorough(EACH_WAY, EACH_WAY[:1]))
def test_matrices_of_a_sub_group_share_vectors(use_units, name, groups):
    unit = UNITS[name]
    use_units(emulated(unit, groups))
    # The whole tiles are written in vectors, where rows of the result are as wide as those.
    for more in (0, 1):
        m, n = groups[0] * groups[2] * unit.rows, 2 * groups[1] * groups[3] * unit.cols
        a, b, want = operands(unit, m + more, n + more, 64 + more)
        assert of_group(ct.explain(ct.matmul, a, b), unit, groups)
        assert is_exact(a @ b, want)


@pytest.mark.slow
@pytest.mark.parametrize("name", most_thorough(EACH_WAY, EACH_WAY[1:2]))
def test_views_and_batches(use_units, name):
    unit = UNITS[name]
    use_units(emulated(unit, (1, 1, 2, 2)))
    a, b, want = operands(unit, 69, 71, 44)
    for by_columns in [(True, False), (False, True), (True, True)]:
        x, y = (turned(z.numpy(), c) for z, c in zip((a, b), by_columns, strict=True))
        assert is_exact(x @ y, want)
    inner = a.numpy()[:, 1:].astype("float64") @ b.numpy()[1:]
    assert is_exact(a[:, 1:] @ b[1:], inner)
    stack, every_other = ct.stack([a, -a, a * 2]), b.expand(3, 44, 71)[:, :, ::2]
    assert is_exact(stack @ every_other, np.stack([want, -want, 2 * want])[..., ::2])
    # A long sum of few results is cut into parts.
    a, b, want = operands(unit, 2 * unit.rows, 2 * unit.cols, 1500)
    assert is_exact(a @ b, want)


@pytest.mark.slow
@pytest.mark.parametrize("name", most_thorough(EACH_WAY, EACH_WAY[2:3]))
def test_an_expression_over_a_product(use_units, name):
    unit = UNITS[name]
    use_units(emulated(unit, (1, 1, 2, 2)))
    ct.set_float32_matmul_precision(ASKED[unit.kind])
    a, b = (draw(*shape, dtype=dtype_of(unit)) for shape in ((70, 50), (50, 45)))
    x, y = ct.tensor(a), ct.tensor(b)
    want = a.astype("float64") @ b
    if unit.kind == "float16":
        want = want.astype("float16").astype("float64")
    check_store_side(lambda: x @ y, want, 2e-5 if unit.kind == "float32" else 1e-2)


def test_rounding_to_tf32(use_units):
    use_units(emulated(UNITS["mma m16n8k8 tf32.tf32"], ONE))
    ct.set_float32_matmul_precision("high")
    values = np.array(
        [1 + 2**-11, 1 + 2**-11 - 2**-23, -1 - 2**-11, 3.4e38, np.inf, -np.inf, np.nan, 1e-30],
        "float32",
    )
    values = np.append(values, np.array([0x7FFFFFFF, 0x7F800001], "uint32").view("float32"))
    a = np.zeros((32, 16), "float32")
    a[: len(values), 0] = values
    b = np.zeros((16, 16), "float32")
    b[0] = 1
    b[1:] = 1
    got = (ct.tensor(a) @ ct.tensor(b)).numpy()[: len(values), 0]
    bits = values.view("uint32")
    want = ((bits + 0x1000) & 0xFFFFE000).astype("uint32").view("float32")
    want[np.isnan(values)] = np.nan
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("dtype", [ct.float16, ct.bfloat16])
def test_floats_of_16_bits_are_multiplied_as_they_are(use_units, dtype):
    kind = "f16" if dtype == ct.float16 else "bf16"
    unit = UNITS[f"mma m16n8k16 {kind}.{kind}"]
    use_units(emulated(unit, ONE))
    a, b = (ct.tensor(draw(*shape)).to(dtype).realize() for shape in ((40, 61), (61, 33)))
    names = [launch.name for launch in ct.explain(lambda: a @ b)]
    assert names == ["gemm_gpu"]  # no operand was cast, and the result is rounded in the kernel
    want = a.float().numpy().astype("float64") @ b.float().numpy()
    got = a @ b
    assert got.dtype == dtype
    check(got.float(), want, 1.01 * ct.finfo(dtype).eps / 2)  # rounded once, to the nearest
    # Few columns are for another kernel.
    thin = [launch.name for launch in ct.explain(lambda: a @ b[:, :3])]
    assert "gemm_thin_gpu" in thin
    check((a @ b[:, :3]).float(), want[:, :3], 1e-2)


def test_gradients(use_units):
    use_units(emulated(UNITS["mma m16n8k16 f16.f16"], ONE))
    a, b = draw(40, 20).astype("float16"), draw(20, 30).astype("float16")
    x, y = (ct.tensor(z, requires_grad=True) for z in (a, b))
    (x @ y).sum().backward()
    ones = np.ones((40, 30))
    check(x.grad.float(), ones @ b.T.astype("float64"), 2e-3)
    check(y.grad.float(), a.T.astype("float64") @ ones, 2e-3)


def fake(kind="gpu", name="", extensions=(), **more):
    """A device as far as its driver tells."""
    cl_device = SimpleNamespace(name=name, **more)
    return SimpleNamespace(
        is_cpu=kind == "cpu", kind=kind, extensions=frozenset(extensions), cl_device=cl_device
    )


def test_candidates_by_what_the_driver_says(device):
    def names(found):
        return [unit.name.split("_")[0].split()[0] for unit in matrix_units.units_of(found)]

    asks = ["cl_nv_device_attribute_query"]
    assert set(names(fake(extensions=asks, compute_capability_major_nv=8))) == {"mma"}
    assert names(fake(extensions=asks, compute_capability_major_nv=7)) == []
    assert set(names(fake(name="gfx90a:sramecc+:xnack-"))) == {"mfma"}
    assert set(names(fake(name="gfx1102"))) == set(names(fake(name="gfx1201"))) == {"wmma"}
    assert names(fake(name="gfx1030")) == names(fake(name="AMD Radeon RX 6600")) == []
    extension = "cl_intel_subgroup_matrix_multiply_accumulate"
    assert set(names(fake(extensions=[extension]))) == {"dpas"}
    assert names(fake(kind="cpu", extensions=[*asks, extension])) == []
    assert names(device) == [] if device.kind == "cpu" else True


@pytest.mark.parametrize("name", UNITS)
def test_every_element_is_given_and_every_sum_made(name):
    unit = UNITS[name]
    lanes = range(unit.lanes)

    def value(text, lane):
        return eval(text, {"lane": lane})

    for fragment, size in ((unit.a, unit.rows), (unit.b, unit.cols)):
        assert fragment.strips * fragment.each == size
        halves = [0, 1] if not fragment.half else [None]
        given = {
            (value(fragment.strip, lane) + row * fragment.strips, value(fragment.word, lane) + step,
             value(fragment.half, lane) // 16 if half is None else half)
            for lane in lanes for row, step in fragment.registers for half in halves
        }  # fmt: skip
        assert given == {(r, w, h) for r in range(size) for w in range(unit.words) for h in (0, 1)}
    sums = [
        (value(unit.row, lane) + r, value(unit.col, lane) + c)
        for lane in lanes
        for r, c in unit.sums
    ]
    assert sorted(sums) == [(r, c) for r in range(unit.rows) for c in range(unit.cols)]
