"""Which unit multiplies what: by dtype and precision, and by what trials came to."""

import numpy as np
import pyopencl as cl
import pytest
from lanes import UNITS, emulated

import cltensor as ct
from cltensor.ops.linalg import unit_choice
from cltensor.ops.linalg.unit_choice import takes_halves, tile_for, tiles_for
from cltensor.ops.linalg.unit_probe import numbers

ALL = {
    kind: emulated(UNITS[name], (1, 1, 1, 1))
    for kind, name in {
        "float32": "mfma_f32_16x16x4f32",
        "tf32": "mma m16n8k8 tf32.tf32",
        "float16": "mma m16n8k16 f16.f16",
        "bfloat16": "mma m16n8k16 bf16.bf16",
    }.items()
}


@pytest.mark.parametrize(
    ("has", "dtype", "precision", "kind"),
    [
        (ALL, "float32", "highest", "float32"),
        (ALL, "float32", "high", "tf32"),
        (ALL, "float32", "medium", "bfloat16"),
        (["tf32"], "float32", "highest", None),
        (["float16", "bfloat16"], "float32", "high", None),
        (["float32", "float16"], "float32", "medium", "float32"),
        (["tf32", "float16"], "float32", "medium", "tf32"),
        (ALL, "float16", "highest", "float16"),
        (ALL, "bfloat16", "highest", "bfloat16"),
        (["bfloat16", "tf32"], "float16", "medium", None),
        (ALL, "float64", "medium", None),
        (ALL, "int32", "medium", None),
        ([], "float32", "medium", None),
    ],
)
def test_the_kind(use_units, device, has, dtype, precision, kind):
    use_units(*[ALL[each] for each in has])
    found = tiles_for(device, ct.zeros(1, dtype=dtype).dtype if dtype != "float64" else ct.float64,
                      precision)  # fmt: skip
    assert [tile.unit.kind for tile in found] == ([kind] if kind else [])


@pytest.mark.parametrize("gain", [0.0, 0.5, 1.0])
def test_a_unit_that_is_wrong_or_not_faster_is_not_used(use_units, device, gain):
    use_units(*ALL.values(), gain=gain)
    assert tiles_for(device, ct.float32, "medium") == ()
    assert not takes_halves(device, ct.float16, (64, 64), (64, 64))
    ct.set_float32_matmul_precision("high")
    a = ct.tensor(np.full((64, 64), 1 + 2**-15, "float32"))
    assert np.array_equal((a @ ct.eye(64)).numpy(), a.numpy())


def test_the_fastest_of_several_and_its_tiles_that_gain(use_units, device, monkeypatch):
    slow = emulated(UNITS["mfma_f32_16x16x4f32"], (1, 1, 2, 2), (1, 1, 1, 1))
    fast = emulated(UNITS["mfma_f32_32x32x2f32"], (1, 1, 2, 2), (1, 1, 1, 1))
    use_units(slow, fast)
    gains = {slow: (2.0, 1.5), fast: (0.0, 3.0)}
    monkeypatch.setattr(unit_choice, "gains", lambda _, unit: gains[unit])
    (tile,) = tiles_for(device, ct.float32, "highest")
    assert tile.unit is fast
    assert tile.rows == 32


def test_small_products_are_for_the_ordinary_kernel_but_for_halves(use_units, device):
    use_units(*[emulated(unit, (2, 2, 2, 2), (1, 1, 2, 2)) for unit in ALL.values()])
    large, small = tiles_for(device, ct.float32, "high")

    def found(dtype, precision, *sizes, takes=lambda tile: True):
        return tile_for(device, dtype, precision, *sizes, 1, takes)

    assert found(ct.float32, "high", 512, 512) is large
    assert found(ct.float32, "high", 17, 512) in (small, None)
    assert found(ct.float32, "high", 9, 9) is None
    assert found(ct.float16, "", 9, 9).rows == small.rows
    # Kernels of some layouts may take smaller groups than the one that was tried.
    assert found(ct.float32, "high", 512, 512, takes=lambda tile: tile is small) is small
    assert found(ct.float32, "high", 512, 512, takes=lambda tile: False) is None
    assert found(ct.float16, "", 512, 512, takes=lambda tile: False).rows == small.rows
    assert takes_halves(device, ct.float16, (9, 5), (5, 9))
    assert not takes_halves(device, ct.float16, (9, 5), (5, 8))
    assert not takes_halves(device, ct.float16, (9, 1), (1, 9))


