"""Bad indices that kernels meet are raised at the next read, in the thread that caused them, with
the name of each operation that met one, its axis, the index and the size."""

import threading

import numpy as np
import pyopencl as cl
import pytest

import cltensor as ct
from cltensor.errors import DeviceError, IndexingError
from cltensor.runtime import faults
from cltensor.runtime.copies import write
from cltensor.runtime.faults import LABEL, PROBABILITY, WORDS, Site
from cltensor.runtime.kernel import Counters

X = np.arange(60.0, dtype="float32").reshape(3, 4, 5)


@pytest.fixture(autouse=True)
def nothing_left(device):
    device.synchronize()
    yield
    device.synchronize()


def indices(*numbers):
    return ct.tensor(np.array(numbers))


def noted(device, site, index, size):
    """What a kernel of `site` does that meets a fault."""
    number = device.faults.region(site)
    write(device.faults.buffer, np.array([1, index, size, 0]), number * WORDS * 8)


def message(call):
    with pytest.raises(IndexingError) as caught:
        call()
    return str(caught.value)


def test_nothing_noted_is_nothing_raised(device):
    device.faults.check()
    device.faults.region(Site("op", 0))
    device.faults.check()


@pytest.mark.parametrize(
    ("site", "found", "error", "text"),
    [
        (Site("two", 1), (9, 5), IndexingError,
         "two: index 9 is out of range for axis 1 of size 5; valid indices are -5 to 4"),
        (Site("two"), (-7, 5), IndexingError,
         "two: index -7 is out of range for an axis of size 5; valid indices are -5 to 4"),
        (Site("two", 1, LABEL), (9, 5), IndexingError,
         "two: label 9 is out of range for 5 classes along axis 1; valid labels are 0 to 4"),
        (Site("two", None, LABEL), (-1, 5), IndexingError,
         "two: label -1 is out of range for 5 classes; valid labels are 0 to 4"),
        (Site("two", None, PROBABILITY), (1, 0), ValueError,
         "two: an element of input is not between 0 and 1; pass probabilities, or scores to "
         "binary_cross_entropy_with_logits"),
        (Site("two", None, PROBABILITY), (2, 0), ValueError,
         "two: an element of target is not between 0 and 1; pass probabilities, or scores to "
         "binary_cross_entropy_with_logits"),
    ],
)  # fmt: skip
def test_each_kind_is_told_once(device, site, found, error, text):
    device.faults.region(Site("one", 1))
    noted(device, site, *found)
    device.faults.region(Site("three", 1))
    with pytest.raises(error) as caught:
        device.faults.check()
    assert str(caught.value) == text
    device.faults.check()


def test_the_first_of_several_says_which_error_it_is(device):
    noted(device, Site("b", None, PROBABILITY), 1, 0)
    noted(device, Site("a", 0), 4, 3)
    with pytest.raises(ValueError, match=r"^b: an element of input .*\na: index 4 .* size 3"):
        device.synchronize()
    device.synchronize()


def test_regions_are_of_sites_and_no_more_than_there_is_room_for(device, monkeypatch):
    one, other = (device.faults.region(Site("op", axis)) for axis in (0, 1))
    assert one != other
    assert device.faults.region(Site("op", 0)) == one
    assert device.faults.buffer.nbytes == faults.ROOM * WORDS * 8
    monkeypatch.setattr(faults, "ROOM", len(faults._numbers))
    with pytest.raises(DeviceError, match="full: its faults along axis 7 are one kind more than"):
        device.faults.region(Site("full", 7))


CALLS = {
    "getitem": lambda x, bad: x[:, 1:, bad],
    "take": lambda x, bad: ct.take(x, bad, 2),
    "index_select": lambda x, bad: ct.index_select(x, 2, bad),
    "gather": lambda x, bad: ct.gather(x, 2, bad.reshape(1, 1, 2)),
    "take_along_axis": lambda x, bad: ct.take_along_axis(x, bad.reshape(1, 1, 2), 2),
    "setitem": lambda x, bad: x.clone().__setitem__((0, slice(None), bad), 1.0),
    "scatter": lambda x, bad: ct.scatter(x, 2, bad.reshape(1, 1, 2), value=1.0),
    "scatter_add": lambda x, bad: ct.scatter_add(x, 2, bad.reshape(1, 1, 2), x),
    "index_fill": lambda x, bad: ct.index_fill(x, 2, bad, 1.0),
    "index_copy": lambda x, bad: ct.index_copy(x, 2, bad, x[:, :, :2]),
    "index_add": lambda x, bad: ct.index_add(x, 2, bad, x[:, :, :2]),
}


@pytest.mark.parametrize("name", CALLS)
def test_what_was_called_is_named_with_its_axis(device, mode, name):
    x, made = ct.tensor(X), CALLS[name]
    kept = made(x, indices(0, 7))
    want = f"{name}: index 7 is out of range for axis 2 of size 5; valid indices are -5 to 4"
    assert message(x.tolist) == want
    assert x.numpy().tolist() == X.tolist()
    del kept


@pytest.mark.parametrize("name", ["getitem", "gather", "take_along_axis"])
def test_a_derivative_is_of_what_was_called(device, mode, name):
    x = ct.tensor(X, requires_grad=True)
    CALLS[name](x, indices(0, 7)).sum().backward()
    want = f"{name}: index 7 is out of range for axis 2 of size 5; valid indices are -5 to 4"
    assert message(lambda: x.grad.tolist()) == want
    device.synchronize()


