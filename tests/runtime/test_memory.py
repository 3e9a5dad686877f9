"""The pool: size classes, reuse, limits, and memory that stays flat."""

import gc

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import DeviceError, OutOfMemoryError
from cltensor.runtime.copies import download, write
from cltensor.runtime.lane import upload
from cltensor.runtime.memory import Pool, next_serial, size_class


class StandIn:
    """A device for pools of their own: the limits given, everything else of the real one."""

    def __init__(self, device, **limits):
        self.__dict__.update(name="stand-in", limits=limits, _device=device, **limits)

    def __getattr__(self, name):
        return getattr(self._device, name)


@pytest.fixture
def pool(device, monkeypatch):
    monkeypatch.delenv("CLTENSOR_MEMORY_LIMIT", raising=False)
    return Pool(StandIn(device, global_mem=1 << 20, max_alloc=300_000))


def test_size_classes_hold_the_request_and_waste_at_most_a_quarter():
    for n in [1, 255, 256, 257, 320, 321, 1000, 4095, 4096, 4097, 10**6, 3 * 10**9, 1 << 40]:
        c = size_class(n)
        assert n <= c <= max(256, 1.25 * n)
        assert size_class(c) == c
    assert size_class(0) == 256
    assert len({size_class(n) for n in range(1 << 12, 1 << 13)}) == 5


def test_a_returned_buffer_is_used_again(pool):
    first = pool.allocate(1000)
    handle = first.cl
    assert pool.summary() == {"in_use": 1024, "cached": 0, "peak": 1024, "limit": 1 << 20}
    del first
    assert pool.summary()["cached"] == 1024
    second = pool.allocate(1024)
    assert second.cl is handle
    assert pool.summary() == {"in_use": 1024, "cached": 0, "peak": 1024, "limit": 1 << 20}


def test_empty_cache_gives_unused_buffers_back(pool):
    kept = pool.allocate(5000)
    spare = pool.allocate(7000)
    del spare
    pool.empty_cache()
    assert pool.summary()["cached"] == 0
    assert pool.summary()["in_use"] == kept.reserved == size_class(5000)
    assert pool.summary()["peak"] == size_class(5000) + size_class(7000)


def test_a_buffer_over_the_largest_allocation_is_refused_with_that_figure(pool):
    with pytest.raises(OutOfMemoryError, match=r"0\.3 MiB that 'stand-in' allows in one buffer"):
        pool.allocate(300_001)
    assert pool.summary()["in_use"] == 0


def test_a_cached_buffer_of_a_cut_class_never_serves_more_than_it_holds(pool):
    assert size_class(290_000) > 300_000  # so the class is larger than a buffer may be
    first = pool.allocate(290_000)
    assert first.cl.size <= 300_000
    del first
    with pytest.raises(OutOfMemoryError):
        pool.allocate(size_class(290_000))


def test_an_exhausted_pool_frees_its_cache_before_it_refuses(pool):
    held = [pool.allocate(200_000) for _ in range(4)]
    del held[2:]
    pool.summary()
    large = pool.allocate(280_000)  # fits only once the two spare buffers are gone
    assert pool.summary()["cached"] == 0
    assert pool.summary()["in_use"] == 2 * size_class(200_000) + large.reserved
    with pytest.raises(OutOfMemoryError) as caught:
        held += [pool.allocate(200_000) for _ in range(3)]
    message = str(caught.value)
    assert message.startswith("allocate: 0.2 MiB asked for on 'stand-in'")
    assert "in use of a limit of 1.0 MiB" in message
    assert "CLTENSOR_MEMORY_LIMIT" in message
    del large
    assert pool.allocate(200_000).nbytes == 200_000


def test_an_exhausted_pool_says_what_recorded_calls_keep(pool):
    recorded = Pool(pool.device, pool)
    held = [recorded.allocate(200_000) for _ in range(3)]
    del held[1:]  # free again, but for that call alone
    first = pool.allocate(200_000)
    for each in (pool, recorded):
        with pytest.raises(OutOfMemoryError, match=r"with 0\.2 MiB in use, and 0\.\d MiB kept"):
            each.allocate(270_000)
    assert first.nbytes == 200_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1000", 1000), ("2k", 2048), ("3MiB", 3 << 20), ("1.5 GB", 3 << 29), ("4G", 4 << 30)],
)
def test_the_limit_is_read_from_the_environment(device, monkeypatch, text, expected):
    monkeypatch.setenv("CLTENSOR_MEMORY_LIMIT", text)
    assert Pool(device).limit == expected


@pytest.mark.parametrize("text", ["much", "-1", "1.2.3", "4TB", ".", "0", "0.0001k"])
def test_a_limit_that_is_no_size_is_warned_of_and_breaks_nothing(device, monkeypatch, text):
    monkeypatch.setenv("CLTENSOR_MEMORY_LIMIT", text)
    with pytest.warns(RuntimeWarning, match=r"^CLTENSOR_MEMORY_LIMIT: .*; it is ignored") as caught:
        pool = Pool(device)
    assert len(caught) == 1
    assert pool.limit == Pool(device, pool).limit == device.global_mem


