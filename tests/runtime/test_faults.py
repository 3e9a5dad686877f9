"""Bad indices that kernels meet are raised at the next read, in the thread that caused them."""

import threading

import numpy as np
import pytest

import cltensor as ct
from cltensor.errors import IndexingError
from cltensor.runtime.memory import write


def test_nothing_noted_is_nothing_raised(device):
    device.faults.check()
    device.fault("op")
    device.faults.check()


@pytest.mark.parametrize(
    ("noted", "error", "text"),
    [
        ((1, 9, 5, 0), IndexingError, "one or two: index 9 is out of range for an axis of size 5"),
        ((1, 9, 5, 1), IndexingError, "one or two: label 9 is out of range for 5 classes"),
        ((1, 1, 0, 2), ValueError, "one or two: an element of input is not between 0 and 1"),
        ((1, 2, 0, 2), ValueError, "one or two: an element of target is not between 0 and 1"),
    ],
)
def test_each_kind_is_told_once(device, noted, error, text):
    device.fault("one")
    write(device.fault("two"), np.array(noted, np.int32))
    with pytest.raises(error, match=text):
        device.faults.check()
    device.faults.check()


def test_a_fault_belongs_to_the_thread_that_caused_it(device):
    x, found = ct.arange(5), []

    def work():
        y = x[ct.tensor([9])]
        try:
            y.tolist()
        except IndexingError as error:
            found.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert x[ct.tensor([1])].tolist() == [1]
    assert len(found) == 1
    assert found[0].startswith("getitem: index 9 is out of range for an axis of size 5")
