"""What programs ask `ct.cuda` and `ct.backends`."""

import pytest

import cltensor as ct
from cltensor.errors import DeviceError
from cltensor.runtime.device import _lookup


@pytest.fixture
def gpus(device, monkeypatch):
    """The devices that are here say that they are GPUs."""
    for number, found in enumerate(ct.devices()):
        monkeypatch.setattr(found, "kind", "gpu")
        monkeypatch.setitem(vars(found), "number", number)
    _lookup.cache_clear()
    yield ct.devices()
    _lookup.cache_clear()


def test_with_a_gpu(gpus):
    first = gpus[0]
    assert ct.cuda.is_available()
    assert ct.cuda.device_count() == len(gpus)
    assert (
        ct.device("cuda")
        is ct.device("cuda:0")
        is ct.device("mps")
        is ct.device("cuda", 0)
        is first
    )
    assert str(first) == "gpu:0"
    assert repr(first) == "device(type='gpu', index=0)"
    assert ct.ones(2, device="cuda").is_cuda
    assert ct.ones(2).to(0).device is first
    assert ct.cuda.get_device_name(0) == first.cl_device.name.strip()
    properties = ct.cuda.get_device_properties("cuda:0")
    assert properties.total_memory == first.global_mem
    assert properties.multi_processor_count > 0
    assert ct.cuda.FloatTensor([1.0]).device is first
    assert ct.cuda.LongTensor(2).dtype == ct.int64
    ct.cuda.synchronize()
    ct.cuda.empty_cache()


def test_the_current_device(gpus, device):
    ct.cuda.set_device(0)
    assert ct.cuda.current_device() == 0
    if len(gpus) > 1:
        ct.cuda.set_device("cuda:1")
        assert ct.cuda.current_device() == 1
        assert ct.ones(1).get_device() == 1
        with ct.cuda.device(0):
            assert ct.cuda.current_device() == 0
    ct.set_default_device(device)


def test_memory(gpus):
    ct.cuda.reset_peak_memory_stats()
    before = ct.cuda.memory_allocated()
    x = ct.zeros(1 << 16).realize()
    assert ct.cuda.memory_allocated() >= before + x.nbytes
    assert ct.cuda.max_memory_allocated() >= ct.cuda.memory_allocated()
    assert ct.cuda.memory_reserved() >= ct.cuda.memory_allocated()


def test_without_a_gpu(device):
    if ct.cuda.is_available():
        pytest.skip(f"'{device}': there is a GPU")
    assert ct.cuda.device_count() == 0
    assert ct.cuda.memory_allocated() == 0
    ct.cuda.empty_cache()
    ct.cuda.reset_peak_memory_stats()
    for ask in (ct.cuda.current_device, ct.cuda.get_device_name, ct.cuda.synchronize):
        with pytest.raises(DeviceError, match="no GPU was found"):
            ask()
    with pytest.raises(DeviceError, match="cuda: 'cpu.*' is no GPU"):
        ct.cuda.get_device_name("cpu")


def test_seeds_events_and_types(device):
    ct.cuda.manual_seed_all(3)
    first = ct.rand(2).tolist()
    ct.cuda.manual_seed(3)
    assert ct.rand(2).tolist() == first
    assert not ct.cuda.is_bf16_supported()
    start, end = ct.cuda.Event(enable_timing=True), ct.cuda.Event(enable_timing=True)
    with pytest.raises(DeviceError, match="elapsed_time of an event that is not recorded"):
        start.elapsed_time(end)
    start.record()
    end.record()
    assert start.elapsed_time(end) >= 0
    assert end.query()
    assert isinstance(ct.manual_seed(1), ct.Generator)


def test_amp_of_the_older_place_takes_its_own_order_of_arguments():
    from cltensor.cuda.amp import GradScaler, autocast

    with autocast(True, ct.bfloat16):
        assert ct.is_autocast_enabled("cuda")
        assert ct.get_autocast_dtype("cuda") is ct.bfloat16
        with autocast(enabled=False):
            assert not ct.is_autocast_enabled("cuda")
    assert GradScaler(1024.0).state_dict()["scale"] == 1024
    assert isinstance(GradScaler(enabled=False), ct.amp.GradScaler)


def test_further_questions():
    state = ct.cuda.get_rng_state()
    first = ct.rand(3).tolist()
    ct.cuda.set_rng_state(state)
    assert ct.rand(3).tolist() == first
    ct.cuda.set_rng_state_all([state])
    assert ct.rand(3).tolist() == first
    ct.manual_seed(5)
    assert ct.cuda.initial_seed() == 5
    ct.cuda.init()
    ct.cuda.ipc_collect()
    assert ct.cuda.get_arch_list() == []
    assert ct.cuda.OutOfMemoryError is ct.OutOfMemoryError
    assert ct.cuda.is_initialized() == ct.cuda.is_available()
    if not ct.cuda.is_available():
        assert ct.cuda.memory_stats() == {}
        assert ct.cuda.get_rng_state_all() == []
        with pytest.raises(DeviceError):
            ct.cuda.mem_get_info()
