"""Trials of matrix units: what is wrong, refused or slower is not used."""

import os
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pyopencl as cl
import pytest
from lanes import UNITS, emulated

import cltensor as ct
from cltensor.ops.linalg import unit_choice, unit_probe
from cltensor.runtime import tuning
from cltensor.runtime.kernel import Counters

ONE = (1, 1, 2, 2)
TF32, HALF = "mma m16n8k8 tf32.tf32", "mma m16n8k16 f16.f16"


@pytest.fixture
def trial(device, disk_cache, use_skeletons, monkeypatch):
    """trial(unit) tries a unit anew, at small sizes, on a GPU that is played."""
    if os.environ.get("CLTENSOR_REFUSALS"):
        pytest.skip("a GPU that refuses takes units for refused")
    use_skeletons("gpu")
    monkeypatch.setattr(unit_probe, "_LARGE", 64)
    return lambda unit: unit_probe.gains(device, unit)


@pytest.mark.parametrize("name", [TF32, HALF, "mfma_f32_32x32x2f32", "dpas bf16 of 8"])
def test_a_unit_that_is_right_is_timed(trial, name):
    (gain,) = trial(emulated(UNITS[name], ONE))
    assert 0 < gain <= 1  # as work-items play it, it is slow, if the clock sees it


def lies(text, by):
    """A unit as it is not."""
    unit = emulated(UNITS[TF32], ONE)
    assert text in unit.code
    return replace(unit, code=unit.code.replace(text, by))


LIES = {
    "rows exchanged": ("i == 0 || i == 2 ?", "i == 1 || i == 3 ?"),
    "steps exchanged in one operand": ("i == 0 ? (lane % 4)", "i == 1 ? (lane % 4)"),
    "columns of results": ("(lane % 4) * 2 + (i & 1)", "(lane % 4) * 2 + 1 - (i & 1)"),
    "sums that are not added to": ("sums[i] +=", "sums[i] ="),
    "no instruction of the compiler's": ("barrier(", "no_such_barrier("),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_unit_that_is_wrong_or_refused_is_not_used(trial, lie):
    assert trial(lies(*LIES[lie])) == (0.0,)


@pytest.mark.parametrize("operand", ["a", "b"])
def test_fewer_digits_are_seen_where_all_are_wanted(trial, operand):
    unit = emulated(UNITS["mfma_f32_32x32x2f32"], ONE)
    given = f"given_{operand}[i]"
    fewer = unit.code.replace(f"as_float({given})", f"as_float({given} & 0xffffe000u)")
    assert fewer != unit.code
    assert trial(replace(unit, code=fewer)) == (0.0,)


def test_halves_near_zero_count(trial):
    unit = emulated(UNITS[HALF], ONE)
    flushed = unit.code.replace("ct_wide((ct_float16)", "flushed((ct_float16)")
    assert flushed != unit.code
    before = "INLINE float flushed(ct_float16 x) { return x.bits & 0x7c00 ? ct_wide(x) : 0; }"
    assert trial(replace(unit, code=flushed, before=before)) == (0.0,)


def test_the_outcome_is_kept_for_the_next_process(trial, device):
    unit = emulated(UNITS[TF32], ONE)
    assert unit_probe.known_gains(device, unit) is None
    found = trial(unit)
    assert unit_probe.known_gains(device, unit) == found
    launches, builds = Counters.launches, Counters.builds
    assert trial(unit) == found
    assert (Counters.launches, Counters.builds) == (launches, builds)
    wrong = lies(*LIES["rows exchanged"])
    assert trial(wrong) == trial(wrong) == (0.0,)


def test_a_damaged_outcome_is_found_anew(trial, monkeypatch):
    unit = emulated(UNITS[TF32], ONE)
    trial(unit)
    for content in (b"[1, 2]", b"{}", b"nonsense"):
        monkeypatch.setattr(unit_probe.Entry, "read", lambda _, content=content: {"gains": content})
        (gain,) = trial(unit)
        assert 0 < gain <= 1


NO_MEMORY = (
    cl.RuntimeError("clEnqueueNDRangeKernel failed: OUT_OF_RESOURCES"),
    cl.MemoryError("clCreateBuffer failed: MEM_OBJECT_ALLOCATION_FAILURE"),
    MemoryError(),
)


@pytest.mark.parametrize("error", [*NO_MEMORY, cl.LogicError("clEnqueue: INVALID_WORK_GROUP_SIZE")])
@pytest.mark.parametrize("function", ["Buffer", "enqueue_nd_range_kernel"])
def test_a_driver_that_refuses(trial, monkeypatch, function, error):
    def refuse(*args, **kwargs):
        raise error

    unit = emulated(UNITS[TF32], ONE)
    with monkeypatch.context() as patched:
        patched.setattr(cl, function, refuse)
        assert trial(unit) == (0.0,)
    # Where memory ran out there may be more another time.
    assert (trial(unit) > (0.0,)) == (error in NO_MEMORY)


def test_a_kernel_that_fails_while_it_runs(trial, monkeypatch):
    def fail():
        raise cl.RuntimeError("clWaitForEvents failed: EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST")

    unit = emulated(UNITS[TF32], ONE)
    failed = SimpleNamespace(wait=fail)
    with monkeypatch.context() as patched:
        patched.setattr(cl, "enqueue_nd_range_kernel", lambda *args, **kwargs: failed)
        assert trial(unit) == (0.0,)
    assert trial(unit) > (0.0,)  # it may have been the fault of a launch from before


def test_a_group_that_the_kernel_does_not_take(trial, device, monkeypatch):
    unit = emulated(UNITS[TF32], ONE)
    monkeypatch.setattr(device, "max_work_group", 16)
    assert trial(unit) == (0.0,)


def test_a_trial_during_a_recorded_call_is_no_part_of_it(trial, monkeypatch, counts):
    monkeypatch.setattr(unit_choice, "units_of", lambda device: (emulated(UNITS[TF32], ONE),))
    monkeypatch.setattr(unit_choice, "_tried", {})
    tuning.forget_plans()
    a = ct.ones(40, 40).realize()

    @ct.jit
    def twice(x):
        unit_choice._tried.clear()
        tuning.forget_plans()
        return x @ a

    ct.set_float32_matmul_precision("high")
    try:
        for _ in range(3):
            assert np.array_equal(twice(a).numpy(), np.full((40, 40), 40.0))
    finally:
        ct.set_float32_matmul_precision("highest")
        tuning.forget_plans()
    assert counts == {"record": 1, "replay": 1}


def test_numbers_tell_kinds_apart():
    for kind in ("float32", "tf32", "float16", "bfloat16"):
        a, b = unit_probe.numbers(kind, 100, 90, 1024)
        exact = a @ b
        assert np.array_equal(exact, exact.astype("float32"))
        assert np.abs(exact).max() > 2048  # beyond the whole numbers of halves
        stored = unit_probe._stored[kind](a)
        back = stored.astype("float64") if kind != "bfloat16" else None
        assert back is None or np.array_equal(back, a)