def test_out_of_memory_leaves_tensors_usable(device, deferred, monkeypatch):
    x = ct.arange(1000, dtype="float32").realize()
    ct.empty_cache()
    monkeypatch.setattr(device.pool, "limit", ct.memory_summary()["in_use"] + 4096)
    y = x.reshape(1000, 1) + x
    with pytest.raises(OutOfMemoryError):
        y.numpy()
    monkeypatch.undo()
    assert y.sum().item() == pytest.approx(1000 * 999 * 1000, rel=1e-6)
    assert x.numpy()[-1] == 999


def test_a_tensor_too_large_for_the_device_is_an_error_at_once(device):
    count = device.max_alloc // 4 + 1
    with pytest.raises(OutOfMemoryError, match="split the tensor"):
        ct.empty(count)
    with pytest.raises(OutOfMemoryError):
        ct.zeros(1 << 20, 1 << 20, 1 << 20).numpy()


def test_memory_is_flat_after_the_second_step_of_training(device):
    random = np.random.default_rng(0)
    x, target = (ct.tensor(random.normal(size=(64, 8)).astype("float32")) for _ in range(2))
    weight = ct.tensor(random.normal(size=(8, 8)).astype("float32"), requires_grad=True)
    bias = ct.zeros(8, requires_grad=True)
    gc.collect()
    gc.disable()  # so that a cycle would show as growth
    try:
        in_use = []
        for _ in range(8):
            weight.grad = bias.grad = None
            hidden = (ct.Variable(x).unsqueeze(2) * weight).sum(axis=1) + bias
            loss = ((hidden.tanh() - ct.Variable(target)) ** 2).mean()
            loss.backward()
            with ct.no_grad():
                for p in (weight, bias):
                    p.data = (p.data - 0.1 * p.grad.data).realize()
            in_use.append(ct.memory_summary()["in_use"])
    finally:
        gc.enable()
    assert len(set(in_use[1:])) == 1


@pytest.mark.slow
@pytest.mark.parametrize("replayed", [False, True])
def test_ten_thousand_steps_of_training_take_no_more_than_the_first(device, replayed):
    ct.manual_seed(0)
    model = ct.nn.Sequential(ct.nn.Linear(6, 8), ct.nn.ReLU(), ct.nn.Linear(8, 3))
    optimizer = ct.optim.Adam(model.parameters(), lr=1e-3)
    loss_fn = ct.nn.CrossEntropyLoss()

    def step(x, labels):
        optimizer.zero_grad()
        loss = loss_fn(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    train = ct.jit(step) if replayed else step
    random = np.random.default_rng(0)
    images = random.normal(size=(256, 6)).astype("float32")
    labels = images[:, :3].argmax(1)
    held, losses = [], []
    for i in range(10_001):
        at = slice(i * 16 % 256, i * 16 % 256 + 16)
        loss = train(ct.tensor(images[at]), ct.tensor(labels[at]))
        if i % 2500 == 100:
            losses.append(loss.item())
            gc.collect()
            summary = ct.memory_summary()
            held.append((summary["in_use"], summary["cached"], summary["peak"]))
    assert len(set(held)) == 1
    assert losses[-1] < 0.3 * losses[0]


def test_a_released_graph_gives_its_memory_back(device):
    gc.collect()
    x = ct.ones(100_000, requires_grad=True)
    x.data.realize()
    before = ct.memory_summary()["in_use"]
    y = x
    for _ in range(10):
        y = (y * x).exp().log()
    y.data.realize()
    assert ct.memory_summary()["in_use"] > before
    del y
    assert ct.memory_summary()["in_use"] == before


def test_the_peak_counts_from_where_it_was_reset(device):
    kept = ct.zeros(1 << 14).realize()
    (ct.zeros(1 << 20) + 1).realize()
    ct.reset_peak_memory()
    summary = ct.memory_summary()
    assert summary["peak"] == summary["in_use"] >= kept.nbytes
    passing = ct.ones(1 << 16).realize()
    size = passing.nbytes
    del passing
    assert ct.memory_summary()["peak"] == summary["peak"] + size


def test_an_empty_limit_is_none(device, monkeypatch):
    monkeypatch.setenv("CLTENSOR_MEMORY_LIMIT", "")
    assert Pool(device).limit == device.global_mem


def test_a_pool_within_frees_what_the_outer_one_caches_before_it_refuses(pool):
    spare = [pool.allocate(200_000) for _ in range(4)]
    del spare
    inner = Pool(pool.device, parent=pool)
    held = [inner.allocate(200_000) for _ in range(4)]
    assert pool.summary()["cached"] == 0
    del held[0]
    inner.empty_cache()  # its own handles belong to what was recorded, so they stay counted
    assert inner.summary()["cached"] == size_class(200_000)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("INVALID_BUFFER_SIZE", OutOfMemoryError),
        ("MEM_OBJECT_ALLOCATION_FAILURE", OutOfMemoryError),
        ("OUT_OF_HOST_MEMORY", OutOfMemoryError),
        ("OUT_OF_RESOURCES", OutOfMemoryError),
        ("INVALID_CONTEXT", DeviceError),
        ("INVALID_VALUE", DeviceError),
    ],
)
def test_an_allocation_that_the_driver_refuses(pool, monkeypatch, code, error):
    import pyopencl as cl

    asked = []

    def refuse(*args):
        asked.append(args)
        raise cl.LogicError(f"clCreateBuffer failed: {code}")

    monkeypatch.setattr(cl, "Buffer", refuse)
    with pytest.raises(error, match="allocate: 0.0 MiB .*on 'stand-in'") as caught:
        pool.allocate(1000)
    assert type(caught.value) is error
    assert len(asked) == (2 if error is OutOfMemoryError else 1)
    assert code in str(caught.value if error is DeviceError else caught.value.__cause__)
    assert pool.summary()["in_use"] == 0