@pytest.mark.parametrize("reduce", ["add", "multiply"])
def test_scatter_is_named_however_it_reduces(device, mode, reduce):
    x = ct.tensor(X)
    y = ct.scatter(x, 0, indices(0, 7).reshape(2, 1, 1), value=2.0, reduce=reduce)
    assert message(y.tolist).startswith("scatter: index 7 is out of range for axis 0 of size 3;")


def test_axes_are_those_of_the_operand_whatever_the_key_makes_of_it(device, mode):
    x = ct.tensor(X)
    for key, text in [
        ((0, indices(4, 0)), "index 4 is out of range for axis 1 of size 4"),
        ((None, ..., None, indices(5)), "index 5 is out of range for axis 2 of size 5"),
        ((indices(0), slice(None), indices(-6)), "index -6 is out of range for axis 2 of size 5"),
        ((indices(3), slice(None), 0), "index 3 is out of range for axis 0 of size 3"),
        ((ct.tensor(np.ones((3, 4), bool)), indices(9)), "index 9 .* for axis 2 of size 5"),
    ]:
        with pytest.raises(IndexingError, match=f"^getitem: {text}"):
            x[key].tolist()


def test_two_axes_of_one_call_do_not_mix(device, mode):
    lines = message(ct.tensor(X)[indices(9, 0), :, indices(0, -8)].tolist).split("\n")
    assert lines == [
        "getitem: index 9 is out of range for axis 0 of size 3; valid indices are -3 to 2",
        "getitem: index -8 is out of range for axis 2 of size 5; valid indices are -5 to 4",
    ]


def test_two_operations_in_flight_are_both_named_each_with_its_own(device, mode):
    x = ct.tensor(X)
    picked = x[:, indices(1, 17)] * 2
    well = x[indices(0, 1)] + 1
    gathered = ct.gather(x, 0, indices(-23).reshape(1, 1, 1)) - 1
    labels = ct.one_hot(indices(2, 31), 30)
    assert message(gathered.tolist).split("\n") == [
        "getitem: index 17 is out of range for axis 1 of size 4; valid indices are -4 to 3",
        "gather: index -23 is out of range for axis 0 of size 3; valid indices are -3 to 2",
        "one_hot: label 31 is out of range for 30 classes; valid labels are 0 to 29",
    ]
    for good in (picked, well, labels):
        good.tolist()  # told once


def test_of_two_calls_at_one_site_the_first_is_told_with_its_own_size(device, mode):
    x, y = ct.tensor(X), ct.arange(9)
    first, second = x[indices(7)], y[indices(11)]
    assert "getitem: index 7 is out of range for axis 0 of size 3;" in message(second.tolist)
    first.tolist()
    again = y[indices(12)]
    assert "getitem: index 12 is out of range for axis 0 of size 9;" in message(again.tolist)


@pytest.mark.parametrize("number", [1 << 40, -(1 << 40), (1 << 63) - 1])
def test_the_whole_index_is_told(device, number):
    assert f"index {number} is out of range" in message(ct.arange(5)[indices(number)].tolist)


def test_it_takes_no_launch_and_one_copy_however_many_there_are(device, deferred, monkeypatch):
    copies = []
    download = faults.download
    monkeypatch.setattr(faults, "download", lambda *a, **k: copies.append(1) or download(*a, **k))
    x = ct.tensor(X).realize()
    index = indices(0, 1).realize()
    before = Counters.launches
    kept = [x[index], x[:, index], x[:, :, index], ct.one_hot(index, 4)]
    assert Counters.launches - before == 2 * 3 + 1
    for y in kept:
        y.tolist()
    assert len(copies) == 1


def test_a_fault_belongs_to_the_thread_that_caused_it(device):
    x, found = ct.arange(5), []

    def work():
        y = x[indices(9)]
        try:
            y.tolist()
        except IndexingError as error:
            found.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert x[indices(1)].tolist() == [1]
    assert len(found) == 1
    assert found[0].startswith("getitem: index 9 is out of range for axis 0 of size 5")


def test_threads_that_meet_faults_at_the_same_time_are_told_their_own(device, mode):
    x, start, told = ct.tensor(X), threading.Barrier(3), {}
    x.realize()

    def work(axis):
        told[axis] = []
        start.wait()
        for k in range(20):
            bad = indices(0, 10 * axis + 10 + k)
            first = x[(slice(None),) * axis + (bad,)]
            second = ct.gather(x, axis, bad.reshape([2 if d == axis else 1 for d in range(3)]))
            try:
                first.tolist()
            except IndexingError as error:
                told[axis].append(str(error).split("\n"))
            second.tolist()

    threads = [threading.Thread(target=work, args=(axis,)) for axis in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for axis, size in enumerate(X.shape):
        text = f"is out of range for axis {axis} of size {size}; valid indices are {-size} to "
        assert told[axis] == [
            [f"{name}: index {number} {text}{size - 1}" for name in ("getitem", "gather")]
            for number in range(10 * axis + 10, 10 * axis + 30)
        ]


def test_whoever_reads_waits_once(device, monkeypatch):
    x, at = ct.tensor(X), indices(0, 2)
    waits, real = [], cl.enqueue_copy

    def copy(*args, is_blocking=True, **options):
        waits.append(is_blocking)
        return real(*args, is_blocking=is_blocking, **options)

    x.take(at).numpy()  # compiled
    monkeypatch.setattr(cl, "enqueue_copy", copy)
    for read in (lambda y: y.sum().item(), lambda y: y.numpy(), lambda y: y.tolist()):
        y = ct.take(x, at, 2).realize()
        waits.clear()
        read(y)
        assert waits == [False, True]  # the faults' own copy is behind nobody's back
        waits.clear()
        read(x)
        assert waits == [True]
