"""Small uploads: nobody waits, nothing is lost, and an array may be used again at once."""

import threading

import numpy as np

import cltensor as ct
from cltensor.runtime import uploads


def test_an_array_may_be_changed_after_it_was_given(device):
    a = np.zeros(1000, "float32")
    found = []
    for i in range(3 * uploads._MOST):
        a[:] = i
        found.append(ct.tensor(a) + 1)
    for i, x in enumerate(found):
        assert (x.numpy() == i + 1).all()


def test_small_and_large_ones_keep_their_order(device):
    x = ct.zeros(uploads.SMALL)
    large, small = np.full(x.shape, 2, "float32"), np.full(10, 3, "float32")
    for _ in range(20):
        x[:] = large
        x[5:15] = small
        x[10:] = large[10:]
        got = x.numpy()
        assert (got[5:10] == 3).all()
        assert (got[10:] == 2).all()


def test_threads_upload_side_by_side(device):
    def work(i):
        for k in range(100):
            ok[i] &= float((ct.tensor(np.full(100, k, "float32")) + i).sum().item()) == 100 * (
                k + i
            )

    ok = [True] * 4
    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(ok)


def test_few_are_remembered(device):
    for i in range(5 * uploads._MOST):
        ct.tensor([float(i)]).realize()
    assert len(device.uploads._events) <= uploads._MOST