def test_a_kernel_that_takes_smaller_groups(narrow_kernels, use_units):
    use_units(emulated(UNITS["mma m16n8k16 f16.f16"], (2, 2, 1, 1), (1, 1, 1, 1)))
    narrow_kernels(64, "gemm_gpu")
    a, b = ct.ones(64, 48, dtype=ct.float16), ct.ones(48, 64, dtype=ct.float16)
    assert ((a @ b).numpy() == 48).all()
    assert ((a @ b + 1).numpy() == 49).all()


def test_a_device_for_cpus_is_not_asked(device, use_skeletons, monkeypatch):
    use_skeletons("cpu")
    monkeypatch.setattr(unit_choice, "tiles_for", None)
    a = ct.ones(64, 64, dtype=ct.float16)
    assert ((a @ a).numpy() == 64).all()


def test_a_driver_that_does_not_answer_has_none(use_units, device, monkeypatch):
    use_units(ALL["tf32"])

    def refuse(device):
        raise cl.LogicError("clGetDeviceInfo failed: INVALID_VALUE")

    monkeypatch.setattr(unit_choice, "units_of", refuse)
    assert tiles_for(device, ct.float32, "medium") == ()


def test_a_trial_is_made_once(use_units, device, monkeypatch):
    use_units(ALL["tf32"])
    asked = []
    monkeypatch.setattr(unit_choice, "gains", lambda _, unit: asked.append(unit) or (2.0,))
    for _ in range(3):
        tiles_for(device, ct.float32, "high")
    assert asked == [ALL["tf32"]]


def exact(kind, size=48):
    a, b = numbers(kind, size, size, size)
    return ct.tensor(a, dtype=ct.float32), ct.tensor(b, dtype=ct.float32), a @ b


def test_precision_is_that_of_the_call(use_units):
    use_units(ALL["tf32"])
    a = ct.tensor(np.full((48, 48), 1 + 2**-12, "float32"))
    eye = ct.eye(48)
    before = a @ eye  # pending
    ct.set_float32_matmul_precision("high")
    after = a @ eye
    ct.set_float32_matmul_precision("highest")
    assert (before.numpy() == 1 + np.float32(2**-12)).all()
    assert (after.numpy() == 1).all()


def test_replays_are_of_one_precision(use_units, counts):
    use_units(ALL["tf32"])
    a, eye = ct.tensor(np.full((48, 48), 1 + 2**-12, "float32")), ct.eye(48).realize()
    product = ct.jit(lambda x: x @ eye)
    for precision, want in [("highest", 1 + 2**-12), ("high", 1.0)] * 2:
        ct.set_float32_matmul_precision(precision)
        for _ in range(3):
            assert (product(a).numpy() == np.float32(want)).all()
    assert counts == {"record": 2, "replay": 2 + 6}


def test_a_call_that_sets_the_precision_is_not_replayed(use_units, counts):
    use_units(ALL["tf32"])
    a = ct.ones(48, 48).realize()

    @ct.jit
    def call(x):
        ct.set_float32_matmul_precision("high")
        return x @ a

    for _ in range(4):
        ct.set_float32_matmul_precision("highest")
        call(a)
        assert ct.get_float32_matmul_precision() == "high"
    assert counts["replay"] == 0


def test_factors_and_solutions_are_exact(use_units, device):
    use_units(ALL["tf32"])
    a = np.random.default_rng(3).standard_normal((100, 100)).astype("float32")
    a = a @ a.T + 100 * np.eye(100, dtype="float32")
    x = ct.tensor(a)
    want = [z.numpy() for z in (ct.linalg.cholesky(x), *ct.linalg.qr(x), ct.linalg.inv(x))]
    ct.set_float32_matmul_precision("high")
    got = [z.numpy() for z in (ct.linalg.cholesky(x), *ct.linalg.qr(x), ct.linalg.inv(x))]
    for g, w in zip(got, want, strict=True):
        assert np.array_equal(g, w)
    assert not np.array_equal((x @ x).numpy(), a @ a)


def test_what_people_are_told(use_units, device, monkeypatch):
    assert unit_choice.described(device) == ""
    use_units(ALL["tf32"], ALL["float16"], ALL["bfloat16"])
    known = {ALL["tf32"]: (7.125,), ALL["float16"]: (0.0,)}
    monkeypatch.setattr(unit_choice, "known_gains", lambda _, unit: known.get(unit))
    assert unit_choice.described(device) == (
        "mma m16n8k8 tf32.tf32: 7.12 times as fast; mma m16n8k16 f16.f16: not used; "
        "mma m16n8k16 bf16.bf16: not tried yet"
    )
