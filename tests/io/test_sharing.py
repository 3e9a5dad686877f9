"""Elements that NumPy and a Tensor have in common."""

import gc
import weakref

import numpy as np
import pytest

import cltensor as ct
from cltensor.lazy.values import Eager
from cltensor.runtime.events import Listeners


def shared(x):
    return np.from_dlpack(x, copy=False)


@pytest.fixture
def shows(device):
    if not device.shows_memory:
        pytest.skip(f"'{device}' has memory of its own")


def test_both_see_what_either_writes(shows, mode):
    x = ct.arange(12, dtype=ct.float32).reshape(3, 4)
    pending = x * 2
    array = shared(x[1:, ::2].T)
    assert array.tolist() == [[4, 8], [6, 10]]
    array[0, 1] = 50
    assert x[2].tolist() == [50, 9, 10, 11]
    assert pending[2].tolist() == [16, 18, 20, 22]  # asked for before
    double = x * 2
    array[0, 1] = 60
    assert double[2].tolist() == [100, 18, 20, 22]
    x.add_(1)
    assert array.tolist() == [[5, 61], [7, 11]]
    x[2] = ct.tensor([1.0, 2.0, 3.0, 4.0])
    assert array[:, 1].tolist() == [1, 3]


def test_drawn_operations_on_shared_elements(shows):
    rng = np.random.default_rng(4)
    for _ in range(40):
        x = ct.tensor(rng.integers(-9, 9, (4, 6)).astype("float32"))
        begin, step = int(rng.integers(3)), int(rng.integers(1, 3))
        view = x[begin:, ::step]
        array, right = shared(view), x.numpy()
        part = right[begin:, ::step]
        kept = []
        for _ in range(8):
            number = float(rng.integers(-3, 4))
            kind = rng.integers(5)
            if kind == 0:
                array[...] += number
                part[...] += number
            elif kind == 1:
                x.mul_(number)
                right *= number
            elif kind == 2:
                view[0].fill_(number)
                part[0] = number
            elif kind == 3:
                kept.append((x.T.sum(0) + number, right.sum(1) + number))
            else:
                kept.append((view.clone(), part.copy()))
            np.testing.assert_array_equal(array, part)
        for ours, theirs in kept:
            np.testing.assert_array_equal(ours.numpy(), theirs)


def test_replays_and_optimizers_write_what_is_shared(shows):
    weight = ct.nn.Parameter(ct.ones(4))
    array = shared(weight.detach())
    optimizer = ct.optim.SGD([weight, ct.nn.Parameter(ct.ones(2))], lr=0.5)

    def step(x):
        optimizer.zero_grad()
        (weight * x).sum().backward()
        optimizer.step()

    jitted = ct.jit(step)
    for _ in range(5):
        jitted(ct.ones(4))
    assert array.tolist() == weight.tolist() == [-1.5] * 4


def test_who_holds_it_keeps_the_elements_and_the_mode(shows, deferred):
    x = ct.ones(1000)
    buffer = weakref.ref(x.buffer)
    assert not Eager.on
    array = shared(x)
    again = shared(x)
    part = array[:10]
    del x, array, again
    gc.collect()
    assert Eager.on
    assert [ct.full((1000,), k).sum().item() for k in range(4)] == [0, 1000, 2000, 3000]
    assert part.tolist() == [1] * 10
    listeners = len(Listeners.present)
    del part
    gc.collect()
    assert buffer() is None
    assert not Eager.on
    assert len(Listeners.present) == listeners - 1


def test_what_cannot_be_shared(device, monkeypatch):
    with pytest.raises(ct.GradientError, match="requires a gradient, which the host would lose"):
        shared(ct.ones(2, requires_grad=True))
    monkeypatch.setattr(type(device), "shows_memory", False)
    with pytest.raises(BufferError, match="copy=False needs a device that computes in the host's"):
        shared(ct.ones(2))


def test_empty_and_other_dtypes(shows):
    assert shared(ct.zeros(0, 3)).shape == (0, 3)
    assert shared(ct.tensor(3, dtype=ct.int16)).item() == 3
    for dtype in (ct.bool, ct.uint8, ct.int64, ct.complex64):
        assert shared(ct.ones(3, dtype=dtype)[1:]).tolist() == [1, 1]


def test_torch_shares(shows):
    torch = pytest.importorskip("torch")
    x = ct.zeros(3)
    theirs = torch.from_dlpack(x, copy=False)
    theirs[1] = 5
    assert x.tolist() == [0, 5, 0]
    x.fill_(2)
    assert theirs.tolist() == [2, 2, 2]