def test_a_region_that_the_driver_refuses_is_an_error_of_ours(device):
    class Refusing:
        def get_sub_region(self, start, nbytes):
            import pyopencl as cl

            raise cl.LogicError("clCreateSubBuffer failed: MISALIGNED_SUB_BUFFER_OFFSET")

    home, buffer = device.pool.allocate(4096), upload(device, np.arange(4, dtype=np.int32))
    kept, home.cl = home.cl, Refusing()
    with pytest.raises(DeviceError, match="allocate: a region of 0.0 MiB on .* failed: .*OFFSET"):
        buffer.move_into(home, 1)
    home.cl = kept
    assert download(buffer, np.empty(4, np.int32)).tolist() == [0, 1, 2, 3]


def test_a_buffer_that_moves_into_another_is_a_region_of_it(device):
    x, home = ct.tensor([1.0, 2.0, 3.0]), ct.zeros(256).realize()
    view, buffer, place = x[1:], x.buffer, device.alignment // 4
    buffer.move_into(home.buffer, 4 * place)
    assert buffer.home is home.buffer
    assert home[place : place + 3].tolist() == x.tolist() == [1, 2, 3]
    home.fill_(7.0)
    assert view.tolist() == [7, 7]
    view[0] = 5.0
    assert home[place + 1].item() == 5
    other = ct.ones(256).realize()
    buffer.move_into(other.buffer, 0)
    home.zero_()
    assert x.tolist() == other[:3].tolist() == [7, 5, 7]


def test_a_buffer_that_moves_gives_its_bytes_back_once(device):
    gc.collect()  # what other tests left counts too
    pool = device.pool
    home = ct.zeros(1000).realize()
    before = pool.summary()["in_use"]
    x = ct.zeros(100).realize()
    x.buffer.move_into(home.buffer, 0)
    assert pool.summary()["in_use"] == before
    del x
    gc.collect()
    assert pool.summary()["in_use"] == before


def test_a_buffer_keeps_its_content_in_another_pool(device):
    gc.collect()  # what other tests left counts too
    own = Pool(device, parent=device.pool)
    assert own.root is device.pool
    buffer = own.allocate(12)
    write(buffer, np.float32([1, 2, 3]))
    handle, before = buffer.cl, device.pool.summary()["in_use"]
    buffer.leave(device.pool)
    assert buffer.pool is device.pool
    assert buffer.cl is not handle
    assert own.in_use == 0
    assert device.pool.summary()["in_use"] == before  # both pools together
    np.testing.assert_array_equal(download(buffer, np.empty(3, np.float32)), [1, 2, 3])
    other = device.pool.allocate(12)
    other.fill_from(buffer)
    np.testing.assert_array_equal(download(other, np.empty(3, np.float32)), [1, 2, 3])


def test_buffers_are_numbered_as_they_are_made(device):
    first = device.pool.allocate(4)
    between = next_serial()
    assert first.serial < between < device.pool.allocate(4).serial
    assert first.version == 0
    first.mark_changed("test")
    assert (first.version, first.changed_by) == (1, "test")


def test_a_buffer_whose_destructor_is_interrupted_counts_no_longer(device):
    class Interrupted:
        def append(self, item):
            raise KeyboardInterrupt

    pool = device.pool
    before = ct.memory_summary(device)["in_use"]
    buffer, returned = pool.allocate(4096), pool.returned
    pool.returned = Interrupted()
    try:
        with pytest.raises(KeyboardInterrupt):
            buffer.__del__()
        del buffer.pool  # so that it is not given back a second time
    finally:
        pool.returned = returned
    del buffer
    assert ct.memory_summary(device)["in_use"] == before
