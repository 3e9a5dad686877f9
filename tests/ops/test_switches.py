"""Switches of the process."""

import warnings

import pytest

import cltensor as ct
from cltensor.errors import DeterminismError, SettingError
from cltensor.lazy.values import Eager


@pytest.fixture
def switches():
    yield
    ct.use_deterministic_algorithms(False)
    ct.set_warn_always(False)


def test_threads(device):
    count = ct.get_num_threads()
    assert count >= 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ct.set_num_threads(count)
    with pytest.warns(UserWarning, match=rf"the driver has {count} threads and keeps them"):
        ct.set_num_threads(count + 1)
    ct.set_num_interop_threads(4)
    assert ct.get_num_interop_threads() == 1


def test_whether_results_repeat(switches):
    assert not ct.are_deterministic_algorithms_enabled()
    ct.use_deterministic_algorithms(True)
    assert (ct.are_deterministic_algorithms_enabled(), ct.get_deterministic_debug_mode()) == (
        True,
        2,
    )
    ct.use_deterministic_algorithms(True, warn_only=True)
    assert ct.is_deterministic_algorithms_warn_only_enabled()
    for mode, number in (("error", 2), (1, 1), ("default", 0)):
        ct.set_deterministic_debug_mode(mode)
        assert ct.get_deterministic_debug_mode() == number
    with pytest.raises(SettingError, match="'always' is none of default, warn, error"):
        ct.set_deterministic_debug_mode("always")


@pytest.mark.skipif(Eager.on, reason="nothing is pending with CLTENSOR_EAGER=1")
def test_what_was_refused_stays_so_and_the_mode_changes(switches, fp64):
    x = ct.rand(5, dtype=ct.float64) + 1
    ct.use_deterministic_algorithms(True)
    kept, lost = x + 1, ct.exp(x) * 2
    over, row = lost.sum() + 1, ct.ones(5, dtype=ct.float64)
    row += lost
    ct.use_deterministic_algorithms(False)
    assert not ct.are_deterministic_algorithms_enabled()
    x.zero_()  # waits for nobody who will not read it
    for each in (lost, over, row, lost + 1):
        with pytest.raises(DeterminismError, match=r"function exp in .* compute it again"):
            each.numpy()
    assert (kept.numpy() > 1).all()
    assert (x.numpy() == 0).all()
    assert ct.exp(kept).isfinite().all()


def test_others(switches):
    assert ct.set_flush_denormal(True) is False
    ct.set_warn_always(True)
    assert ct.is_warn_always_enabled()
    assert ct.typename(ct.ones(1)) == "cltensor.FloatTensor"
    assert ct.typename([1]) == "list"
    assert ct.typename(ct.Size) == f"{ct.Size.__module__}.Size"


def test_type_and_device_of_what_is_made(fp64):
    before = ct.get_default_dtype()
    try:
        ct.set_default_tensor_type("torch.DoubleTensor")
        assert ct.zeros(1).dtype == ct.float64
        ct.set_default_tensor_type(ct.FloatTensor)
        assert ct.zeros(1).dtype == ct.float32
        with pytest.raises(TypeError, match="set_default_tensor_type: 'torch.Tensr' is none of"):
            ct.set_default_tensor_type("torch.Tensr")
        with pytest.raises(TypeError, match="int64 is no floating-point dtype"):
            ct.set_default_tensor_type(ct.LongTensor)
    finally:
        ct.set_default_dtype(before)
